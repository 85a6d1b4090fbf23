// Package authz decides whether a role may carry out an action, as AWS Identity
// and Access Management does for a principal and a resource of one account
// ("Policy evaluation logic", IAM User Guide): a deny that applies wins; else an
// allow of the role's own policies or of the resource's policy suffices; what
// nothing allows is denied.
//
// It is pure: it reads policy documents and compares strings. A policy that it
// does not understand in full is an error when it is parsed ("IAM JSON policy
// element reference"), because a skipped condition would widen an allow, and a
// skipped element would lose a deny. Not understood, and hence refused, are
// NotPrincipal, policy variables (${…}), the date and binary operators, the set
// qualifiers ForAllValues and ForAnyValue, and principals other than AWS and
// Service. Permission boundaries, session policies and organizations' policies
// have no place here: the caller has none.
package authz

import (
	"encoding/json"
	"fmt"
)

// Policy is a policy document. Its JSON form may write any list of one element
// as that element.
type Policy struct {
	Version    string // "2012-10-17", "2008-10-17" or "" for the latter
	Statements []Statement
}

// Effect is what a statement that applies brings about.
type Effect string

// The two effects.
const (
	EffectAllow Effect = "Allow"
	EffectDeny  Effect = "Deny"
)

// Statement is one statement of a policy. Exactly one of Actions and NotActions,
// and exactly one of Resources and NotResources, is set.
type Statement struct {
	Sid          string
	Effect       Effect
	Principal    *Principal // nil in the policy of a role
	Actions      []string   // patterns such as s3:Get*; their case does not matter
	NotActions   []string
	Resources    []string // ARN patterns, or "*"
	NotResources []string
	Conditions   []Condition // all of them must hold
}

// Principal says whom a statement of a resource's policy is about.
type Principal struct {
	Anyone   bool     // "*" or {"AWS": "*"}
	AWS      []string // ARNs of roles or users, of an account's root, or account numbers
	Services []string // such as events.amazonaws.com; a role is never a service
}

// UnmarshalJSON reads a policy document. Elements, operators and values that
// [Evaluate] would not honour are errors.
func (p *Policy) UnmarshalJSON(data []byte) error {
	elements, err := members(data)
	if err != nil {
		return fmt.Errorf("parse policy: %w", err)
	}
	var parsed Policy
	for _, e := range elements {
		switch e.name {
		case "Version":
			parsed.Version, err = text(e.value)
			if err == nil && parsed.Version != "2012-10-17" && parsed.Version != "2008-10-17" {
				err = fmt.Errorf("%q is no version of the policy language", parsed.Version)
			}
		case "Id": // a name for people, that decides nothing
			_, err = text(e.value)
		case "Statement":
			parsed.Statements, err = parseStatements(e.value)
		default:
			err = errUnknownElement
		}
		if err != nil {
			return fmt.Errorf("parse policy: %s: %w", e.name, err)
		}
	}
	if len(parsed.Statements) == 0 {
		return fmt.Errorf("parse policy: it has no Statement")
	}
	*p = parsed
	return nil
}

// Parse reads a policy document.
func Parse(document []byte) (Policy, error) {
	var p Policy
	if err := json.Unmarshal(document, &p); err != nil {
		return Policy{}, err
	}
	if p.Statements == nil { // the document is null, which Unmarshal leaves out
		return Policy{}, fmt.Errorf("parse policy: it has no Statement")
	}
	return p, nil
}

// CheckIdentity reports whether the policy may be attached to a role: such a
// policy must not have a Principal.
func (p Policy) CheckIdentity() error {
	for i, s := range p.Statements {
		if s.Principal != nil {
			return fmt.Errorf("%s has a Principal, in the policy of a role", s.name(i))
		}
	}
	return nil
}

// CheckResource reports whether the policy may be attached to a resource: such
// a policy must say in each statement whom it is about.
func (p Policy) CheckResource() error {
	for i, s := range p.Statements {
		if s.Principal == nil {
			return fmt.Errorf("%s has no Principal, in the policy of a resource", s.name(i))
		}
	}
	return nil
}

// name is how the statement at position i (from 0) of its policy is called.
func (s Statement) name(i int) string {
	if s.Sid != "" {
		return s.Sid
	}
	return fmt.Sprintf("statement %d", i+1)
}
