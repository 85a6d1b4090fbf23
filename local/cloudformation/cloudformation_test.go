package cloudformation

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sound is a small template that every rule lets pass.
const sound = `{
  "Parameters": {"Clock": {"Type": "String", "Default": "on"}, "Origins": {"Type": "CommaDelimitedList", "Default": ""}},
  "Conditions": {"HasClock": {"Fn::Equals": [{"Ref": "Clock"}, "on"]}},
  "Resources": {
    "Bucket": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain", "Properties": {
      "PublicAccessBlockConfiguration": {"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true},
      "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
      "BucketEncryption": {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}}},
    "BucketPolicy": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {"Statement": [
      {"Sid": "OnlyOverTLS", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}},
       "Resource": [{"Fn::GetAtt": ["Bucket", "Arn"]}, {"Fn::Sub": "${Bucket.Arn}/*"}]}]}}},
    "Table": {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain", "Properties": {
      "SSESpecification": {"SSEEnabled": true}, "DeletionProtectionEnabled": true,
      "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true}}},
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"SqsManagedSseEnabled": true}},
    "QueuePolicy": {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Queue"}], "PolicyDocument": {"Statement": [
      {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}, "Resource": {"Fn::GetAtt": ["Queue", "Arn"]}}]}}},
    "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": {"Ref": "Key"}}},
    "TopicPolicy": {"Type": "AWS::SNS::TopicPolicy", "Properties": {"Topics": [{"Ref": "Topic"}], "PolicyDocument": {"Statement": [
      {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Condition": {"Bool": {"aws:SecureTransport": "false"}}, "Resource": {"Ref": "Topic"}}]}}},
    "Network": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/24"}},
    "Flows": {"Type": "AWS::EC2::FlowLog", "Properties": {"ResourceId": {"Ref": "Network"}, "TrafficType": "ALL"}},
    "Door": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"SecurityGroupIngress": [{"CidrIp": "10.0.0.0/24"}]}},
    "Key": {"Type": "AWS::KMS::Key", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain", "Properties": {"EnableKeyRotation": true}},
    "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 90}},
    "Role": {"Type": "AWS::IAM::Role", "Properties": {
      "ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole", "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"],
      "Policies": [{"PolicyDocument": {"Statement": [{"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": {"Fn::Sub": "${Bucket.Arn}/files/*"}}]}}]}},
    "Work": {"Type": "AWS::Lambda::Function", "Properties": {
      "Architectures": ["arm64"], "TracingConfig": {"Mode": "Active"}, "LoggingConfig": {"LogGroup": {"Ref": "Logs"}}, "Timeout": 29,
      "Role": {"Fn::GetAtt": ["Role", "Arn"]}}},
    "Permission": {"Type": "AWS::Lambda::Permission", "Properties": {"Principal": "apigateway.amazonaws.com", "FunctionName": {"Ref": "Work"}}},
    "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Body": {
      "components": {"securitySchemes": {"Jwt": {"type": "oauth2"}, "AWS_IAM": {"type": "apiKey"}}},
      "paths": {"/files": {"get": {"security": [{"Jwt": ["files:read"]}]}, "put": {"security": [{"AWS_IAM": []}]}}}}}},
    "Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {
      "AccessLogSettings": {"DestinationArn": {"Fn::GetAtt": ["Logs", "Arn"]}}, "DefaultRouteSettings": {"ThrottlingRateLimit": 100}}},
    "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {
      "StateMachineName": {"Fn::Sub": "${AWS::StackName}-work"}, "TracingConfiguration": {"Enabled": true},
      "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}, "LoggingConfiguration": {"Destinations": [{}]}}},
    "Rule": {"Type": "AWS::Events::Rule", "Properties": {"Targets": [{
      "Arn": {"Fn::GetAtt": ["Work", "Arn"]}, "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Queue", "Arn"]}},
      "RetryPolicy": {"MaximumRetryAttempts": 5, "MaximumEventAgeInSeconds": 300}}]}},
    "Invocations": {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": {"FunctionName": {"Ref": "Work"},
      "MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 300, "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["Queue", "Arn"]}}}}},
    "Schedule": {"Type": "AWS::Scheduler::Schedule", "Condition": "HasClock", "Properties": {"Name": {"Fn::Sub": "${AWS::StackName}-clock"},
      "Target": {"Arn": {"Fn::GetAtt": ["Work", "Arn"]}, "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Queue", "Arn"]}},
        "RetryPolicy": {"MaximumRetryAttempts": 5, "MaximumEventAgeInSeconds": 300}}}},
    "Stream": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"StartingPosition": "TRIM_HORIZON", "MaximumRetryAttempts": 5,
      "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["Queue", "Arn"]}}}}}
  },
  "Outputs": {
    "Name": {"Value": {"Ref": "Bucket"}},
    "ScheduleName": {"Condition": "HasClock", "Value": {"Ref": "Schedule"}}
  }
}`

var both = []Deployment{{"with a clock", nil}, {"without", map[string]string{"Clock": "off"}}}

// checked returns what is found in the template as text, after edits to it: each is
// old and new, and old must be there.
func checked(t *testing.T, reviewed map[string]string, edits ...string) string {
	t.Helper()
	text := sound
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(text, edits[i]) {
			t.Fatalf("the template has no %s", edits[i])
		}
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	data, err := json.Marshal(map[string]json.RawMessage{"source": json.RawMessage(text), "transformed": json.RawMessage(text)})
	if err != nil {
		t.Fatal(err)
	}
	template, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	findings, err := Check(func(map[string]string) (Template, error) { return template, nil }, both, reviewed)
	if err != nil {
		return err.Error()
	}
	var all []string
	for _, f := range findings {
		// Roles made by SAM name AWS's policies by their ARN, which the source does not.
		if f.Rule != "placed" || f.Place != "Role" {
			all = append(all, f.String())
		}
	}
	return strings.Join(all, "\n")
}

func TestASoundTemplatePasses(t *testing.T) {
	if found := checked(t, nil); found != "" {
		t.Error(found)
	}
}

func TestAnActionThatKnowsNoResourcesNeedsNoExceptionForAll(t *testing.T) {
	if found := checked(t, nil, `"s3:GetObject", "Resource": {"Fn::Sub": "${Bucket.Arn}/files/*"}`, `["ecr:GetAuthorizationToken"], "Resource": "*"`); found != "" {
		t.Error(found)
	}
}

func TestEveryRuleFindsTheFaultThatItIsFor(t *testing.T) {
	for name, tt := range map[string]struct {
		edits []string
		want  string
	}{
		"public access":       {[]string{`"RestrictPublicBuckets": true`, `"RestrictPublicBuckets": false`}, "closed: Bucket: RestrictPublicBuckets is not on"},
		"ACLs":                {[]string{"BucketOwnerEnforced", "ObjectWriter"}, "closed: Bucket: ACLs are not off"},
		"no TLS":              {[]string{`"aws:SecureTransport": "false"`, `"aws:SecureTransport": "true"`}, "closed: Bucket: no statement refuses what does not come over TLS"},
		"TLS of objects only": {[]string{`{"Fn::GetAtt": ["Bucket", "Arn"]}, `, ""}, "closed: Bucket: no statement"},
		"a queue, no TLS":     {[]string{`"sqs:*", "Condition"`, `"sqs:*", "Else"`}, "closed: Queue: no statement"},
		"another's policy":    {[]string{`"Queues": [{"Ref": "Queue"}]`, `"Queues": [{"Ref": "Queues"}]`}, "closed: Queue: no statement"},
		"a topic, no TLS":     {[]string{`"sns:Publish"`, `"sns:Subscribe"`}, "closed: Topic: no statement"},
		"flows unseen":        {[]string{`"TrafficType": "ALL"`, `"TrafficType": "REJECT"`}, "network: Network: its flows are not logged"},
		"an open door":        {[]string{`{"CidrIp": "10.0.0.0/24"}`, `{"CidrIp": "0.0.0.0/0"}`}, "network: Door: everybody is let in"},
		"an open door, IPv6":  {[]string{`{"CidrIp": "10.0.0.0/24"}`, `{"CidrIpv6": "::/0"}`}, "network: Door: everybody is let in"},
		"a plain bucket":      {[]string{`"BucketEncryption"`, `"Tags"`}, "encrypted: Bucket"},
		"a plain table":       {[]string{`"SSEEnabled": true`, `"SSEEnabled": false`}, "encrypted: Table"},
		"a plain queue":       {[]string{`"SqsManagedSseEnabled": true`, `"SqsManagedSseEnabled": false`}, "encrypted: Queue"},
		"a plain topic":       {[]string{`{"KmsMasterKeyId": {"Ref": "Key"}}`, `{}`}, "encrypted: Topic"},
		"a key for ever":      {[]string{`"EnableKeyRotation": true`, `"EnableKeyRotation": false`}, "encrypted: Key"},
		"every action":        {[]string{`"s3:GetObject"`, `"s3:Get*"`}, "wildcard: Role Read: the action s3:Get*"},
		"every resource":      {[]string{`{"Fn::Sub": "${Bucket.Arn}/files/*"}`, `"*"`}, "wildcard: Role Read: the resource *"},
		"every log group":     {[]string{`"s3:GetObject", "Resource": {"Fn::Sub": "${Bucket.Arn}/files/*"}`, `["logs:DescribeLogGroups", "logs:PutLogEvents"], "Resource": "*"`}, "wildcard: Role Read: the resource *"},
		"others' resources":   {[]string{`${Bucket.Arn}/files/*`, `arn:${AWS::Partition}:s3:::*/files`}, "wildcard: Role Read: the resource arn"},
		"all actions but":     {[]string{`"Action": "s3:GetObject"`, `"NotAction": "s3:GetObject"`}, "wildcard: Role Read: it allows all but some"},
		"everybody":           {[]string{`"Effect": "Deny", "Principal": "*"`, `"Effect": "Allow", "Principal": "*"`}, "wildcard: BucketPolicy OnlyOverTLS: the principal *"},
		"AWS's own policy":    {[]string{"service-role/AWSLambdaBasicExecutionRole", "AdministratorAccess"}, "managed-policy: Role: the managed policy arn:aws:iam::aws:policy/AdministratorAccess"},
		"an open route":       {[]string{`[{"Jwt": ["files:read"]}]`, `[]`}, "authorized: Api GET /files: nobody is asked"},
		"a misspelt scheme":   {[]string{`[{"Jwt": ["files:read"]}]`, `[{"JWT": ["files:read"]}]`}, "authorized: Api GET /files: nobody is asked who calls (JWT)"},
		"no scope":            {[]string{`[{"Jwt": ["files:read"]}]`, `[{"Jwt": []}]`}, "authorized: Api GET /files: any token will do"},
		"or nobody":           {[]string{`[{"Jwt": ["files:read"]}]`, `[{"Jwt": ["files:read"]}, {}]`}, "authorized: Api GET /files: nobody has to be asked"},
		"a rule's events":     {[]string{`"DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Queue", "Arn"]}},`, ``}, "delivered: Rule: nothing takes what is not delivered"},
		"a schedule's runs":   {[]string{`"Work", "Arn"]}, "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Queue", "Arn"]}},` + "\n        ", `"Work", "Arn"]}, `}, "delivered: Schedule: nothing takes"},
		"how often":           {[]string{`"RetryPolicy": {"MaximumRetryAttempts": 5, `, `"RetryPolicy": {`}, "delivered: Rule: how often it is tried again is not said"},
		"failed invocations":  {[]string{`, "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["Queue", "Arn"]}}}`, ""}, "delivered: Invocations: nothing takes what failed"},
		"unsaid invocations":  {[]string{`"AWS::Lambda::EventInvokeConfig"`, `"AWS::Lambda::Version"`}, "delivered: Work: it is invoked asynchronously"},
		"a stream's records":  {[]string{`"OnFailure": {"Destination": {"Fn::GetAtt": ["Queue", "Arn"]}}}}}` + "\n  }", `"OnFailure": {}}}}` + "\n  }"}, "delivered: Stream: nothing takes what failed"},
		"a stuck stream":      {[]string{`"TRIM_HORIZON", "MaximumRetryAttempts": 5`, `"TRIM_HORIZON"`}, "delivered: Stream: one record that fails"},
		"another processor":   {[]string{"arm64", "x86_64"}, "function: Work: it runs on [x86_64]"},
		"no traces":           {[]string{`"Mode": "Active"`, `"Mode": "PassThrough"`}, "function: Work: it is traced: false, and the stack is: true"},
		"traces in vain":      {[]string{`, "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"`, ""}, "function: Work: its role may write traces: false, and the stack is traced: true"},
		"a trace unasked":     {[]string{`{"HasClock": {"Fn::Equals": [{"Ref": "Clock"}, "on"]}`, `{"HasClock": {"Fn::Equals": [{"Ref": "Clock"}, "on"]}, "IsTraced": {"Fn::Equals": [{"Ref": "Clock"}, "on"]}`}, "function: Work: it is traced: true, and the stack is: false"},
		"logs of Lambda's":    {[]string{`"LoggingConfig": {"LogGroup": {"Ref": "Logs"}}, `, ""}, "function: Work: it has no log group"},
		"no timeout":          {[]string{`"Timeout": 29,`, ""}, "function: Work: it has Lambda's own timeout"},
		"too long a timeout":  {[]string{`"Timeout": 29,`, `"Timeout": 30,`}, "function: Work: it may take 30 s"},
		"logs for ever":       {[]string{`{"RetentionInDays": 90}`, "{}"}, "function: Logs: its logs are kept for ever"},
		"no access log":       {[]string{`"AccessLogSettings"`, `"Other"`}, "function: Stage: its calls are not logged"},
		"no throttling":       {[]string{`{"ThrottlingRateLimit": 100}`, "{}"}, "function: Stage: its calls are not limited"},
		"an untraced machine": {[]string{`{"Enabled": true}`, `{"Enabled": false}`}, "function: Machine: it is traced: false, and the stack is: true"},
		"a bucket that goes":  {[]string{`"DeletionPolicy": "Retain", `, ""}, "kept: Bucket: DeletionPolicy is not Retain"},
		"one that is replaced": {
			[]string{`"UpdateReplacePolicy": "Retain"`, `"UpdateReplacePolicy": "Delete"`}, "kept: Bucket: UpdateReplacePolicy is not Retain",
		},
		"no recovery":      {[]string{`"PointInTimeRecoveryEnabled": true`, `"PointInTimeRecoveryEnabled": false`}, "kept: Table: it cannot be brought back"},
		"no protection":    {[]string{`"DeletionProtectionEnabled": true`, `"DeletionProtectionEnabled": false`}, "kept: Table: it is not protected"},
		"one name for all": {[]string{`{"Fn::Sub": "${AWS::StackName}-clock"}`, `"clock"`}, "named: Schedule: the Name clock"},
		"nothing there":    {[]string{`"Role": {"Fn::GetAtt": ["Role", "Arn"]}`, `"Role": {"Fn::Sub": "${Rule2.Arn}"}`}, "reference: Work: it refers to Rule2"},
		"not always there": {[]string{`"Role": {"Fn::GetAtt": ["Role", "Arn"]}`, `"Role": {"Ref": "Schedule"}`}, "reference: Work: it refers to Schedule, which is not there"},
		"an output of it":  {[]string{`"ScheduleName": {"Condition": "HasClock", `, `"ScheduleName": {`}, "reference: ScheduleName: it refers to Schedule"},
		"a circle":         {[]string{`{"RetentionInDays": 90}`, `{"RetentionInDays": 90, "KmsKeyId": {"Fn::GetAtt": ["Work", "Arn"]}}`}, "reference: Logs: it needs Work, which needs it"},
		"a region":         {[]string{`${AWS::StackName}-work`, `${AWS::StackName}-eu-west-1`}, "placed: Machine: its region is written down: eu-west-1"},
		"an account":       {[]string{`${AWS::StackName}-work`, `${AWS::StackName}-123456789012`}, "placed: Machine: its account is written down"},
		"a partition":      {[]string{`${Bucket.Arn}/*`, `arn:aws:s3:::b/*`}, "placed: BucketPolicy: its partition is written down"},
		"a domain":         {[]string{`{"Ref": "Bucket"}}`, `"https://b.s3.amazonaws.com/"}`}, "placed: Name: its partition's domain is written down"},
		"a dead condition": {[]string{`{"Ref": "Clock"}, "on"`, `"on", "on"`}, "deployments: HasClock: it is the same"},
		"an unknown condition": {
			[]string{`"Condition": "HasClock", "Properties"`, `"Condition": "HasClocks", "Properties"`}, `there is no condition "HasClocks"`,
		},
	} {
		found := checked(t, nil, tt.edits...)
		if !strings.Contains(found, tt.want) {
			t.Errorf("%s: %q, want %q", name, found, tt.want)
		}
	}
}

func TestATemplateThatIsTooLargeIsRefused(t *testing.T) {
	resources := strings.Builder{}
	for i := range maxResources {
		fmt.Fprintf(&resources, `"Logs%d": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 90}},`, i)
	}
	if found := checked(t, nil, `"Logs": {`, resources.String()+`"Logs": {`); !strings.Contains(found, "size: Resources: 5") {
		t.Error(found)
	}
	if found := checked(t, nil, `-work"`, `-`+strings.Repeat("x", maxBytes)+`"`); !strings.Contains(found, "size: template:") {
		t.Error(found)
	}
}

func TestAnExceptionHoldsForItsPlaceAloneAndOnlyWhileItIsNeeded(t *testing.T) {
	edit := []string{`"SqsManagedSseEnabled": true`, `"SqsManagedSseEnabled": false`}
	if found := checked(t, map[string]string{"encrypted Queue": "a reason"}, edit...); found != "" {
		t.Error(found)
	}
	if found := checked(t, map[string]string{"encrypted Topic": "a reason"}, edit...); !strings.Contains(found, "encrypted: Queue") || !strings.Contains(found, "reviewed: encrypted Topic") {
		t.Error(found)
	}
	for _, checked := range Templates() {
		for key, reason := range checked.Reviewed {
			if reason == "" {
				t.Errorf("%s: %s has no reason", checked.Path, key)
			}
		}
	}
}

func TestEveryTemplateOfTheProjectIsChecked(t *testing.T) {
	var there, checked []string
	for _, pattern := range []string{"../../template.yaml", "../../*/*/template.yaml"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		there = append(there, found...)
	}
	for _, c := range Templates() {
		checked = append(checked, filepath.Join("../..", c.Path))
	}
	slices.Sort(checked)
	slices.Sort(there)
	if !slices.Equal(there, checked) {
		t.Errorf("there are %v, and checked are %v", there, checked)
	}
}

// The definitions are written by hand, so that a substitution that is misspelt on
// either side is found here, and not by Step Functions.
func TestADefinitionAndItsSubstitutionsNameTheSame(t *testing.T) {
	dir := t.TempDir()
	template := func(substitutions string) Template {
		var source object
		if err := json.Unmarshal([]byte(`{"Resources": {"Work": {"Type": "AWS::Serverless::StateMachine", "Properties": {"DefinitionUri": "w.json", "DefinitionSubstitutions": {`+substitutions+`}}}}}`), &source); err != nil {
			t.Fatal(err)
		}
		return Template{Source: source}
	}
	if err := os.WriteFile(filepath.Join(dir, "w.json"), []byte(`{"Resource": "${OneArn}"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for substitutions, want := range map[string]string{
		`"OneArn": "x"`:               "",
		`"TwoArn": "x"`:               "nothing in w.json is substituted by TwoArn",
		``:                            "nothing is substituted for ${OneArn}",
		`"OneArn": "x", "OneAr": "x"`: "nothing in w.json is substituted by OneAr",
	} {
		all, err := Definitions(template(substitutions), dir)
		if want == "" && (err != nil || !slices.Equal(slices.Sorted(maps.Keys(all)), []string{"Work"}) || strings.Contains(all["Work"], "${")) {
			t.Errorf("%s: %v, %v", substitutions, all, err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %s", substitutions, err, want)
		}
	}
}
