// Package leastprivilege holds the policies of template.yaml to what is really
// done with them. "Granting least privilege" (Security best practices in IAM,
// IAM User Guide) is half a promise while nobody shows that nothing could be
// taken away: here every part of every policy was needed in a run of the
// end-to-end tests, or stands in a reviewed list with its reason.
package leastprivilege

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/vouch-s3/vouch/local/awsapi"
	"github.com/vouch-s3/vouch/local/policies"
	"github.com/vouch-s3/vouch/local/samtemplate"
	"github.com/vouch-s3/vouch/local/stack"
)

// Role is the role of a function or a state machine, as template.yaml has it.
type Role struct {
	LogicalID  string               // of the function or the state machine
	Statements []policies.Statement // more than one of a Sid where parameters change it
	Grants     []policies.Grant
	Guards     []policies.Guard
}

// scanners are the values of the parameter Scanners, the one that decides which
// of the roles that run here there are and what is in their policies.
var scanners = []string{"clamav", "guardduty", "clamav+guardduty", "none"}

// Roles reads the roles of the template at path, each with all that it can be
// allowed whatever the parameters are.
func Roles(path string) ([]Role, error) {
	var all []Role
	for _, s := range scanners {
		t, err := samtemplate.Load(path, samtemplate.Env{
			Region: stack.Region, AccountID: awsapi.AccountID, StackName: stack.Name,
			Parameters: map[string]string{
				"JwtIssuer": "https://issuer.example", "JwtAudience": stack.Audience, "AllowedOrigins": "https://app.example",
				"ClamdHost": "address", "ClamdAddress": "clamd.example:3310", "Scanners": s,
			},
		})
		if err != nil {
			return nil, fmt.Errorf("with Scanners=%s: %w", s, err)
		}
		for _, f := range t.Functions {
			all = add(all, f.LogicalID, f.Role)
		}
		for _, m := range t.StateMachines {
			all = add(all, stack.LogicalID(m.Role), m.Role)
		}
	}
	return all, nil
}

// add puts what a role is allowed to what it is allowed with other parameters.
func add(all []Role, logicalID string, r policies.Role) []Role {
	i := slices.IndexFunc(all, func(known Role) bool { return known.LogicalID == logicalID })
	if i < 0 {
		i, all = len(all), append(all, Role{LogicalID: logicalID})
	}
	for _, p := range r.Policies {
		for _, s := range p.Statements {
			if !slices.ContainsFunc(all[i].Statements, func(known policies.Statement) bool { return reflect.DeepEqual(known, s) }) {
				all[i].Statements = append(all[i].Statements, s)
			}
		}
	}
	all[i].Grants = union(all[i].Grants, r.Grants())
	all[i].Guards = union(all[i].Guards, r.Guards())
	return all
}

func union[T comparable](a, b []T) []T {
	for _, v := range b {
		if !slices.Contains(a, v) {
			a = append(a, v)
		}
	}
	return a
}

// Run is what was seen in a run of the end-to-end tests.
type Run struct {
	used    map[string]map[policies.Grant]bool
	guarded map[string]map[policies.Guard]bool
	denied  map[string]map[string]bool
}

// RunOf puts the uses of all stacks of a run together.
func RunOf(uses []stack.Use) Run {
	r := Run{map[string]map[policies.Grant]bool{}, map[string]map[policies.Guard]bool{}, map[string]map[string]bool{}}
	for _, u := range uses {
		switch {
		case u.Grant != nil:
			note(r.used, u.Role, *u.Grant)
		case u.Guard != nil:
			note(r.guarded, u.Role, *u.Guard)
		default:
			note(r.denied, u.Role, u.Denied)
		}
	}
	return r
}

func note[T comparable](all map[string]map[T]bool, role string, v T) {
	if all[role] == nil {
		all[role] = map[T]bool{}
	}
	all[role][v] = true
}

// Check returns a sentence for everything in which the run and the reviewed list
// do not bear the policies out, and none if each role was allowed exactly what it
// needed.
func Check(roles []Role, run Run, reviewed []Exception) (faults []string) {
	taken := make([]bool, len(reviewed)) // whether an exception was needed
	for _, role := range roles {
		for _, g := range role.Grants {
			i := slices.IndexFunc(reviewed, func(e Exception) bool { return e.covers(role.LogicalID, g) })
			used := run.used[role.LogicalID][g]
			switch {
			case used && i >= 0 && !reviewed[i].Race:
				faults = append(faults, fmt.Sprintf("%s was used, and the reviewed list says that it is not: take %q out of it", name(role.LogicalID, g), reviewed[i].Reason))
				taken[i] = true
			case i >= 0:
				taken[i] = true
			case !used:
				faults = append(faults, fmt.Sprintf("%s is allowed, and no test has needed it: take it out of template.yaml, write the end-to-end test in which the function needs it, or give the reason in local/leastprivilege/reviewed.go", name(role.LogicalID, g)))
			}
		}
		for _, g := range role.Guards {
			if !run.guarded[role.LogicalID][g] {
				faults = append(faults, fmt.Sprintf("%s: the condition on %s of the statement %s has refused nothing: let TestEveryConditionRefusesWhatItIsThereFor know how to break it", role.LogicalID, g.Key, g.Sid))
			}
		}
	}
	for role, actions := range run.denied {
		for action := range actions {
			faults = append(faults, fmt.Sprintf("%s was denied %s: the template allows it less than it needs, or it asks for what it should not", role, action))
		}
	}
	for i, e := range reviewed {
		if !taken[i] {
			faults = append(faults, fmt.Sprintf("the reviewed list has %s %s %s, which the template allows nobody any more", e.Role, e.Sid, e.Action))
		}
	}
	slices.Sort(faults)
	return faults
}

func name(role string, g policies.Grant) string {
	text := fmt.Sprintf("%s: %s on %s (%s)", role, g.Action, short(g.Resource), g.Sid)
	if g.Value != "" {
		text += " where " + g.Value
	}
	return text
}
