// Package policies evaluates IAM policies as AWS does for principals and
// resources of one account ("Policy evaluation logic", IAM User Guide): an
// explicit deny wins, then an allow of the identity's or the resource's policy,
// and what nothing allows is denied. An element that it does not know is an
// error when the policy is read, so that no condition is ever skipped.
package policies

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Policy is a policy document.
type Policy struct {
	Version    string
	Statements Statements `json:"Statement"`
}

// Statements is one statement or a list of them.
type Statements []Statement

// Statement is one statement of a policy.
type Statement struct {
	Sid         string
	Effect      string
	Action      Strings
	NotAction   Strings
	Resource    Strings
	NotResource Strings
	Principal   *Principals
	Condition   Conditions
}

// Strings is one string or a list of them.
type Strings []string

// Principals are whom a resource's policy speaks of.
type Principals struct {
	Everyone bool
	AWS      Strings // ARNs, account ids, or "*"
	Service  Strings
}

// Role is an identity that is asked about.
type Role struct {
	Name     string
	ARN      string
	Policies []Policy
}

// ParseIdentity reads the policy of a role from JSON. Its statements name
// resources and no principal.
func ParseIdentity(document []byte) (Policy, error) {
	return parse(document, func(s Statement) error {
		if s.Principal != nil {
			return errors.New("a role's policy names no principal")
		}
		return nil
	})
}

// ParseResource reads the policy of a resource from JSON. Its statements name
// whom they speak of.
func ParseResource(document []byte) (Policy, error) {
	return parse(document, func(s Statement) error {
		if s.Principal == nil {
			return errors.New("a resource's policy needs a principal")
		}
		return s.Principal.check()
	})
}

func parse(document []byte, check func(Statement) error) (Policy, error) {
	var p Policy
	if err := strict(document, &p); err != nil {
		return Policy{}, fmt.Errorf("read a policy: %w", err)
	}
	if len(p.Statements) == 0 {
		return Policy{}, fmt.Errorf("read a policy: it has no statement")
	}
	for i, s := range p.Statements {
		if err := errors.Join(s.check(), check(s)); err != nil {
			return Policy{}, fmt.Errorf("read statement %d (%s) of a policy: %w", i, s.Sid, err)
		}
	}
	return p, nil
}

func (s Statement) check() error {
	switch {
	case s.Effect != "Allow" && s.Effect != "Deny":
		return fmt.Errorf("effect %q", s.Effect)
	case (len(s.Action) == 0) == (len(s.NotAction) == 0):
		return fmt.Errorf("it needs one of Action and NotAction")
	case (len(s.Resource) == 0) == (len(s.NotResource) == 0):
		return fmt.Errorf("it needs one of Resource and NotResource")
	}
	for _, list := range []Strings{s.Action, s.NotAction, s.Resource, s.NotResource} {
		for _, v := range list {
			if strings.Contains(v, "${") {
				return fmt.Errorf("policy variables are not evaluated here: %q", v)
			}
		}
	}
	return s.Condition.check()
}

// strict decodes JSON and refuses what it does not know.
func strict(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something behind the document")
	}
	return nil
}

// UnmarshalJSON reads one statement or a list.
func (s *Statements) UnmarshalJSON(data []byte) error {
	return oneOrMany(data, '{', (*[]Statement)(s))
}

// UnmarshalJSON reads one string or a list; numbers and booleans pass for
// their text, as in conditions.
func (s *Strings) UnmarshalJSON(data []byte) error {
	var values []any
	if trimmed := bytes.TrimSpace(data); len(trimmed) == 0 || trimmed[0] != '[' {
		data = append(append([]byte{'['}, data...), ']')
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&values); err != nil {
		return err
	}
	for _, v := range values {
		switch v.(type) {
		case string, bool, json.Number:
			*s = append(*s, fmt.Sprint(v))
		default:
			return fmt.Errorf("%v is not a string", v)
		}
	}
	return nil
}

// UnmarshalJSON reads "*" or an object of principals by kind.
func (p *Principals) UnmarshalJSON(data []byte) error {
	if string(bytes.TrimSpace(data)) == `"*"` {
		p.Everyone = true
		return nil
	}
	type plain Principals
	if err := strict(data, (*plain)(p)); err != nil {
		return fmt.Errorf("read a principal: %w", err)
	}
	return nil
}

func oneOrMany[T any](data []byte, one byte, to *[]T) error {
	if trimmed := bytes.TrimSpace(data); len(trimmed) > 0 && trimmed[0] == one {
		data = append(append([]byte{'['}, data...), ']')
	}
	return strict(data, to)
}
