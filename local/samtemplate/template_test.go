package samtemplate

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/local/policies"
	"github.com/vouch-s3/vouch/shared/canary"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy/override"
)

func env() Env {
	return Env{Region: "us-east-1", AccountID: "000000000000", StackName: "vouch", Parameters: map[string]string{
		"JwtIssuer": "http://127.0.0.1:8080", "JwtAudience": "vouch", "AllowedOrigins": "http://127.0.0.1:8080", "ClamdHost": "address", "ClamdAddress": "127.0.0.1:3310",
	}}
}

func TestTheDeployedTemplateIsReadWhole(t *testing.T) {
	stack, err := Load("../../template.yaml", env())
	if err != nil {
		t.Fatal(err)
	}
	if len(stack.Functions) != 33 || len(stack.API.Routes) != 20 || len(stack.SigningKeys) != 1 || len(stack.Tables) != 5 || len(stack.Buckets) != 1 || len(stack.StateMachines) != 3 || len(stack.Rules) != 1 || len(stack.Schedules) != 3 {
		t.Errorf("%d functions, %d routes, %d tables, %d buckets, %d state machines, %d rules, %d schedules", len(stack.Functions), len(stack.API.Routes), len(stack.Tables), len(stack.Buckets), len(stack.StateMachines), len(stack.Rules), len(stack.Schedules))
	}
	scan := function(t, stack, "ScanObjectFunction")
	if scan.Timeout != 870*time.Second || scan.MemoryMB != 1024 || scan.Env["CLAMD_ADDRESS"] != "127.0.0.1:3310" || scan.Env["FILES_TABLE"] != "vouch-FilesTable" || scan.CodeURI != "functions/scan-object" {
		t.Errorf("%+v", scan)
	}
	erase := function(t, stack, "EraseFilesFunction")
	for _, m := range stack.StateMachines {
		step := scan
		if m.ARN == stack.Outputs["EraseStateMachineArn"] {
			step = erase
		}
		if !json.Valid([]byte(m.Definition)) || !strings.Contains(m.Definition, step.ARN) {
			t.Errorf("the definition of %s does not name its functions", m.Name)
		}
	}
	// These two know their state machine by a name that is put together.
	list := function(t, stack, "ListReadyFilesFunction")
	if arn := list.Env["STATE_MACHINE_ARN"]; arn != stack.Outputs["RescanStateMachineArn"] || !strings.HasSuffix(arn, ":vouch-rescan-files") {
		t.Errorf("list-ready-files goes on in %s", arn)
	}
	if arn := erase.Env["STATE_MACHINE_ARN"]; arn != stack.Outputs["EraseStateMachineArn"] || !strings.HasSuffix(arn, ":vouch-erase-owner") {
		t.Errorf("erase-files goes on in %s", arn)
	}
	for _, r := range stack.API.Routes {
		if r.Path == "/.well-known/jwks.json" && r.Authorizer == "NONE" && len(r.Scopes) == 0 {
			continue // the one route that is public
		}
		if len(r.Scopes) != 2 || !strings.HasPrefix(r.Scopes[0], "files:") || r.Scopes[1] != "vouch/"+r.Scopes[0] {
			t.Errorf("%s %s needs the scopes %v", r.Method, r.Path, r.Scopes)
		}
	}
	for _, s := range stack.Schedules {
		want := map[string]time.Duration{"vouch-RunCanaryFunction": 15 * time.Minute, "vouch-SweepUploadsFunction": 5 * time.Minute, "vouch-ReconcileUsageFunction": 24 * time.Hour}[s.Function]
		if s.Every != want {
			t.Errorf("%s runs every %v, not every %v", s.Function, s.Every, want)
		}
	}
	key := stack.SigningKeys[0]
	ready := function(t, stack, "MarkReadyFunction")
	if key.ID == "" || ready.Env["RECEIPT_KEY_ID"] != key.ID || !strings.HasSuffix(key.ARN, ":key/"+key.ID) || !slices.Equal(key.Aliases, []string{"alias/vouch-receipts"}) {
		t.Errorf("%+v", key)
	}
	if len(stack.StoodIn) == 0 {
		t.Error("nothing is said of what is not carried out")
	}
}

// What makes something that costs, and what needs no token, has a limit of its
// own, so that a flood of it takes nothing from the other routes.
func TestWhatCostsAndWhatIsPublicHasALimitOfItsOwn(t *testing.T) {
	api := loaded(t).API
	if api.RatePerSecond <= 0 || api.Burst <= 0 {
		t.Error("the API has no limit")
	}
	for _, r := range api.Routes {
		own := r.RatePerSecond > 0 && r.Burst > 0
		if (r.Method == "POST" || r.Authorizer == "NONE") && !own {
			t.Errorf("%s %s has no limit of its own", r.Method, r.Path)
		}
		if own && r.RatePerSecond >= api.RatePerSecond {
			t.Errorf("%s %s may be called more often than all others together", r.Method, r.Path)
		}
	}
}

func TestTheLimitsAreDocumentedAsTheyAre(t *testing.T) {
	doc, err := os.ReadFile("../../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	api := loaded(t).API
	want := map[string]string{"all others together": fmt.Sprintf("%v | %d", api.RatePerSecond, api.Burst)}
	for _, r := range api.Routes {
		if r.RatePerSecond > 0 {
			want[fmt.Sprintf("`%s %s`", r.Method, r.Path)] = fmt.Sprintf("%v | %d", r.RatePerSecond, r.Burst)
		}
	}
	for route, limit := range want {
		if !strings.Contains(string(doc), "\n| "+route+" | "+limit+" |") {
			t.Errorf("docs/limits.md does not say that %s has %s", route, limit)
		}
	}
	if rows := strings.Count(string(doc), "\n| ") - 2; rows != len(want) { // without the head
		t.Errorf("docs/limits.md has %d rows for %d limits", rows, len(want))
	}
}

func TestAScheduleForReScansIsCarriedOutOnlyIfThereIsOne(t *testing.T) {
	for expression, want := range map[string]time.Duration{"": 0, "rate(7 days)": 7 * 24 * time.Hour} {
		e := env()
		e.Parameters["RescanSchedule"] = expression
		stack, err := Load("../../template.yaml", e)
		if err != nil {
			t.Fatal(err)
		}
		var got time.Duration
		for _, s := range stack.Schedules {
			if s.StateMachineARN == stack.Outputs["RescanStateMachineArn"] && s.Input == "{}" {
				got = s.Every
			}
		}
		if got != want {
			t.Errorf("RescanSchedule %q: every %v", expression, got)
		}
	}
	e := env()
	e.Parameters["RescanSchedule"] = "cron(0 3 * * ? *)"
	if _, err := Load("../../template.yaml", e); err == nil {
		t.Error("a schedule that is not carried out here was taken")
	}
}

// What GuardDuty needs is there when it is asked, and only then.
func TestGuardDutysPartIsThereOnlyWhenItIsAsked(t *testing.T) {
	for scanners, asked := range map[string]bool{"clamav": false, "none": false, "guardduty": true, "clamav+guardduty": true} {
		e := env()
		e.Parameters["Scanners"] = scanners
		if !strings.Contains(scanners, "clamav") {
			e.Parameters["ClamdAddress"] = ""
		}
		stack, err := Load("../../template.yaml", e)
		if err != nil {
			t.Errorf("%s: %v", scanners, err)
			continue
		}
		has := func(id string) bool {
			return slices.ContainsFunc(stack.Functions, func(f Function) bool { return f.LogicalID == id })
		}
		if has("AwaitGuardDutyFunction") != asked || has("ReceiveGuardDutyFunction") != asked || (len(stack.Tables) == 6) != asked || (len(stack.Rules) == 2) != asked {
			t.Errorf("%s: %d functions, %d tables, %d rules", scanners, len(stack.Functions), len(stack.Tables), len(stack.Rules))
		}
		if slices.ContainsFunc(stack.StoodIn, func(s string) bool { return strings.Contains(s, "no GuardDuty here") }) != asked {
			t.Errorf("%s: what is said of GuardDuty: %q", scanners, stack.StoodIn)
		}
		for _, f := range stack.Functions {
			if !strings.Contains(f.LogicalID, "GuardDuty") {
				continue
			}
			// The one names the state machine by its name, the other by reference.
			for action, want := range map[string]bool{"states:SendTaskSuccess": true, "states:SendTaskFailure": true, "states:StartExecution": false} {
				err := policies.Evaluate(policies.Request{Role: f.Role, Action: action, Resource: stack.Outputs["StateMachineArn"]})
				if (err == nil) != want {
					t.Errorf("%s may %s: %v", f.LogicalID, action, err)
				}
			}
		}
	}
}

// The promise in the bucket's own policy: whatever code the roles run that
// sign downloads, S3 itself gives them nothing that is not clean.
func TestTheBucketDeniesTheDownloadRolesWhatIsNotClean(t *testing.T) {
	stack, err := Load("../../template.yaml", env())
	if err != nil {
		t.Fatal(err)
	}
	all, err := policies.ParseIdentity([]byte(`{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"CreateDownloadFunction", "RunCanaryFunction"} {
		role := function(t, stack, name).Role
		role.Policies = []policies.Policy{all} // even with every permission
		for _, action := range []string{"s3:GetObject", "s3:GetObjectVersion"} {
			for tag, want := range map[string]bool{"": false, "rejected": false, "Clean": false, "clean": true} {
				r := policies.Request{Role: role, Action: action, Resource: "arn:aws:s3:::vouch-filesbucket/files/a/b", Context: map[string][]string{"aws:SecureTransport": {"true"}, "s3:signatureversion": {"AWS4-HMAC-SHA256"}}}
				if tag != "" {
					r.Context["s3:ExistingObjectTag/vouch-verdict"] = []string{tag}
				}
				if err := policies.Evaluate(r, stack.Buckets[0].Policies...); (err == nil) != want {
					t.Errorf("%s: %s with the tag %q: %v", name, action, tag, err)
				}
			}
		}
	}
}

func function(t *testing.T, s *Stack, logicalID string) Function {
	t.Helper()
	i := slices.IndexFunc(s.Functions, func(f Function) bool { return f.LogicalID == logicalID })
	if i < 0 {
		t.Fatalf("there is no %s", logicalID)
	}
	return s.Functions[i]
}

// The folder of the canary's files is written out in the template, since no
// policy can hash.
func TestTheCanaryReachesItsOwnObjectsAndNobodyElses(t *testing.T) {
	stack, err := Load("../../template.yaml", env())
	if err != nil {
		t.Fatal(err)
	}
	const id = "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"
	f := function(t, stack, "RunCanaryFunction")
	if longest := canary.Within + canary.TidyWithin; f.Timeout <= longest {
		t.Errorf("the function ends after %v, and a run may take %v", f.Timeout, longest)
	}
	for owner, own := range map[string]bool{canary.Owner: true, "alice": false, "vouch-canary": false} {
		key := file.Key(owner, id)
		for action, context := range map[string]map[string][]string{
			"s3:PutObject":           {"s3:if-none-match": {"*"}},
			"s3:GetObjectVersion":    {"s3:ExistingObjectTag/vouch-verdict": {"clean"}},
			"s3:DeleteObjectVersion": {},
			"s3:ListBucketVersions":  {"s3:prefix": {key}},
		} {
			r := policies.Request{Role: f.Role, Action: action, Resource: "arn:aws:s3:::vouch-filesbucket/" + key, Context: context}
			if action == "s3:ListBucketVersions" {
				r.Resource = "arn:aws:s3:::vouch-filesbucket"
			}
			if err := policies.Evaluate(r); (err == nil) != own {
				t.Errorf("%s of a file of %q: %v", action, owner, err)
			}
			r.Context = nil
			if err := policies.Evaluate(r); err == nil && action != "s3:DeleteObjectVersion" {
				t.Errorf("%s of a file of %q is allowed without its condition", action, owner)
			}
		}
	}
}

func TestWhatTheStackDoesNotKnowIsAnErrorAndNeverSkipped(t *testing.T) {
	const head = "Transform: AWS::Serverless-2016-10-31\n"
	for name, tt := range map[string]struct{ template, want string }{
		"no template":         {"a: b", "not a SAM template"},
		"unknown section":     {head + "Mappings: {}", "Mappings"},
		"unknown rule":        {head + "Rules: {R: {Assertions: [{Assert: !EachMemberEquals [[a], a]}]}}", "Fn::EachMemberEquals"},
		"rule of a resource":  {head + "Rules: {R: {Assertions: [{Assert: !Equals [!Ref A, a]}]}}\nResources: {A: {Type: AWS::SQS::Queue}}", `"A"`},
		"rule of nothing":     {head + "Rules: {R: {}}", "asserts nothing"},
		"unknown type":        {head + "Resources: {A: {Type: AWS::EC2::Instance}}", "AWS::EC2::Instance"},
		"unknown property":    {head + "Resources: {A: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}}", "FifoQueue"},
		"unknown attribute":   {head + "Resources: {A: {Type: AWS::SQS::Queue, DeletePolicy: x}}", "DeletePolicy"},
		"unresolved Ref":      {head + "Resources: {A: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: !Ref B}}}", `"B"`},
		"unresolved GetAtt":   {head + "Resources: {A: {Type: AWS::SQS::Queue, Properties: {MessageRetentionPeriod: !GetAtt B.Arn}}}", `"B"`},
		"unknown GetAtt":      {head + "Resources: {A: {Type: AWS::SQS::Queue, Properties: {MessageRetentionPeriod: !GetAtt A.Age}}}", "Age"},
		"unresolved Sub":      {head + "Resources: {A: {Type: AWS::SQS::Queue, Properties: {MessageRetentionPeriod: !Sub 'x${B}'}}}", `"B"`},
		"unknown function":    {head + "Resources: {A: {Type: AWS::SQS::Queue, Properties: {MessageRetentionPeriod: !Base64 x}}}", "Fn::Base64"},
		"missing parameter":   {head + "Parameters: {P: {Type: String}}", "P"},
		"broken parameter":    {head + "Parameters: {P: {Type: Number, Default: x}}", "Type"},
		"condition of itself": {head + "Conditions: {C: !Not [!Condition C]}\nResources: {A: {Type: AWS::SQS::Queue, Condition: C}}", "itself"},
		"managed policy":      {head + "Resources: {A: {Type: AWS::Serverless::Function, Properties: {CodeUri: a, Runtime: provided.al2023, Policies: [AmazonS3FullAccess]}}}", "Policies"},
		"another runtime":     {head + "Resources: {A: {Type: AWS::Serverless::Function, Properties: {CodeUri: a, Runtime: python3.14}}}", "python3.14"},
		"cron":                {head + "Resources: {A: {Type: AWS::Serverless::Function, Properties: {CodeUri: a, Runtime: provided.al2023, Events: {E: {Type: ScheduleV2, Properties: {ScheduleExpression: 'cron(0 0 * * ? *)'}}}}}}", "cron"},
		"unknown event":       {head + "Resources: {A: {Type: AWS::Serverless::Function, Properties: {CodeUri: a, Runtime: provided.al2023, Events: {E: {Type: Kinesis}}}}}", "Kinesis"},
		"policy of no bucket": {head + "Resources: {A: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: b, PolicyDocument: {}}}}", "no bucket"},
		"misspelt status":     {head + "Resources: {A: {Type: AWS::S3::Bucket, Properties: {VersioningConfiguration: {Status: enabled}}}}", "enabled"},
		"route of no API":     {head + "Resources: {A: {Type: AWS::Serverless::Function, Properties: {CodeUri: a, Runtime: provided.al2023, Events: {E: {Type: HttpApi, Properties: {ApiId: x}}}}}}", "ApiId"},
		"limit of no route":   {head + "Resources: {A: {Type: AWS::Serverless::HttpApi, Properties: {RouteSettings: {GET /x: {ThrottlingRateLimit: 1, ThrottlingBurstLimit: 1}}}}}", "not there"},
		"signatures, tokens":  {head + "Resources: {A: {Type: AWS::Serverless::HttpApi, Properties: {Auth: {EnableIamAuthorizer: true, DefaultAuthorizer: Jwt}}}}", "AWS_IAM"},
		"two APIs of a kind":  {head + "Resources: {A: {Type: AWS::Serverless::HttpApi}, B: {Type: AWS::Serverless::HttpApi}}", "of its kind"},
		"RSA key":             {head + "Resources: {A: {Type: AWS::KMS::Key, Properties: {KeyUsage: SIGN_VERIFY, KeySpec: RSA_2048}}}", "RSA_2048"},
		"key to encrypt":      {head + "Resources: {A: {Type: AWS::KMS::Key, Properties: {KeyUsage: ENCRYPT_DECRYPT}}}", "ENCRYPT_DECRYPT"},
		"key without policy":  {head + "Resources: {A: {Type: AWS::KMS::Key, Properties: {KeyUsage: SIGN_VERIFY, KeySpec: ECC_NIST_P256}}}", "KeyPolicy"},
		"key's odd policy":    {head + "Resources: {A: {Type: AWS::KMS::Key, Properties: {KeyUsage: SIGN_VERIFY, KeySpec: ECC_NIST_P256, KeyPolicy: {Statement: {Effect: Allow, Action: 'kms:*', Resource: '*'}}}}}", "principal"},
		"alias of no key":     {head + "Resources: {A: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/a, TargetKeyId: B}}}", "no key"},
		"AWS's own alias":     {head + "Resources: {A: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/aws/s3, TargetKeyId: B}}}", "alias/aws/s3"},
		"role of a boundary":  {head + "Resources: {A: {Type: AWS::IAM::Role, Properties: {PermissionsBoundary: x}}}", "PermissionsBoundary"},
		"machine's name":      {head + "Resources: {A: {Type: AWS::Serverless::StateMachine, Properties: {Type: STANDARD, Name: !Ref B}}, B: {Type: AWS::SQS::Queue}}", "Name"},
		"twice":               {head + "Resources: {A: {Type: AWS::SQS::Queue}, A: {Type: AWS::SQS::Queue}}", "twice"},
	} {
		_, err := load([]byte(tt.template), ".", Env{Region: "r", AccountID: "1", StackName: "s"})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAResourceWhoseConditionIsFalseIsLeftOut(t *testing.T) {
	stack, err := load([]byte("Transform: AWS::Serverless-2016-10-31\nParameters: {P: {Type: String, Default: x}}\nConditions: {C: !Equals [!Ref P, y]}\nResources: {A: {Type: AWS::SQS::Queue, Condition: C}}"), ".", Env{StackName: "s"})
	if err != nil || len(stack.Queues) != 0 {
		t.Errorf("%+v, %v", stack, err)
	}
}

// The local stack has no Cognito, and says so.
func TestAnIssuerComesWithItsAudienceOrTheStackMakesAUserPool(t *testing.T) {
	for name, tt := range map[string]struct{ issuer, audience, want string }{
		"both":            {"https://id.example", "vouch", ""},
		"no audience":     {"https://id.example", "", "JwtIssuer needs JwtAudience"},
		"no issuer":       {"", "vouch", "JwtAudience is for tokens of a JwtIssuer"},
		"neither":         {"", "", "AWS::Cognito::UserPool"},
		"no issuer's URL": {"id.example", "vouch", "JwtIssuer"},
	} {
		e := env()
		e.Parameters["JwtIssuer"], e.Parameters["JwtAudience"] = tt.issuer, tt.audience
		stack, err := Load("../../template.yaml", e)
		if tt.want == "" {
			if err != nil || stack.Outputs["UserPoolId"] != "" || stack.API.Authorizers["Jwt"].Issuer != tt.issuer {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnUnknownOverrideIsRefused(t *testing.T) {
	e := env()
	e.Parameters["JwtIssuers"] = "x"
	if _, err := Load("../../template.yaml", e); err == nil {
		t.Error("it was taken")
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte("Transform: AWS::Serverless-2016-10-31\nConditions: {C: !Equals [a, b]}\nResources: {A: {Type: AWS::SQS::Queue, Condition: C}}"))
	f.Add([]byte("Transform: AWS::Serverless-2016-10-31\nResources: {A: {Type: AWS::S3::Bucket, Properties: !If [C, a, b]}}"))
	f.Add([]byte("Transform: AWS::Serverless-2016-10-31\nRules: {R: {RuleCondition: !Or [!Equals [a, b], !Not [!Equals [a, a]]], Assertions: [{Assert: !Equals [a, b], AssertDescription: x}]}}"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		load(data, t.TempDir(), Env{Region: "r", AccountID: "1", StackName: "s"}) // it must not panic
	})
}

// The bucket's rule is the last resort: it must not end an upload that the
// longest life that a policy may give it still allows.
func TestTheBucketAbortsNoUploadThatMayStillBeCompleted(t *testing.T) {
	stack, err := Load("../../template.yaml", env())
	if err != nil {
		t.Fatal(err)
	}
	days := 0
	for _, r := range stack.Buckets[0].Lifecycle {
		days = max(days, r.AbortMultipartDays)
	}
	if days == 0 {
		t.Fatal("there is no such rule")
	}
	if _, err := override.Load(fmt.Sprintf("multipart: { life: %dh }", days*24)); err == nil {
		t.Errorf("a policy may let uploads live for %d days, when the bucket aborts them", days)
	}
}
