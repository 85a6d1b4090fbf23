package samtemplate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// honoured marks a property that the stack acts on.
const honoured = ""

// The reasons why a property is taken and nothing is done about it here.
const (
	onlyInAWS   = "it matters in AWS only"
	encryption  = "the disk of this machine is encrypted, or not, for all"
	observation = "the local stack writes its logs to a file and keeps no traces"
	alarms      = "the local stack keeps no metrics: its logs say what an alarm would"
	withinOne   = "delivery within one process does not fail"
	aloneHere   = "its name tells it from those of other stacks, and there is one here"
	allEvents   = "the local stack writes every event to a file, and forgets none"
	noGuardDuty = "there is no GuardDuty here: its results are what the administrator puts on the event bus"
)

// properties is the one table of what is read of a template: by resource type,
// its properties, each honoured or with the reason why not.
var properties = map[string]map[string]string{
	"AWS::Serverless::Function": {
		"CodeUri": honoured, "Environment": honoured, "Events": honoured, "Policies": honoured, "Timeout": honoured,
		"MemorySize": honoured, "EventInvokeConfig": honoured, "ReservedConcurrentExecutions": honoured,
		"Handler": honoured, "Runtime": honoured, "Description": honoured,
		"Architectures": "the binaries are built for this machine",
		"Tracing":       observation, "LoggingConfig": observation,
		"VpcConfig": "everything is on loopback",
	},
	"AWS::Serverless::HttpApi": {
		"Auth": honoured, "CorsConfiguration": honoured, "DefaultRouteSettings": honoured, "RouteSettings": honoured, "Description": honoured,
		"DisableExecuteApiEndpoint": honoured, "Name": onlyInAWS,
		"FailOnWarnings": onlyInAWS, "AccessLogSettings": observation,
	},
	"AWS::Serverless::StateMachine": {
		"Name": honoured, "Type": honoured, "DefinitionUri": honoured, "DefinitionSubstitutions": honoured, "Events": honoured,
		"Policies": honoured, "Tracing": observation, "Logging": observation,
	},
	"AWS::DynamoDB::Table": {
		"AttributeDefinitions": honoured, "KeySchema": honoured, "GlobalSecondaryIndexes": honoured, "TimeToLiveSpecification": honoured,
		"StreamSpecification":              honoured,
		"BillingMode":                      "a local table has no capacity to exceed",
		"PointInTimeRecoverySpecification": onlyInAWS, "DeletionProtectionEnabled": onlyInAWS, "SSESpecification": encryption,
	},
	"AWS::S3::Bucket": {
		"VersioningConfiguration": honoured, "CorsConfiguration": honoured, "LifecycleConfiguration": honoured, "NotificationConfiguration": honoured,
		"PublicAccessBlockConfiguration": "no request without a signature is taken", "OwnershipControls": "there are no ACLs",
		"BucketEncryption": encryption,
	},
	"AWS::Lambda::EventSourceMapping": {
		"EventSourceArn": honoured, "FunctionName": honoured, "StartingPosition": honoured, "BatchSize": honoured,
		"BisectBatchOnFunctionError": honoured, "MaximumRetryAttempts": honoured, "MaximumRecordAgeInSeconds": honoured,
		"FunctionResponseTypes": honoured, "DestinationConfig": honoured,
		"ParallelizationFactor": "all of a stream is one shard here, and its batches come one after the other",
	},
	"AWS::S3::BucketPolicy": {"Bucket": honoured, "PolicyDocument": honoured},
	"AWS::Events::EventBus": {"Name": honoured},
	"AWS::SQS::Queue":       {"MessageRetentionPeriod": onlyInAWS, "SqsManagedSseEnabled": encryption},
	"AWS::SQS::QueuePolicy": {"Queues": onlyInAWS, "PolicyDocument": onlyInAWS},
	"AWS::CloudWatch::Alarm": {
		"AlarmDescription": alarms, "Namespace": alarms, "MetricName": alarms, "Dimensions": alarms, "Statistic": alarms, "Period": alarms,
		"EvaluationPeriods": alarms, "DatapointsToAlarm": alarms, "ComparisonOperator": alarms, "Threshold": alarms, "TreatMissingData": alarms,
		"Metrics": alarms, "ThresholdMetricId": alarms, "AlarmActions": alarms, "OKActions": alarms,
	},
	"AWS::SNS::Topic":        {"DisplayName": alarms, "KmsMasterKeyId": alarms},
	"AWS::SNS::TopicPolicy":  {"Topics": alarms, "PolicyDocument": alarms},
	"AWS::SNS::Subscription": {"TopicArn": alarms, "Protocol": alarms, "Endpoint": alarms},
	"AWS::KMS::Key": {
		"KeyUsage": honoured, "KeySpec": honoured, "KeyPolicy": honoured, "Description": honoured,
		"PendingWindowInDays": "no key is ever deleted here", "EnableKeyRotation": encryption,
	},
	"AWS::KMS::Alias":        {"AliasName": honoured, "TargetKeyId": honoured},
	"AWS::Logs::LogGroup":    {"RetentionInDays": observation, "LogGroupName": observation},
	"function event HttpApi": {"ApiId": honoured, "Method": honoured, "Path": honoured, "Auth": honoured},
	"AWS::GuardDuty::MalwareProtectionPlan": {
		"Role": noGuardDuty, "ProtectedResource": noGuardDuty, "Actions": noGuardDuty,
	},
	role: {
		"AssumeRolePolicyDocument": "no service takes a role here", "Policies": "no service takes a role here",
	},
	"function event EventBridgeRule": {
		"Pattern": honoured, "RetryPolicy": withinOne, "DeadLetterConfig": withinOne,
	},
	"function event ScheduleV2": {
		"ScheduleExpression": honoured, "Name": aloneHere, "RetryPolicy": withinOne, "DeadLetterConfig": withinOne,
	},
	"state machine event ScheduleV2": {
		"ScheduleExpression": honoured, "Name": aloneHere, "State": honoured, "Input": honoured, "RetryPolicy": withinOne, "DeadLetterConfig": withinOne,
	},

	"AWS::CloudWatch::Dashboard":  {"DashboardName": alarms, "DashboardBody": alarms},
	"AWS::Events::Archive":        {"Description": allEvents, "SourceArn": allEvents, "RetentionDays": allEvents},
	"AWS::EventSchemas::Registry": {"RegistryName": onlyInAWS, "Description": onlyInAWS},
	"AWS::EventSchemas::Schema": {
		"RegistryName": onlyInAWS, "SchemaName": onlyInAWS, "Description": onlyInAWS, "Type": onlyInAWS, "Content": onlyInAWS,
	},
}

// check reports a resource type or property that is not in the table, and
// notes those that are taken with a reason.
func check(kind, place string, given map[string]any, note func(string)) error {
	known, ok := properties[kind]
	if !ok {
		return fmt.Errorf("%s: the local stack neither has nor stands in for %s", place, kind)
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		reason, ok := known[name]
		if !ok {
			return fmt.Errorf("%s: the local stack neither honours nor stands in for the property %s of %s", place, name, kind)
		}
		if reason != honoured {
			note(fmt.Sprintf("%s %s: %s", kind, name, reason))
		}
	}
	return nil
}

// A resource is one entry under Resources.
type resource struct {
	ID         string
	Type       string
	Properties map[string]any
}

// name is the physical name: the one it is given, or one made like
// CloudFormation makes them, without the random part.
func (r resource) name(env Env) string {
	if named := r.Properties["Name"]; named != nil && (r.Type == "AWS::Events::EventBus" || r.Type == "AWS::Serverless::StateMachine") {
		// Only by a Sub that needs no other resource.
		name, err := (&resolver{env: env}).resolve(named)
		if s, ok := name.(string); ok && err == nil {
			return s
		}
	}
	if r.Type == "AWS::KMS::Alias" { // so must an alias
		name, err := (&resolver{env: env}).resolve(r.Properties["AliasName"])
		if s, ok := name.(string); ok && err == nil {
			return s
		}
	}
	name := env.StackName + "-" + r.ID
	if r.Type == "AWS::S3::Bucket" {
		name = strings.ToLower(name)
	}
	return name
}

func (r resource) ref(env Env) string {
	switch r.Type {
	case "AWS::Serverless::StateMachine", "AWS::SNS::Topic":
		return r.arn(env)
	case "AWS::SQS::Queue":
		return "https://sqs." + env.Region + ".amazonaws.com/" + env.AccountID + "/" + r.name(env)
	}
	return r.name(env)
}

// arn is the ARN, empty for a type that has none here.
func (r resource) arn(env Env) string {
	in := func(service, rest string) string {
		return "arn:aws:" + service + ":" + env.Region + ":" + env.AccountID + ":" + rest
	}
	switch r.Type {
	case "AWS::Serverless::Function":
		return in("lambda", "function:"+r.name(env))
	case "AWS::Serverless::StateMachine":
		return in("states", "stateMachine:"+r.name(env))
	case "AWS::DynamoDB::Table":
		return in("dynamodb", "table/"+r.name(env))
	case "AWS::S3::Bucket":
		return "arn:aws:s3:::" + r.name(env)
	case "AWS::Events::EventBus":
		return in("events", "event-bus/"+r.name(env))
	case "AWS::SQS::Queue":
		return in("sqs", r.name(env))
	case "AWS::SNS::Topic":
		return in("sns", r.name(env))
	case "AWS::KMS::Key":
		return in("kms", "key/"+r.name(env))
	case "AWS::CloudWatch::Alarm":
		return in("cloudwatch", "alarm:"+r.name(env))
	case "AWS::Logs::LogGroup":
		return in("logs", "log-group:"+r.name(env)+":*")
	case role:
		return "arn:aws:iam::" + env.AccountID + ":role/" + r.name(env)
	}
	return ""
}

// role is the type of the roles that SAM makes for functions and state machines,
// and of those that the template makes for services.
const role = "AWS::IAM::Role"
