package iam

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Condition is one operator and key of the element Condition, with the values
// it compares with ("IAM JSON policy elements: Condition"). All conditions of a
// statement must hold; of the values of one, any is enough.
type Condition struct {
	Operator string   // such as StringEquals, NumericLessThanIfExists, ForAllValues:StringLike
	Key      string   // such as aws:SecureTransport, in any case
	Values   []string // at least one
}

func conditionsOf(data json.RawMessage) ([]Condition, error) {
	byOperator, err := objectMembers(data)
	if err != nil {
		return nil, err
	}
	var list []Condition
	for _, o := range byOperator {
		byKey, err := objectMembers(o.value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.name, err)
		}
		if len(byKey) == 0 {
			return nil, fmt.Errorf("%s: it compares nothing", o.name)
		}
		for _, k := range byKey {
			values, err := valuesOf(k.value)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", o.name, k.name, err)
			}
			list = append(list, Condition{Operator: o.name, Key: k.name, Values: values})
		}
	}
	return list, nil
}

// quantifier is the set operator before a condition operator ("Set operators for
// multivalued context keys").
type quantifier string

const (
	forAll quantifier = "ForAllValues"
	forAny quantifier = "ForAnyValue"
)

// test is a condition operator taken apart.
type test struct {
	comparison
	ifExists bool
	over     quantifier
}

// testOf takes the name of an operator apart. The pairs of a set operator and
// IfExists are refused, because AWS documents nothing about them.
func testOf(operator string) (test, error) {
	t := test{}
	name := operator
	if over, rest, ok := strings.Cut(operator, ":"); ok {
		t.over, name = quantifier(over), rest
		if t.over != forAll && t.over != forAny {
			return t, fmt.Errorf("there is no set operator %q", over)
		}
	}
	name, t.ifExists = strings.CutSuffix(name, "IfExists")
	c, ok := comparisons[name]
	switch {
	case !ok:
		return t, errors.New("it is not an operator that is evaluated here")
	case t.over != "" && !strings.HasPrefix(name, "String"):
		return t, errors.New("set operators are evaluated with the string operators only")
	case t.over != "" && t.ifExists:
		return t, errors.New("IfExists with a set operator is not evaluated here")
	case t.ifExists && c.presence:
		return t, errors.New("Null has no IfExists")
	}
	t.comparison = c
	return t, nil
}

func (c Condition) check() error {
	t, err := testOf(c.Operator)
	if err != nil {
		return err
	}
	if !strings.Contains(c.Key, ":") {
		return fmt.Errorf("%q is not a condition key", c.Key)
	}
	if err := checkText(c.Key); err != nil {
		return err
	}
	if len(c.Values) == 0 {
		return fmt.Errorf("%s: there is nothing to compare with", c.Key)
	}
	for _, v := range c.Values {
		if err := checkText(v); err != nil {
			return fmt.Errorf("%s: %w", c.Key, err)
		}
		if !t.valid(v) {
			return fmt.Errorf("%s: %q is not a value for this operator", c.Key, v)
		}
	}
	return nil
}

// holds reports whether all conditions of a checked statement hold.
func (s *Statement) holds(have requestContext) bool {
	return !slices.ContainsFunc(s.Condition, func(c Condition) bool {
		return !c.holds(have[strings.ToLower(c.Key)])
	})
}

// holds compares the values that the request has for the key.
func (c Condition) holds(have []string) bool {
	t, err := testOf(c.Operator)
	if err != nil {
		return false // Evaluate has refused the statement already
	}
	if t.presence {
		missing := len(have) == 0
		return slices.ContainsFunc(c.Values, func(v string) bool { return strings.EqualFold(v, "true") == missing })
	}
	matches := func(h string) bool {
		return slices.ContainsFunc(c.Values, func(w string) bool { return t.match(h, w) })
	}
	passes := func(h string) bool { return matches(h) != t.negated }
	switch {
	case t.over == forAll: // holds also when there is no value
		return !slices.ContainsFunc(have, func(h string) bool { return !passes(h) })
	case t.over == forAny: // fails when there is no value, even negated
		return slices.ContainsFunc(have, passes)
	case len(have) == 0:
		return t.ifExists || t.negated
	default:
		// Without a set operator a key has one value. Should the request have
		// more, a negated operator must hold for all of them.
		return slices.ContainsFunc(have, matches) != t.negated
	}
}
