package samtemplate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// statement is a statement of a policy in template.yaml, whatever the parameters
// are.
type statement struct {
	place      string // the resource's logical id and the Sid, as in VerifyFile.DeliverLogs
	raw        object
	actions    []string
	resources  []string
	conditions map[string][]string // the values, by key
}

// statements reads a policy document; v may also be a list of documents.
func statements(id string, v any) (all []statement) {
	if list, ok := v.([]any); ok {
		for _, document := range list {
			all = append(all, statements(id, document)...)
		}
		return all
	}
	list, _ := at(v, "Statement").([]any)
	if document := at(v, "PolicyDocument"); document != nil {
		list, _ = at(document, "Statement").([]any)
	}
	for _, one := range list {
		if branches, ok := at(one, "Fn::If").([]any); ok { // with whatever parameters
			one = branches[1]
		}
		s := statement{place: id + "." + fmt.Sprint(at(one, "Sid")), raw: one.(object), conditions: map[string][]string{}}
		s.actions, s.resources = texts(s.raw["Action"]), texts(s.raw["Resource"])
		operators, _ := s.raw["Condition"].(object)
		for _, keys := range operators {
			for key, values := range keys.(object) {
				s.conditions[key] = texts(values)
			}
		}
		all = append(all, s)
	}
	return all
}

// texts is a value of the template as text, every branch of an If included: a
// Sub as it is written, a GetAtt as in ${FilesBucket.Arn}, a Ref as in ${VerifyFile}.
func texts(v any) (all []string) {
	switch v := v.(type) {
	case nil:
	case []any:
		for _, one := range v {
			all = append(all, texts(one)...)
		}
	case object:
		if branches, ok := v["Fn::If"].([]any); ok {
			return append(texts(branches[1]), texts(branches[2])...)
		}
		switch sub := v["Fn::Sub"].(type) {
		case string:
			return []string{sub}
		case []any:
			return []string{fmt.Sprint(sub[0])}
		}
		name := target(v)
		if list, ok := v["Fn::GetAtt"].([]any); ok {
			name += "." + fmt.Sprint(list[1])
		} else if text, ok := v["Fn::GetAtt"].(string); ok {
			name = text
		}
		if name != "AWS::NoValue" {
			all = []string{"${" + name + "}"}
		}
	default:
		all = []string{fmt.Sprint(v)}
	}
	return all
}

// ofRoles visits every statement of what functions, state machines and services
// are allowed, with whatever parameters.
func ofRoles(t *testing.T, visit func(statement)) {
	t.Helper()
	n := 0
	eachResource(t, func(id, kind string, p object) {
		switch kind {
		case "AWS::Serverless::Function", "AWS::Serverless::StateMachine", "AWS::IAM::Role":
			for _, s := range statements(id, p["Policies"]) {
				n++
				visit(s)
			}
		case "AWS::IAM::Policy":
			for _, s := range statements(id, []any{p}) {
				n++
				visit(s)
			}
		}
	})
	if n < 100 {
		t.Fatalf("%d statements were found", n)
	}
}

// Each with the reason why it cannot be narrower.
var (
	anyResource = map[string]string{
		"VerifyFile.DeliverLogs":              "the actions know no resources",
		"RescanFiles.DeliverLogs":             "the actions know no resources",
		"EraseOwner.DeliverLogs":              "the actions know no resources",
		"VerifyFile.Trace":                    "segments know no resources",
		"RescanFiles.Trace":                   "segments know no resources",
		"EraseOwner.Trace":                    "segments know no resources",
		"ClamdExecutionRole.EnterTheRegistry": "the action knows no resources",
		"ClamdFlowsRole.FindTheLogGroup":      "the action knows no single group",
	}
	patterns = map[string]string{
		"${FilesBucket.Arn}/files/*":                                  "keys that are not known before: the objects",
		"${FilesBucket.Arn}/files/941370f44ffba7ae6d3ea0e765b8b0b3/*": "the objects of the canary's folder",
		"${HistoryTable.Arn}/stream/*":                                "a listing of the table's streams, whose labels are times",
		"${SignaturesBucket.Arn}/*":                                   "a bucket of nothing else",
		"arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:execution:${AWS::StackName}-rescan-files:*":             "executions have ids",
		"arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:execution:${AWS::StackName}-rescan-files/*":             "executions have ids",
		"arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3*": "GuardDuty chooses the end of the name",
	}
)

// What runs in the local stack is held to what it uses by the end-to-end tests.
// This holds whatever the parameters are, and for the roles that run in AWS only.
func TestNoRoleIsAllowedMoreThanIsWrittenOut(t *testing.T) {
	seen := map[string]bool{}
	places := map[string]bool{}
	ofRoles(t, func(s statement) {
		if strings.HasSuffix(s.place, ".<nil>") || places[s.place] {
			t.Errorf("%s has no name of its own", s.place)
		}
		places[s.place] = true
		if s.raw["Effect"] != "Allow" || s.raw["NotAction"] != nil || s.raw["NotResource"] != nil || len(s.actions) == 0 || len(s.resources) == 0 {
			t.Errorf("%s does not name what it allows: %v", s.place, s.raw)
		}
		for _, action := range s.actions {
			if strings.ContainsAny(action, "*?$") {
				t.Errorf("%s allows %s: the actions are to be written out", s.place, action)
			}
		}
		for _, resource := range s.resources {
			if !strings.ContainsAny(resource, "*?") {
				continue
			}
			key := resource
			_, ok := patterns[resource]
			if resource == "*" {
				key = s.place
				_, ok = anyResource[s.place]
			}
			if !ok {
				t.Errorf("%s is for all of %s: name it, or give the reason here why not", s.place, resource)
			}
			seen[key] = true
		}
	})
	for _, reviewed := range []map[string]string{anyResource, patterns} {
		for key := range reviewed {
			if !seen[key] {
				t.Errorf("nothing is for all of %s any more: take it out here", key)
			}
		}
	}
}

// A condition that is promised is in every statement that it is promised of.
func TestConditionsAreWhereTheyArePromised(t *testing.T) {
	promises := []struct {
		what   string
		of     func(statement) bool
		any    []string // keys, of which one must be there
		except map[string]string
	}{
		{
			what: "what is counted changes with the record only", any: []string{"dynamodb:EnclosingOperation"},
			of: func(s statement) bool { return s.allows("dynamodb:UpdateItem", "${UsageTable.Arn}") },
			except: map[string]string{
				"ReconcileUsageFunction.ReadAndRepairUsage": "it repairs what is counted",
				"ProveErasureFunction.CloseAndOpenAccounts": "an account is closed and opened without a record",
			},
		},
		{
			what: "no record is made that is not counted", any: []string{"dynamodb:EnclosingOperation"},
			of: func(s statement) bool { return s.allows("dynamodb:PutItem", "${FilesTable.Arn}") },
		},
		{
			what: "events are published in this source's name", any: []string{"events:source"},
			of: func(s statement) bool { return s.allows("events:PutEvents", "${FileEvents.Arn}") },
		},
		{
			what: "an object is written once, by a form, or not at all", any: []string{"s3:if-none-match", "s3:authType", "s3:ObjectCreationOperation"},
			of: func(s statement) bool { return s.allows("s3:PutObject", "${FilesBucket.Arn}/files/") },
		},
		{
			what: "versions are listed under files/ only", any: []string{"s3:prefix"},
			of: func(s statement) bool { return s.allows("s3:ListBucketVersions", "${FilesBucket.Arn}") },
		},
		{
			what: "who signs downloads gets what the tag opens", any: []string{"s3:ExistingObjectTag/vouch-verdict"},
			of: func(s statement) bool { return s.allows("s3:GetObjectVersion", "${FilesBucket.Arn}/files/") },
			except: map[string]string{
				"ValidateObjectFunction.DescribeVersions":  "it looks before there is a verdict",
				"ScanObjectFunction.ReadVersions":          "it reads what the verdict is made of",
				"ScanObjectImageFunctionRole.ReadVersions": "it reads what the verdict is made of",
				"ProtectionRole.AllowMalwareScan":          "GuardDuty reads what its verdict is made of",
			},
		},
		{
			what: "the key signs digests by one algorithm", any: []string{"kms:SigningAlgorithm"},
			of: func(s statement) bool { return s.allows("kms:Sign", "${ReceiptKey.Arn}") },
		},
		{
			what: "the key signs digests", any: []string{"kms:MessageType"},
			of: func(s statement) bool { return s.allows("kms:Sign", "${ReceiptKey.Arn}") },
		},
	}
	for _, p := range promises {
		found := 0
		excepted := map[string]bool{}
		ofRoles(t, func(s statement) {
			if !p.of(s) {
				return
			}
			found++
			kept := slices.ContainsFunc(p.any, func(key string) bool { return len(s.conditions[key]) > 0 })
			reason, except := p.except[s.place]
			if excepted[s.place] = except; kept == except {
				t.Errorf("%s: %s has the condition: %v, excepted: %q", p.what, s.place, kept, reason)
			}
		})
		if found == 0 {
			t.Errorf("%s: nothing is allowed it", p.what)
		}
		for place := range p.except {
			if !excepted[place] {
				t.Errorf("%s: %s is excepted and not there", p.what, place)
			}
		}
	}
}

// allows reports whether s allows an action on a resource that begins so.
func (s statement) allows(action, resource string) bool {
	return slices.Contains(s.actions, action) && slices.ContainsFunc(s.resources, func(r string) bool { return strings.HasPrefix(r, resource) })
}

// Managed policies are written by others and change: those that there are
// do what a template cannot do better.
func TestNoRoleHasAManagedPolicyThatHasNoReason(t *testing.T) {
	reasons := map[string]string{
		"RefreshSignaturesFunctionRole AWSXRayDaemonWriteAccess":      "segments know no resources; SAM adds the same for Tracing",
		"ScanObjectImageFunctionRole AWSXRayDaemonWriteAccess":        "segments know no resources; SAM adds the same for Tracing",
		"ScanObjectImageFunctionRole AWSLambdaVPCAccessExecutionRole": "network interfaces have ids; SAM adds the same for VpcConfig",
	}
	seen := map[string]bool{}
	eachResource(t, func(id, kind string, p object) {
		for _, arn := range texts(p["ManagedPolicyArns"]) {
			name := id + " " + arn[strings.LastIndex(arn, "/")+1:]
			if seen[name] = true; reasons[name] == "" {
				t.Errorf("%s is not reviewed", name)
			}
		}
	})
	if len(seen) != len(reasons) {
		t.Errorf("there are %v", slices.Sorted(maps.Keys(seen)))
	}
}

// A service takes a role, or writes to a queue or a topic, for this account only
// ("The confused deputy problem", IAM User Guide).
func TestNoServiceActsForAnotherAccount(t *testing.T) {
	excepted := map[string]string{
		"RefreshSignaturesFunctionRole": "Lambda takes the role of a function of this account only, as those that SAM makes",
		"ScanObjectImageFunctionRole":   "likewise",
	}
	services := 0
	see := func(id string, v any) {
		for _, s := range statements(id, v) {
			if s.raw["Effect"] != "Allow" || at(s.raw, "Principal", "Service") == nil {
				continue
			}
			services++
			bound := len(s.conditions["aws:SourceAccount"])+len(s.conditions["aws:SourceArn"]) > 0
			if reason, except := excepted[id]; bound == except {
				t.Errorf("%s is bound to this account: %v, excepted: %q", s.place, bound, reason)
			}
		}
	}
	eachResource(t, func(id, kind string, p object) {
		see(id, p["AssumeRolePolicyDocument"])
		see(id, p["PolicyDocument"])
		see(id, p["KeyPolicy"])
	})
	if services < 10 {
		t.Errorf("%d services were found", services)
	}
}

// Nobody is everybody, except who comes by the endpoint of the network that has
// no way out.
func TestEverybodyIsAllowedNothing(t *testing.T) {
	eachResource(t, func(id, kind string, p object) {
		for _, s := range statements(id, p["PolicyDocument"]) {
			everybody := s.raw["Principal"] == "*" && s.raw["Effect"] == "Allow"
			if everybody && kind != "AWS::EC2::VPCEndpoint" && len(s.conditions["aws:SourceVpce"]) == 0 {
				t.Errorf("%s allows %v to everybody", s.place, s.actions)
			}
		}
	})
}
