package cloudformation

import (
	"fmt"
	"slices"
	"strings"
)

// gatewayWaits is how long an HTTP API waits for a function, in seconds ("Quotas for
// configuring and running an HTTP API", API Gateway Developer Guide).
const gatewayWaits = 30

// functions holds every function to arm64, traces if the stack has them, a log group that forgets, and a
// timeout that ends before its caller gives up. The timeouts of a workflow's tasks
// are held by local/samtemplate.
func functions(s Stack, report func(place, format string, args ...any)) {
	called := map[string]bool{} // by an HTTP API, which waits
	for _, p := range s.of("AWS::Lambda::Permission") {
		if p.Properties["Principal"] == "apigateway.amazonaws.com" {
			called[target(p.Properties["FunctionName"])] = true
		}
	}
	for _, f := range s.of("AWS::Lambda::Function") {
		p := f.Properties
		if fmt.Sprint(p["Architectures"]) != "[arm64]" {
			report(f.ID, "it runs on %v", p["Architectures"])
		}
		mode := text(at(p, "TracingConfig", "Mode")) // SAM leaves the parameter where it may be Active
		traced(s, f, mode == "Active" || mode == "${Tracing}", at(p, "Role"), report)
		logs := s.Resources[target(at(p, "LoggingConfig", "LogGroup"))]
		if logs.Type != "AWS::Logs::LogGroup" {
			report(f.ID, "it has no log group of this stack")
		}
		timeout, ok := p["Timeout"].(float64)
		if !ok {
			report(f.ID, "it has Lambda's own timeout, which nobody chose")
		}
		if called[f.ID] && timeout >= gatewayWaits {
			report(f.ID, "it may take %v s, and API Gateway waits for %d", timeout, gatewayWaits)
		}
	}
	for _, g := range s.of("AWS::Logs::LogGroup") {
		if g.Properties["RetentionInDays"] == nil {
			report(g.ID, "its logs are kept for ever")
		}
	}
	for _, st := range s.of("AWS::ApiGatewayV2::Stage") {
		if at(st.Properties, "AccessLogSettings", "DestinationArn") == nil {
			report(st.ID, "its calls are not logged")
		}
		if at(st.Properties, "DefaultRouteSettings", "ThrottlingRateLimit") == nil {
			report(st.ID, "its calls are not limited")
		}
	}
	for _, m := range s.of("AWS::StepFunctions::StateMachine") {
		traced(s, m, at(m.Properties, "TracingConfiguration", "Enabled") == true, at(m.Properties, "RoleArn"), report)
		if at(m.Properties, "LoggingConfiguration", "Destinations") == nil {
			report(m.ID, "it is not logged")
		}
	}
}

// traced holds what runs to the stack: where that is traced, which it is unless a
// condition says otherwise, all of it is, and its role may write segments; where not,
// nothing is, and no role may.
func traced(s Stack, r Resource, is bool, role any, report func(place, format string, args ...any)) {
	wanted, optional := s.conditions["IsTraced"]
	if wanted = wanted || !optional; is != wanted {
		report(r.ID, "it is traced: %v, and the stack is: %v", is, wanted)
	}
	properties := s.Resources[target(role)].Properties
	may := slices.ContainsFunc(each(properties["ManagedPolicyArns"]), func(arn any) bool {
		return strings.Contains(text(arn), "policy/AWSXRayDaemonWriteAccess") || strings.Contains(text(arn), "policy/AWSXrayWriteOnlyAccess")
	})
	for _, inline := range each(properties["Policies"]) {
		for _, st := range each(at(inline, "PolicyDocument", "Statement")) {
			may = may || slices.Contains(each(at(st, "Action")), any("xray:PutTraceSegments"))
		}
	}
	if may != wanted {
		report(r.ID, "its role may write traces: %v, and the stack is traced: %v", may, wanted)
	}
}
