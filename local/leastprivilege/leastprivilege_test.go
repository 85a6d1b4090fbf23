package leastprivilege

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/local/policies"
	"github.com/vouch-s3/vouch/local/stack"
)

const template = "../../template.yaml"

func templateRoles(t *testing.T) []Role {
	t.Helper()
	roles, err := Roles(template)
	if err != nil {
		t.Fatal(err)
	}
	return roles
}

var (
	get   = policies.Grant{Sid: "Read", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/*"}
	list  = policies.Grant{Sid: "Read", Action: "s3:ListBucket", Resource: "arn:aws:s3:::b/*"}
	tag   = policies.Guard{Sid: "Read", Key: "s3:prefix"}
	getIt = stack.Use{Role: "F", Grant: &get}
	hold  = stack.Use{Role: "F", Guard: &tag}
)

func TestNothingThatIsAllowedTooMuchOrTooLittlePasses(t *testing.T) {
	f := []Role{{LogicalID: "F", Grants: []policies.Grant{get, list}, Guards: []policies.Guard{tag}}}
	notList := Exception{Role: "F", Sid: "Read", Action: "s3:ListBucket", Reason: "a fault that cannot be made"}
	for _, tt := range []struct {
		name     string
		roles    []Role
		uses     []stack.Use
		reviewed []Exception
		want     []string // what each fault says
	}{
		{"all is needed", f, []stack.Use{getIt, hold, {Role: "F", Grant: &list}}, nil, nil},
		{"the rest is reviewed", f, []stack.Use{getIt, hold}, []Exception{notList}, nil},
		{"something is not needed", f, []stack.Use{getIt, hold}, nil, []string{"F: s3:ListBucket on b/* (Read) is allowed, and no test has needed it"}},
		{"another needs it", f, []stack.Use{getIt, hold, {Role: "G", Grant: &list}}, nil, []string{"s3:ListBucket"}},
		{"what is reviewed is used", f, []stack.Use{getIt, hold, {Role: "F", Grant: &list}}, []Exception{notList}, []string{"was used, and the reviewed list says that it is not"}},
		{"what a race may need is used", f, []stack.Use{getIt, hold, {Role: "F", Grant: &list}}, []Exception{{Role: "F", Sid: "Read", Action: "s3:ListBucket", Reason: "a race", Race: true}}, nil},
		{"what is reviewed is not there", f[:0], nil, []Exception{notList}, []string{"which the template allows nobody any more"}},
		{"a condition refuses nothing", f, []stack.Use{getIt}, []Exception{notList}, []string{"the condition on s3:prefix of the statement Read has refused nothing"}},
		{"a call is denied", f, []stack.Use{getIt, hold, {Role: "F", Denied: "s3:PutObject"}}, []Exception{notList}, []string{"F was denied s3:PutObject"}},
		{"a call of a role without policies is denied", f, []stack.Use{getIt, hold, {Role: "G", Denied: "s3:PutObject"}}, []Exception{notList}, []string{"G was denied s3:PutObject"}},
		{"a function is new", append(f[:1:1], Role{LogicalID: "New", Grants: []policies.Grant{get}}), []stack.Use{getIt, hold}, []Exception{notList}, []string{"New: s3:GetObject"}},
	} {
		faults := Check(tt.roles, RunOf(tt.uses), tt.reviewed)
		if len(faults) != len(tt.want) {
			t.Errorf("%s: %q", tt.name, faults)
			continue
		}
		for i, want := range tt.want {
			if !strings.Contains(faults[i], want) {
				t.Errorf("%s: %s", tt.name, faults[i])
			}
		}
	}
}

func TestAnExceptionIsOfWhatItNamesAndOfNothingElse(t *testing.T) {
	g := policies.Grant{Sid: "Read", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/files/*", Value: "tag=clean"}
	for _, tt := range []struct {
		e    Exception
		want bool
	}{
		{Exception{Role: "F", Sid: "Read"}, true},
		{Exception{Role: "F", Sid: "Read", Action: "s3:GetObject", Resource: "/files/*", Value: "tag=clean"}, true},
		{Exception{Role: "G", Sid: "Read"}, false},
		{Exception{Role: "F", Sid: "Write"}, false},
		{Exception{Role: "F", Sid: "Read", Action: "s3:Get"}, false},
		{Exception{Role: "F", Sid: "Read", Resource: "/other/*"}, false},
		{Exception{Role: "F", Sid: "Read", Value: "tag=flagged"}, false},
	} {
		if got := tt.e.covers("F", g); got != tt.want {
			t.Errorf("%+v: %v", tt.e, got)
		}
	}
}

// The run of the end-to-end tests finds an exception that is used; this finds,
// without a run, one that is about nothing.
func TestEveryExceptionIsOfSomethingAndHasItsReason(t *testing.T) {
	roles := templateRoles(t)
	for _, e := range Reviewed {
		about := slices.ContainsFunc(roles, func(r Role) bool {
			return slices.ContainsFunc(r.Grants, func(g policies.Grant) bool { return e.covers(r.LogicalID, g) })
		})
		if !about || e.Reason == "" {
			t.Errorf("%+v is about nothing, or has no reason", e)
		}
	}
}

func TestTheRolesAreThoseOfEveryChoiceOfScanners(t *testing.T) {
	values := map[string]bool{}
	there := map[string]bool{}
	for _, r := range templateRoles(t) {
		there[r.LogicalID] = true
		if len(r.Grants) == 0 || len(r.Statements) == 0 {
			t.Errorf("%s is allowed nothing", r.LogicalID)
		}
		for _, g := range r.Grants {
			values[g.Value] = true
		}
	}
	if !there["AwaitGuardDutyFunction"] || !there["VerifyFile"] || !values["s3:ExistingObjectTag/vouch-verdict=unscanned"] {
		t.Errorf("%v, %v", there, values)
	}
}

func TestTheTableOfPermissionsIsTheTemplates(t *testing.T) {
	document, err := os.ReadFile("../../docs/iam.md")
	if err != nil {
		t.Fatal(err)
	}
	want, err := Renew(string(document), Table(templateRoles(t), Reviewed))
	if err != nil {
		t.Fatal(err)
	}
	if want != string(document) {
		t.Error("docs/iam.md has another table: make iam writes it")
	}
}
