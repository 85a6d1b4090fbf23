package iam

import (
	"fmt"
	"strings"
)

// Request is what is to be decided: may the principal do the action to the
// resource, in these circumstances?
type Request struct {
	Principal Principal
	Action    string              // such as s3:GetObject; never a pattern
	Resource  string              // the ARN that the action works on, or * for actions without one
	Context   map[string][]string // by condition key, in any case; a key without values is not there
}

// Decision is the outcome of an evaluation. The zero value refuses.
type Decision int

// The decisions, of which only Allow lets a request through.
const (
	ImplicitDeny Decision = iota // no statement allows it
	Allow                        // a statement allows it and none denies it
	ExplicitDeny                 // a statement denies it
)

// String returns the decision as the IAM policy simulator spells it.
func (d Decision) String() string {
	switch d {
	case ImplicitDeny:
		return "implicitDeny"
	case Allow:
		return "allowed"
	case ExplicitDeny:
		return "explicitDeny"
	}
	return fmt.Sprintf("Decision(%d)", int(d))
}

// Evaluate decides the request by the policies of its principal and that of the
// resource, if it has one. why says which statement decided, for the log and
// for whoever reads an AccessDenied: it names the principal, action, resource
// and statement, and no value of the context.
//
// The key aws:PrincipalArn is filled in from the principal if the context has
// none. A policy that does not hold up (one written in Go, a role's policy that
// names principals, a resource's that names none) denies everything.
func Evaluate(req Request, resourcePolicy *Policy) (decision Decision, why string) {
	have := newContext(req)
	allowedBy := ""
	for i := range req.Principal.Policies {
		d, by := apply(&req.Principal.Policies[i], "role", req, have)
		if d == ExplicitDeny {
			return d, explain(req, "is denied by "+by)
		}
		if d == Allow && allowedBy == "" {
			allowedBy = by
		}
	}
	if resourcePolicy != nil {
		d, by := apply(resourcePolicy, "resource", req, have)
		if d == ExplicitDeny {
			return d, explain(req, "is denied by "+by)
		}
		if d == Allow && allowedBy == "" {
			allowedBy = by
		}
	}
	if allowedBy == "" {
		return ImplicitDeny, explain(req, "is not allowed by any statement")
	}
	return Allow, explain(req, "is allowed by "+allowedBy)
}

func explain(req Request, outcome string) string {
	return fmt.Sprintf("%s to %s for %s %s", req.Action, req.Resource, req.Principal.ARN, outcome)
}

// apply decides by one policy of owner ("role" or "resource"), and describes the
// statement that decided.
func apply(p *Policy, owner string, req Request, have requestContext) (Decision, string) {
	decision, by := ImplicitDeny, ""
	for i := range p.Statements {
		s := &p.Statements[i]
		name := fmt.Sprintf("statement %q of the %s's policy", s.Sid, owner)
		if s.Sid == "" {
			name = fmt.Sprintf("statement %d of the %s's policy", i, owner)
		}
		namesPrincipals := s.Principal != nil || s.NotPrincipal != nil
		if err := s.check(); err != nil {
			return ExplicitDeny, fmt.Sprintf("%s, which cannot be evaluated: %v", name, err)
		}
		if namesPrincipals != (owner == "resource") {
			return ExplicitDeny, name + ", which cannot be evaluated: only a resource's policy names principals, and it must"
		}
		if namesPrincipals && !s.matchesPrincipal(req.Principal) {
			continue
		}
		if !s.matchesAction(req.Action) || !s.matchesResource(req.Resource) || !s.holds(have) {
			continue
		}
		if s.Effect == EffectDeny {
			return ExplicitDeny, name
		}
		if decision == ImplicitDeny {
			decision, by = Allow, name
		}
	}
	return decision, by
}

// requestContext has the values of the condition keys by lower-case key.
type requestContext map[string][]string

func newContext(req Request) requestContext {
	have := make(requestContext, len(req.Context)+1)
	for k, v := range req.Context {
		k = strings.ToLower(k)
		have[k] = append(have[k], v...)
	}
	if len(have["aws:principalarn"]) == 0 {
		have["aws:principalarn"] = []string{req.Principal.ARN}
	}
	return have
}
