package iam

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Policy is a policy document, of a role (identity-based) or of a resource
// ("IAM JSON policy element reference").
type Policy struct {
	Version    string // 2012-10-17, 2008-10-17 or empty
	ID         string // the element Id, which says nothing to the evaluation
	Statements []Statement
}

// Effect is what a statement does when it applies.
type Effect string

// The effects that a statement can have.
const (
	EffectAllow Effect = "Allow"
	EffectDeny  Effect = "Deny"
)

// Statement is one statement of a policy. It applies when its principals,
// actions, resources and conditions all do. Of each pair with Not exactly one
// is set, but for principals, which only the policy of a resource has.
type Statement struct {
	Sid          string
	Effect       Effect
	Action       []string // patterns such as s3:Get*
	NotAction    []string
	Resource     []string // patterns of ARNs such as arn:aws:s3:::bucket/files/*
	NotResource  []string
	Principal    *PrincipalSet // nil in the policy of a role
	NotPrincipal *PrincipalSet
	Condition    []Condition
}

// UnmarshalJSON reads a policy document and checks all of it. Statement may be
// one statement or a list of them.
func (p *Policy) UnmarshalJSON(data []byte) error {
	members, err := objectMembers(data)
	if err != nil {
		return fmt.Errorf("read policy: %w", err)
	}
	read := Policy{}
	for _, m := range members {
		switch m.name {
		case "Version":
			read.Version, err = stringOf(m.value)
			if err == nil && read.Version != "2012-10-17" && read.Version != "2008-10-17" {
				err = fmt.Errorf("there is no version %q of the policy language", read.Version)
			}
		case "Id":
			read.ID, err = stringOf(m.value)
		case "Statement":
			read.Statements, err = statementsOf(m.value)
		default:
			err = errors.New("no such element of a policy")
		}
		if err != nil {
			return fmt.Errorf("read policy: %s: %w", m.name, err)
		}
	}
	if len(read.Statements) == 0 {
		return errors.New("read policy: it has no Statement")
	}
	*p = read
	return nil
}

func statementsOf(data json.RawMessage) ([]Statement, error) {
	var list []json.RawMessage
	if isArray(data) {
		if err := json.Unmarshal(data, &list); err != nil {
			return nil, err
		}
	} else {
		list = []json.RawMessage{data}
	}
	statements := make([]Statement, len(list))
	for i, raw := range list {
		if err := statements[i].UnmarshalJSON(raw); err != nil {
			return nil, fmt.Errorf("%d: %w", i, err)
		}
	}
	return statements, nil
}

// UnmarshalJSON reads one statement and checks it. Action, Resource and their
// opposites may be one string or a list.
func (s *Statement) UnmarshalJSON(data []byte) error {
	members, err := objectMembers(data)
	if err != nil {
		return err
	}
	read := Statement{}
	for _, m := range members {
		switch m.name {
		case "Sid":
			read.Sid, err = stringOf(m.value)
		case "Effect":
			var effect string
			effect, err = stringOf(m.value)
			read.Effect = Effect(effect)
		case "Action":
			read.Action, err = stringsOf(m.value)
		case "NotAction":
			read.NotAction, err = stringsOf(m.value)
		case "Resource":
			read.Resource, err = stringsOf(m.value)
		case "NotResource":
			read.NotResource, err = stringsOf(m.value)
		case "Principal":
			read.Principal, err = principalsOf(m.value)
		case "NotPrincipal":
			read.NotPrincipal, err = principalsOf(m.value)
		case "Condition":
			read.Condition, err = conditionsOf(m.value)
		default:
			err = errors.New("no such element of a statement")
		}
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	if err := read.check(); err != nil {
		return err
	}
	*s = read
	return nil
}

// check finds what makes a statement one that cannot be evaluated. It is run
// when a statement is read, and again by Evaluate, because a Statement can also
// be written in Go.
func (s *Statement) check() error {
	switch {
	case s.Effect != EffectAllow && s.Effect != EffectDeny:
		return fmt.Errorf("Effect: it is %q, neither Allow nor Deny", s.Effect)
	case (len(s.Action) == 0) == (len(s.NotAction) == 0):
		return errors.New("exactly one of Action and NotAction must be there")
	case (len(s.Resource) == 0) == (len(s.NotResource) == 0):
		return errors.New("exactly one of Resource and NotResource must be there")
	case s.Principal != nil && s.NotPrincipal != nil:
		return errors.New("Principal and NotPrincipal exclude each other")
	case s.NotPrincipal != nil && s.Effect == EffectAllow:
		// "AWS JSON policy elements: NotPrincipal"
		return errors.New("NotPrincipal: IAM takes it with the effect Deny only")
	}
	for _, list := range [][]string{s.Action, s.NotAction} {
		for _, a := range list {
			if err := checkText(a); err != nil {
				return fmt.Errorf("Action: %w", err)
			}
			if service, name, ok := strings.Cut(a, ":"); a != "*" && (!ok || service == "" || name == "") {
				return fmt.Errorf("Action: %q is not of the form service:action", a)
			}
		}
	}
	for _, list := range [][]string{s.Resource, s.NotResource} {
		for _, r := range list {
			if err := checkText(r); err != nil {
				return fmt.Errorf("Resource: %w", err)
			}
			if r != "*" && !strings.HasPrefix(r, "arn:") {
				return fmt.Errorf("Resource: %q is neither an ARN nor *", r)
			}
		}
	}
	for _, p := range []*PrincipalSet{s.Principal, s.NotPrincipal} {
		if err := p.check(); err != nil {
			return fmt.Errorf("Principal: %w", err)
		}
	}
	for _, c := range s.Condition {
		if err := c.check(); err != nil {
			return fmt.Errorf("Condition: %s: %w", c.Operator, err)
		}
	}
	return nil
}

// checkText refuses policy variables ("IAM policy elements: Variables and
// tags"), which would otherwise be compared as if they were plain text.
func checkText(s string) error {
	if strings.Contains(s, "${") {
		return fmt.Errorf("%q has a policy variable; they are not evaluated here", s)
	}
	return nil
}
