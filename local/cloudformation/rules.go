package cloudformation

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// A Finding is something that a rule does not let pass.
type Finding struct {
	Rule  string
	Place string // the logical id, and in a policy the Sid of the statement
	Fault string
}

func (f Finding) String() string { return fmt.Sprintf("%s: %s: %s", f.Rule, f.Place, f.Fault) }

// key is how reviewed names what a finding is about.
func (f Finding) key() string { return f.Rule + " " + f.Place }

// A rule looks at one stack and reports what does not pass.
type rule struct {
	name  string
	check func(s Stack, report func(place, format string, args ...any))
}

// rules are what is asked of every stack. Each finds the fault that it is for in
// a test.
var rules = []rule{
	{"closed", closed},
	{"encrypted", encrypted},
	{"wildcard", wildcards},
	{"managed-policy", managedPolicies},
	{"authorized", authorized},
	{"delivered", delivered},
	{"function", functions},
	{"kept", kept},
	{"network", networks},
	{"named", named},
	{"reference", references},
	{"size", counts},
}

// Check transforms a template for each deployment and returns what is wrong with it
// in any, without what is in reviewed. An entry of reviewed that nothing needs is a
// finding too.
func Check(transform func(parameters map[string]string) (Template, error), deployments []Deployment, reviewed map[string]string) ([]Finding, error) {
	found := map[Finding]bool{}
	used := map[string]bool{}
	held := map[string]map[bool]bool{} // by condition, what it was
	note := func(f Finding) {
		if _, ok := reviewed[f.key()]; ok {
			used[f.key()] = true
			return
		}
		found[f] = true
	}
	for _, d := range deployments {
		t, err := transform(d.Parameters)
		if err != nil {
			return nil, fmt.Errorf("transform the template for %s: %w", d.Name, err)
		}
		s, err := t.With(d.Parameters)
		if err != nil {
			return nil, fmt.Errorf("decide the template for %s: %w", d.Name, err)
		}
		for name, holds := range s.conditions {
			if held[name] == nil {
				held[name] = map[bool]bool{}
			}
			held[name][holds] = true
		}
		for _, r := range rules {
			r.check(s, func(place, format string, args ...any) {
				note(Finding{r.name, place, fmt.Sprintf(format, args...)})
			})
		}
		for _, f := range written(t) {
			note(f)
		}
	}
	for name, was := range held {
		if len(was) < 2 {
			note(Finding{"deployments", name, "it is the same in every deployment that is checked"})
		}
	}
	for key := range reviewed {
		if !used[key] {
			found[Finding{"reviewed", key, "nothing needs this exception any more"}] = true
		}
	}
	return slices.SortedFunc(maps.Keys(found), func(a, b Finding) int { return cmp.Compare(a.String(), b.String()) }), nil
}
