package samtemplate

import (
	"strings"
	"testing"
	"time"
)

func TestTheStreamOfTheTrailIsBroughtAsTheTemplateSays(t *testing.T) {
	stack, err := Load("../../template.yaml", env())
	if err != nil {
		t.Fatal(err)
	}
	if len(stack.Mappings) != 1 {
		t.Fatalf("%+v", stack.Mappings)
	}
	m := stack.Mappings[0]
	if m.Function != "vouch-PublishHistoryFunction" || m.MaxRetries != 60 || m.MaxAge != 12*time.Hour || m.BatchSize != 100 || !m.Bisect || !m.ReportsItems || !strings.HasSuffix(m.OnFailure, ":vouch-DeadLetters") {
		t.Errorf("%+v", m)
	}
	for _, table := range stack.Tables {
		if streamed := table.StreamARN != ""; streamed != (table.StreamARN == m.StreamARN) || streamed != (table.Name == "vouch-HistoryTable") {
			t.Errorf("table %s has the stream %q", table.Name, table.StreamARN)
		}
	}
}

// A template with a mapping, in which a piece is replaced.
const mapped = `Transform: AWS::Serverless-2016-10-31
Resources:
  T: {Type: AWS::DynamoDB::Table, Properties: {BillingMode: PAY_PER_REQUEST, AttributeDefinitions: [{AttributeName: a, AttributeType: S}], KeySchema: [{AttributeName: a, KeyType: HASH}], StreamSpecification: {StreamViewType: NEW_IMAGE}}}
  Q: {Type: AWS::SQS::Queue, Properties: {MessageRetentionPeriod: 60}}
  F:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      CodeUri: a
      Policies:
        - Statement:
            - {Effect: Allow, Action: [dynamodb:DescribeStream, dynamodb:GetRecords, dynamodb:GetShardIterator, dynamodb:ListStreams], Resource: !GetAtt T.StreamArn}
            - {Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Q.Arn}
  M:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt T.StreamArn, FunctionName: !GetAtt F.Arn, StartingPosition: TRIM_HORIZON, BatchSize: 9, MaximumRetryAttempts: 1, MaximumRecordAgeInSeconds: 60, DestinationConfig: {OnFailure: {Destination: !GetAtt Q.Arn}}}
`

func TestAMappingThatCannotBeCarriedOutFaithfullyIsRefused(t *testing.T) {
	read := func(old, replacement string) error {
		if !strings.Contains(mapped, old) {
			t.Fatalf("there is no %q", old)
		}
		_, err := load([]byte(strings.Replace(mapped, old, replacement, 1)), t.TempDir(), Env{Region: "r", AccountID: "1", StackName: "s"})
		return err
	}
	if err := read("BatchSize: 9", "BatchSize: 9"); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ old, replacement, want string }{
		"old images":             {"NEW_IMAGE", "OLD_IMAGE", "OLD_IMAGE"},
		"the newest records":     {"TRIM_HORIZON", "LATEST", "LATEST"},
		"no size":                {"BatchSize: 9, ", "", "BatchSize"},
		"too large":              {"BatchSize: 9", "BatchSize: 1001", "BatchSize"},
		"no end of retries":      {"MaximumRetryAttempts: 1, ", "", "MaximumRetryAttempts"},
		"no age":                 {"MaximumRecordAgeInSeconds: 60, ", "", "MaximumRecordAgeInSeconds"},
		"nothing for failures":   {", DestinationConfig: {OnFailure: {Destination: !GetAtt Q.Arn}}", "", "OnFailure"},
		"a topic for failures":   {"Destination: !GetAtt Q.Arn", "Destination: arn:aws:sns:r:1:x", "no queue"},
		"a filter":               {"BatchSize: 9", "BatchSize: 9, FilterCriteria: {}", "FilterCriteria"},
		"a window":               {"BatchSize: 9", "BatchSize: 9, TumblingWindowInSeconds: 5", "TumblingWindowInSeconds"},
		"another answer":         {"BatchSize: 9", "BatchSize: 9, FunctionResponseTypes: [ReportAll]", "ReportAll"},
		"another's stream":       {"EventSourceArn: !GetAtt T.StreamArn", "EventSourceArn: arn:aws:dynamodb:r:1:table/x/stream/y", "no stream"},
		"a table without one":    {", StreamSpecification: {StreamViewType: NEW_IMAGE}", "", "StreamArn"},
		"a role that reads none": {"dynamodb:GetRecords, ", "", "dynamodb:GetRecords"},
		"a role that sends none": {"Action: sqs:SendMessage", "Action: sqs:ReceiveMessage", "sqs:SendMessage"},
	} {
		if err := read(tt.old, tt.replacement); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
