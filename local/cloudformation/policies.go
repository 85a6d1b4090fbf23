package cloudformation

import (
	"fmt"
	"slices"
	"strings"
)

// unbounded are the actions that know no resources, so that "*" is all that can be
// said ("Actions, resources, and condition keys", Service Authorization Reference),
// or that Step Functions and flow logs need for all ("Logging using CloudWatch Logs",
// Step Functions Developer Guide): they set up deliveries of logs, or list groups.
var unbounded = []string{
	"logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery", "logs:ListLogDeliveries",
	"logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups",
	"ecr:GetAuthorizationToken",
	"xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets",
}

// wildcards holds every statement that allows something to a bounded one. An action
// has no *. A resource may have one only behind the ARN of a resource of this stack,
// or behind the stack's name in this account, or where all that is allowed is
// unbounded; a principal is never everybody.
func wildcards(s Stack, report func(place, format string, args ...any)) {
	eachStatement(s, func(place string, st any) {
		if at(st, "Effect") != "Allow" {
			return
		}
		if at(st, "NotAction") != nil || at(st, "NotResource") != nil || at(st, "NotPrincipal") != nil {
			report(place, "it allows all but some")
		}
		for _, a := range each(at(st, "Action")) {
			if strings.Contains(fmt.Sprint(a), "*") {
				report(place, "the action %v", a)
			}
		}
		knows := slices.ContainsFunc(each(at(st, "Action")), func(a any) bool { return !slices.Contains(unbounded, fmt.Sprint(a)) })
		for _, r := range each(at(st, "Resource")) {
			if arn := text(r); !bounded(arn) && (knows || arn != "*") {
				report(place, "the resource %s", arn)
			}
		}
		if p := at(st, "Principal"); p == "*" || fmt.Sprint(at(p, "AWS")) == "*" {
			report(place, "the principal *")
		}
	})
}

// bounded says whether an ARN that has a wildcard has it where it cannot lead out
// of the stack.
func bounded(arn string) bool {
	before, _, wild := strings.Cut(arn, "*")
	if !wild {
		return true
	}
	if strings.Contains(before, ".Arn}") {
		return true
	}
	return strings.Contains(before, "${AWS::AccountId}") && strings.Contains(before, "${AWS::StackName}")
}

// eachStatement visits the statements of every policy in the stack: those of roles,
// buckets, queues, topics, keys, buses and endpoints of networks.
func eachStatement(s Stack, visit func(place string, statement any)) {
	for _, id := range s.ids() {
		p := s.Resources[id].Properties
		documents := []any{p["PolicyDocument"], p["KeyPolicy"], p["Policy"], p["EventBusPolicy"]}
		if s.Resources[id].Type == "AWS::Events::EventBusPolicy" {
			documents = append(documents, object{"Statement": p["Statement"]})
		}
		for _, inline := range each(p["Policies"]) {
			documents = append(documents, at(inline, "PolicyDocument"))
		}
		for _, d := range documents {
			for _, st := range each(at(d, "Statement")) {
				place := id
				if sid, ok := at(st, "Sid").(string); ok {
					place += " " + sid
				}
				visit(place, st)
			}
		}
	}
}

// managedPolicies holds roles to those of AWS's own policies that SAM gives every
// function for logs, traces and networks. What else a role may do is written out.
func managedPolicies(s Stack, report func(place, format string, args ...any)) {
	allowed := []string{
		"service-role/AWSLambdaBasicExecutionRole", "service-role/AWSLambdaVPCAccessExecutionRole",
		"AWSXrayWriteOnlyAccess", "AWSXRayDaemonWriteAccess",
	}
	for _, r := range s.of("AWS::IAM::Role") {
		for _, arn := range each(r.Properties["ManagedPolicyArns"]) {
			_, name, aws := strings.Cut(text(arn), ":iam::aws:policy/")
			if !aws || !slices.Contains(allowed, name) {
				report(r.ID, "the managed policy %s", text(arn))
			}
		}
	}
}

// text writes a string or an intrinsic function as Fn::Sub would be written: a Ref
// as ${X}, a GetAtt as ${X.Attribute}.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case object:
		if ref, ok := v["Ref"]; ok {
			return fmt.Sprintf("${%v}", ref)
		}
		if a, ok := v["Fn::GetAtt"].([]any); ok && len(a) == 2 {
			return fmt.Sprintf("${%v.%v}", a[0], a[1])
		}
		if a, ok := v["Fn::GetAtt"].(string); ok {
			return "${" + a + "}"
		}
		switch sub := v["Fn::Sub"].(type) {
		case string:
			return sub
		case []any:
			return fmt.Sprint(sub[0])
		}
		if join, ok := v["Fn::Join"].([]any); ok && len(join) == 2 {
			var parts []string
			for _, e := range each(join[1]) {
				parts = append(parts, text(e))
			}
			return strings.Join(parts, text(join[0]))
		}
	}
	return fmt.Sprint(v)
}
