package cloudformation

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// The quotas of CloudFormation ("Understand CloudFormation quotas", CloudFormation
// User Guide), which hold for the template that the transform makes.
const (
	maxResources  = 500
	maxParameters = 200
	maxOutputs    = 200
	maxBytes      = 1_000_000 // 1 MB, for a template in S3
)

func counts(s Stack, report func(place, format string, args ...any)) {
	if n := len(s.Resources); n > maxResources {
		report("Resources", "%d, and a stack has at most %d", n, maxResources)
	}
	if n := len(s.Outputs); n > maxOutputs {
		report("Outputs", "%d, and a stack has at most %d", n, maxOutputs)
	}
}

// namings are the properties by which a resource is named.
var namings = []string{
	"Name", "FunctionName", "TableName", "BucketName", "QueueName", "TopicName", "RoleName", "PolicyName", "LogGroupName",
	"StateMachineName", "AliasName", "TrailName", "AlarmName", "DashboardName", "ArchiveName", "RegistryName", "Family",
}

// owners are the types whose names are an account's and a region's, or everybody's:
// two stacks that give the same cannot both be there.
var owners = []string{
	"AWS::Scheduler::Schedule", "AWS::Lambda::Function", "AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::SNS::Topic",
	"AWS::IAM::Role", "AWS::Logs::LogGroup", "AWS::StepFunctions::StateMachine", "AWS::KMS::Alias", "AWS::CloudTrail::Trail",
	"AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::Events::EventBus", "AWS::Events::Rule", "AWS::Events::Archive",
	"AWS::Events::Connection", "AWS::Events::ApiDestination", "AWS::EventSchemas::Registry", "AWS::ECS::TaskDefinition", "AWS::ECS::Cluster",
}

// named holds every name to the stack's own, so that two stacks fit in one account.
func named(s Stack, report func(place, format string, args ...any)) {
	for _, id := range s.ids() {
		r := s.Resources[id]
		if !slices.Contains(owners, r.Type) {
			continue
		}
		for _, property := range namings {
			if name := r.Properties[property]; name != nil && !strings.Contains(text(name), "${AWS::StackName}") {
				report(id, "the %s %s is the same in every stack", property, text(name))
			}
		}
	}
}

// references holds what is made to what is there: nothing may refer to what a
// condition has left out, or to itself by way of others.
func references(s Stack, report func(place, format string, args ...any)) {
	needs := map[string][]string{}
	for _, id := range s.ids() {
		for _, to := range referred(s.Resources[id].Properties) {
			if _, there := s.Resources[to]; there {
				needs[id] = append(needs[id], to)
			} else if s.isResource(to) {
				report(id, "it refers to %s, which is not there", to)
			}
		}
		for _, to := range each(s.Resources[id].entry["DependsOn"]) { // one that is left out is not waited for
			needs[id] = append(needs[id], fmt.Sprint(to))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Outputs)) {
		for _, to := range referred(s.Outputs[name]) {
			if _, there := s.Resources[to]; !there && s.isResource(to) {
				report(name, "it refers to %s, which is not there", to)
			}
		}
	}
	state := map[string]int{} // 1: under way, 2: done
	var walk func(id string)
	walk = func(id string) {
		state[id] = 1
		for _, to := range needs[id] {
			if state[to] == 1 {
				report(id, "it needs %s, which needs it", to)
			} else if state[to] == 0 {
				walk(to)
			}
		}
		state[id] = 2
	}
	for _, id := range s.ids() {
		if state[id] == 0 {
			walk(id)
		}
	}
}

// isResource says whether a name that is referred to must be a resource's.
func (s Stack) isResource(name string) bool {
	return !strings.HasPrefix(name, "AWS::") && !s.parameters[name]
}

var variable = regexp.MustCompile(`\$\{([A-Za-z0-9:]+)(\.[A-Za-z0-9.]+)?\}`)

// referred returns the names that v refers to, by Ref, GetAtt and Sub.
func referred(v any) []string {
	var all []string
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case object:
			if id := target(v); id != "" && len(v) == 1 {
				all = append(all, id)
				return
			}
			if sub, ok := v["Fn::Sub"]; ok && len(v) == 1 {
				parts := each(sub)
				own := object{}
				if len(parts) == 2 {
					own, _ = parts[1].(object)
					walk(own)
				}
				for _, m := range variable.FindAllStringSubmatch(fmt.Sprint(parts[0]), -1) {
					if _, local := own[m[1]]; !local {
						all = append(all, m[1])
					}
				}
				return
			}
			for _, name := range slices.Sorted(maps.Keys(v)) {
				walk(v[name])
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(v)
	return all
}

// What no template may say: where it is deployed.
var (
	partition = regexp.MustCompile(`arn:aws(-cn|-us-gov)?:`)
	region    = regexp.MustCompile(`\b(us|eu|ap|sa|ca|me|af|il|mx|cn)-(gov-)?(north|south|east|west|central|northeast|northwest|southeast|southwest)-[0-9]\b`)
	account   = regexp.MustCompile(`\b[0-9]{12}\b`)
	suffix    = regexp.MustCompile(`//[^/]*\.amazonaws\.com`)
)

// written looks at the template as it is written, and at how large it becomes.
func written(t Template) []Finding {
	var all []Finding
	var walk func(place string, v any)
	walk = func(place string, v any) {
		switch v := v.(type) {
		case object:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				walk(place, v[name])
			}
		case []any:
			for _, e := range v {
				walk(place, e)
			}
		case string:
			for what, pattern := range map[string]*regexp.Regexp{"partition": partition, "region": region, "account": account, "partition's domain": suffix} {
				if found := pattern.FindString(v); found != "" {
					all = append(all, Finding{"placed", place, fmt.Sprintf("its %s is written down: %s", what, found)})
				}
			}
		}
	}
	for _, part := range []string{"Conditions", "Globals", "Resources", "Outputs"} {
		for id, v := range section(t.Source, part) {
			walk(id, v)
		}
	}
	if t.size > maxBytes {
		all = append(all, Finding{"size", "template", fmt.Sprintf("%d bytes, and CloudFormation takes %d", t.size, maxBytes)})
	}
	if n := len(section(t.Transformed, "Parameters")); n > maxParameters {
		all = append(all, Finding{"size", "Parameters", fmt.Sprintf("%d, and a template has at most %d", n, maxParameters)})
	}
	return all
}
