package authz

import "strings"

// Role is who asks: the execution role of a function or of a state machine.
type Role struct {
	Name     string
	ARN      string // arn:aws:iam::<account>:role/<name>
	Policies []Policy
}

// Request is what is asked for.
type Request struct {
	Role     Role
	Action   string // as in s3:GetObject
	Resource string // an ARN, or "*" for an action that knows no resources
	// Context has the values of condition keys, whose case does not matter. A
	// key without values counts as missing. The key aws:PrincipalArn is filled
	// in from the Role.
	Context map[string][]string
}

// Decision is how a request is decided.
type Decision int

// The decisions. The zero one denies.
const (
	ImplicitDeny Decision = iota
	Allow
	ExplicitDeny
)

// String returns the decision in words.
func (d Decision) String() string {
	switch d {
	case Allow:
		return "allow"
	case ExplicitDeny:
		return "explicit deny"
	}
	return "implicit deny"
}

// Evaluate decides a request by the policies of its role and those of the
// resource, all of one account. It also says why: it returns the Sid of the
// statement that decided, or its position where it has none.
//
// Statements that no policy of their kind may have (see [Policy.CheckIdentity]
// and [Policy.CheckResource]) deny what they deny, and allow nothing.
func Evaluate(req Request, resourcePolicies ...Policy) (Decision, string) {
	context := make(map[string][]string, len(req.Context)+1)
	for key, values := range req.Context {
		key = strings.ToLower(key)
		context[key] = append(context[key], values...)
	}
	context["aws:principalarn"] = []string{req.Role.ARN}

	decision, why := ImplicitDeny, "no statement allows it"
	consider := func(p Policy, concerns func(Statement) bool) bool {
		for i, s := range p.Statements {
			if !concerns(s) || !s.covers(req.Action, req.Resource) {
				continue
			}
			holds, err := s.conditionsHold(context)
			switch {
			case s.Effect != EffectAllow && (holds || err != nil):
				decision, why = ExplicitDeny, s.name(i)
				return false
			case s.Effect == EffectAllow && holds && err == nil && decision != Allow:
				decision, why = Allow, s.name(i)
			}
		}
		return true
	}
	for _, p := range req.Role.Policies {
		if !consider(p, func(s Statement) bool {
			return s.Principal == nil || s.Effect != EffectAllow
		}) {
			return decision, why
		}
	}
	for _, p := range resourcePolicies {
		if !consider(p, func(s Statement) bool {
			return s.concerns(req.Role.ARN)
		}) {
			return decision, why
		}
	}
	return decision, why
}

// concerns reports whether a statement of a resource's policy is about a role.
func (s Statement) concerns(roleARN string) bool {
	deny := s.Effect != EffectAllow
	if s.Principal == nil {
		return deny
	}
	return s.Principal.names(roleARN) || deny && s.Principal.namesAccount(roleARN)
}

// covers reports whether the statement is about an action on a resource. A
// wildcard of a resource may reach over a colon, as a key of S3 may have some.
func (s Statement) covers(action, resource string) bool {
	if s.NotActions != nil {
		if matchesOneFold(s.NotActions, action) {
			return false
		}
	} else if !matchesOneFold(s.Actions, action) {
		return false
	}
	if s.NotResources != nil {
		return !matchesOne(s.NotResources, resource)
	}
	return matchesOne(s.Resources, resource)
}

func (s Statement) conditionsHold(context map[string][]string) (bool, error) {
	for _, c := range s.Conditions {
		if holds, err := c.holds(context); err != nil || !holds {
			return false, err
		}
	}
	return true, nil
}
