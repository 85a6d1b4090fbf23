package iam

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// Principal is who makes a request: here always the execution role of a function
// or of a state machine, with a key of its own that only this stack knows.
type Principal struct {
	AccessKeyID     string
	SecretAccessKey string   `json:"-"`
	ARN             string   // arn:aws:iam::<account>:role/<name>
	Policies        []Policy // identity-based
}

// String returns the ARN, so that a principal that is printed does not give
// away its secret key.
func (p Principal) String() string { return p.ARN }

// GoString does for %#v what String does for the rest.
func (p Principal) GoString() string { return fmt.Sprintf("iam.Principal{ARN:%q}", p.ARN) }

// LogValue logs the ARN only.
func (p Principal) LogValue() slog.Value { return slog.StringValue(p.ARN) }

// account returns the account's number, or "" if the ARN has none.
func (p Principal) account() string {
	if parts := strings.SplitN(p.ARN, ":", arnParts); len(parts) == arnParts {
		return parts[4]
	}
	return ""
}

// PrincipalSet is the element Principal or NotPrincipal of a resource's policy
// ("AWS JSON policy elements: Principal").
type PrincipalSet struct {
	Everyone bool     // "*" or {"AWS": "*"}
	AWS      []string // ARNs of roles and users, ARNs of accounts (…:root) and account numbers
	Service  []string // such as events.amazonaws.com; never a role
}

func principalsOf(data json.RawMessage) (*PrincipalSet, error) {
	if s, err := stringOf(data); err == nil {
		if s != "*" {
			return nil, fmt.Errorf("%q is neither * nor an object", s)
		}
		return &PrincipalSet{Everyone: true}, nil
	}
	members, err := objectMembers(data)
	if err != nil {
		return nil, err
	}
	set := &PrincipalSet{}
	for _, m := range members {
		list, err := stringsOf(m.value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		switch m.name {
		case "AWS":
			set.Everyone = slices.Contains(list, "*")
			set.AWS = slices.DeleteFunc(list, func(s string) bool { return s == "*" })
		case "Service":
			set.Service = list
		default:
			return nil, fmt.Errorf("principals of the type %s are not known here", m.name)
		}
	}
	return set, set.check()
}

func (s *PrincipalSet) check() error {
	if s == nil {
		return nil
	}
	if !s.Everyone && len(s.AWS)+len(s.Service) == 0 {
		return errors.New("it names nobody")
	}
	for _, a := range s.AWS {
		if accountOf(a) != "" {
			continue
		}
		if !strings.HasPrefix(a, "arn:") || strings.Count(a, ":") < arnParts-1 {
			return fmt.Errorf("%q is neither an ARN nor an account", a)
		}
		if strings.ContainsAny(a, "*?$") { // "You cannot use a wildcard to match part of a principal name or ARN."
			return fmt.Errorf("%q is a pattern; a principal is named in full", a)
		}
	}
	for _, service := range s.Service {
		if !strings.Contains(service, ".") || strings.ContainsAny(service, "*?$") {
			return fmt.Errorf("%q is not a service", service)
		}
	}
	return nil
}

// accountOf returns the account that an entry names as a whole, or "".
func accountOf(entry string) string {
	if len(entry) == 12 && strings.Trim(entry, "0123456789") == "" {
		return entry
	}
	parts := strings.SplitN(entry, ":", arnParts)
	if len(parts) == arnParts && parts[2] == "iam" && parts[5] == "root" && len(parts[4]) == 12 && strings.Trim(parts[4], "0123456789") == "" {
		return parts[4]
	}
	return ""
}

// names reports whether p is named itself, or with everyone.
func (s *PrincipalSet) names(p Principal) bool {
	return s.Everyone || slices.Contains(s.AWS, p.ARN)
}

// namesAccount reports whether p's account is named as a whole.
func (s *PrincipalSet) namesAccount(p Principal) bool {
	account := p.account()
	return account != "" && slices.ContainsFunc(s.AWS, func(a string) bool { return accountOf(a) == account })
}

// matchesPrincipal reports whether a statement of a resource's policy speaks of
// p.
//
// An account as a principal delegates to the account and does not by itself
// allow its roles anything, so for an Allow it counts for nothing here (what it
// delegates is a matter of the role's own policies, which are evaluated
// anyway); a Deny of an account concerns every role in it.
//
// NotPrincipal spares a role only if both the role and its account are named,
// as IAM checks the one and the other.
func (s *Statement) matchesPrincipal(p Principal) bool {
	switch {
	case s.NotPrincipal != nil:
		n := s.NotPrincipal
		return !n.Everyone && !(n.names(p) && n.namesAccount(p))
	case s.Principal == nil:
		return false
	case s.Effect == EffectDeny:
		return s.Principal.names(p) || s.Principal.namesAccount(p)
	default:
		return s.Principal.names(p)
	}
}
