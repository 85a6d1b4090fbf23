package policies

import (
	"maps"
	"slices"
	"strings"
)

// Grant is the smallest part of a role's policies that could be taken away: one
// action of a statement, on one of its resources, for one of the values that each
// condition lists. They are as the policy has them, wildcards included, so that
// grants can be compared.
type Grant struct {
	Sid      string
	Action   string
	Resource string
	Value    string // as in key=value, with spaces between those of several conditions
}

// Grants lists all parts of what the role's policies allow, in their order. What
// is allowed by NotAction or NotResource has no parts, and is not among them.
func (r Role) Grants() (all []Grant) {
	for s := range r.allows {
		all = append(all, s.parts(s.Action, s.Resource, s.Condition.choices(nil))...)
	}
	return all
}

// Allowing lists the grants of the role that allow a request. If there is one
// alone, the request needs it. Denies are not looked at.
func Allowing(r Request) (all []Grant) {
	have := r.values()
	for s := range r.Role.allows {
		if s.Condition.hold(have) {
			actions := s.Action.matching(strings.ToLower(r.Action), strings.ToLower)
			resources := s.Resource.matching(r.Resource, func(v string) string { return v })
			all = append(all, s.parts(actions, resources, s.Condition.choices(have))...)
		}
	}
	return all
}

// allows ranges over the statements that allow something.
func (r Role) allows(yield func(Statement) bool) {
	for _, p := range r.Policies {
		for _, s := range p.Statements {
			if s.Effect == "Allow" && !yield(s) {
				return
			}
		}
	}
}

func (s Statement) parts(actions, resources Strings, values []string) (all []Grant) {
	for _, action := range actions {
		for _, resource := range resources {
			for _, value := range values {
				all = append(all, Grant{s.Sid, action, resource, value})
			}
		}
	}
	return all
}

// matching returns the patterns that match a value.
func (s Strings) matching(value string, fold func(string) string) (all Strings) {
	for _, pattern := range s {
		if like(fold(pattern), value) {
			all = append(all, pattern)
		}
	}
	return all
}

// choices lists the values that conditions can find, or, where have is not nil,
// have found: every combination where there are several conditions, and one choice,
// the empty one, where there is none. A condition that excludes values excludes all
// of them at once, and has no choice; nor has one of Null, or of IfExists.
func (c Conditions) choices(have map[string][]string) []string {
	all := []string{""}
	for _, name := range slices.Sorted(maps.Keys(c)) {
		op, known := operators[name]
		if !known || op.negated {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(c[name])) {
			var next []string
			for _, want := range c[name][key] {
				taken := func(h string) bool { return op.matches(h, want) }
				if have != nil && !slices.ContainsFunc(have[strings.ToLower(key)], taken) {
					continue
				}
				for _, before := range all {
					next = append(next, strings.TrimSpace(before+" "+key+"="+want))
				}
			}
			all = next
		}
	}
	return all
}

// Guard is one condition of a statement: a key of which it asks something.
type Guard struct{ Sid, Key string }

// Guards lists the conditions of what the role's policies allow.
func (r Role) Guards() (all []Guard) {
	for s := range r.allows {
		for _, key := range s.Condition.keys() {
			all = append(all, Guard{s.Sid, key})
		}
	}
	return all
}

// Guarding lists the conditions for whose sake the role's policies do not allow
// a request: without any one of them, they would.
func Guarding(r Request) (all []Guard) {
	if len(Allowing(r)) > 0 {
		return nil
	}
	have := r.values()
	for s := range r.Role.allows {
		for _, key := range s.Condition.keys() {
			open := s
			open.Condition = s.Condition.without(key)
			if open.covers(r, have) {
				all = append(all, Guard{s.Sid, key})
			}
		}
	}
	return all
}

// keys lists the keys that are asked for, each once.
func (c Conditions) keys() []string {
	all := map[string]bool{}
	for _, keys := range c {
		for key := range keys {
			all[key] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// without is c with nothing asked of a key.
func (c Conditions) without(key string) Conditions {
	out := Conditions{}
	for name, keys := range c {
		out[name] = maps.Clone(keys)
		delete(out[name], key)
	}
	return out
}
