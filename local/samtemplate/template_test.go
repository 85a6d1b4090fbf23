package samtemplate

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/local/policies"
)

func env() Env {
	return Env{Region: "us-east-1", AccountID: "000000000000", StackName: "vouch", Parameters: map[string]string{
		"JwtIssuer": "http://127.0.0.1:8080", "JwtAudience": "vouch", "AllowedOrigins": "http://127.0.0.1:8080", "ClamdAddress": "127.0.0.1:3310",
	}}
}

func TestTheDeployedTemplateIsReadWhole(t *testing.T) {
	stack, err := Load("../../template.yaml", env())
	if err != nil {
		t.Fatal(err)
	}
	if len(stack.Functions) != 12 || len(stack.API.Routes) != 6 || len(stack.Tables) != 1 || len(stack.Buckets) != 1 || len(stack.StateMachines) != 1 || len(stack.Rules) != 1 || len(stack.Schedules) != 1 {
		t.Errorf("%d functions, %d routes, %d tables, %d buckets, %d state machines, %d rules, %d schedules", len(stack.Functions), len(stack.API.Routes), len(stack.Tables), len(stack.Buckets), len(stack.StateMachines), len(stack.Rules), len(stack.Schedules))
	}
	scan := stack.Functions[slices.IndexFunc(stack.Functions, func(f Function) bool { return f.LogicalID == "ScanObjectFunction" })]
	if scan.Timeout != 870*time.Second || scan.MemoryMB != 1024 || scan.Env["CLAMD_ADDRESS"] != "127.0.0.1:3310" || scan.Env["FILES_TABLE"] != "vouch-FilesTable" || scan.CodeURI != "functions/scan-object" {
		t.Errorf("%+v", scan)
	}
	if !json.Valid([]byte(stack.StateMachines[0].Definition)) || !strings.Contains(stack.StateMachines[0].Definition, scan.ARN) {
		t.Error("the state machine's definition does not name its functions")
	}
	for _, r := range stack.API.Routes {
		if len(r.Scopes) != 1 || !strings.HasPrefix(r.Scopes[0], "files:") {
			t.Errorf("%s %s needs the scopes %v", r.Method, r.Path, r.Scopes)
		}
	}
	if stack.Schedules[0].Every != 5*time.Minute {
		t.Errorf("the sweeper runs every %v", stack.Schedules[0].Every)
	}
	if len(stack.StoodIn) == 0 {
		t.Error("nothing is said of what is not carried out")
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
		if has("AwaitGuardDutyFunction") != asked || has("ReceiveGuardDutyFunction") != asked || (len(stack.Tables) == 2) != asked || (len(stack.Rules) == 2) != asked {
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
				err := policies.Evaluate(policies.Request{Role: f.Role, Action: action, Resource: stack.StateMachines[0].ARN})
				if (err == nil) != want {
					t.Errorf("%s may %s: %v", f.LogicalID, action, err)
				}
			}
		}
	}
}

// The promise in the bucket's own policy: whatever role code the download
// function runs, S3 itself gives it nothing that is not clean.
func TestTheBucketDeniesTheDownloadRoleWhatIsNotClean(t *testing.T) {
	stack, err := Load("../../template.yaml", env())
	if err != nil {
		t.Fatal(err)
	}
	all, err := policies.ParseIdentity([]byte(`{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range stack.Functions {
		if f.LogicalID != "CreateDownloadFunction" {
			continue
		}
		for _, action := range []string{"s3:GetObject", "s3:GetObjectVersion"} {
			for tag, want := range map[string]bool{"": false, "rejected": false, "Clean": false, "clean": true} {
				r := policies.Request{Role: f.Role, Action: action, Resource: "arn:aws:s3:::vouch-filesbucket/files/a/b", Context: map[string][]string{"aws:SecureTransport": {"true"}}}
				r.Role.Policies = []policies.Policy{all} // even with every permission
				if tag != "" {
					r.Context["s3:ExistingObjectTag/vouch-verdict"] = []string{tag}
				}
				if err := policies.Evaluate(r, stack.Buckets[0].Policies...); (err == nil) != want {
					t.Errorf("%s with the tag %q: %v", action, tag, err)
				}
			}
		}
		return
	}
	t.Error("there is no download function")
}

func TestWhatTheStackDoesNotKnowIsAnErrorAndNeverSkipped(t *testing.T) {
	const head = "Transform: AWS::Serverless-2016-10-31\n"
	for name, tt := range map[string]struct{ template, want string }{
		"no template":         {"a: b", "not a SAM template"},
		"unknown section":     {head + "Rules: {}", "Rules"},
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
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		load(data, t.TempDir(), Env{Region: "r", AccountID: "1", StackName: "s"}) // it must not panic
	})
}
