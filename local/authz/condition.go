package authz

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Condition compares one key of the request's context with some values
// ("IAM JSON policy elements: Condition", IAM User Guide).
type Condition struct {
	Operator string   // such as StringEquals, or BoolIfExists
	Key      string   // such as aws:SecureTransport, in lower case: keys ignore case
	Values   []string // one of them must match or, for a negated operator, none
}

// parseConditions reads {operator: {key: value or list}}.
func parseConditions(data json.RawMessage) ([]Condition, error) {
	operators, err := members(data)
	if err != nil {
		return nil, err
	}
	var list []Condition
	for _, op := range operators {
		how, _, err := findOperator(op.name)
		if err != nil {
			return nil, err
		}
		keys, err := members(op.value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op.name, err)
		}
		for _, k := range keys {
			c := Condition{Operator: op.name, Key: strings.ToLower(k.name)}
			if c.Values, err = parseValues(k.value, how.check); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", op.name, k.name, err)
			}
			list = append(list, c)
		}
	}
	return list, nil
}

func parseValues(data json.RawMessage, check func(string) error) ([]string, error) {
	var values []string
	for _, item := range oneOrList(data) {
		v, err := scalar(item)
		if err == nil {
			err = checkNoVariable(v)
		}
		if err == nil {
			err = check(v)
		}
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	if len(values) == 0 {
		return nil, errors.New("there is no value to compare with")
	}
	return values, nil
}

// holds reports whether the condition holds for a context whose keys are in
// lower case. A condition whose operator cannot be evaluated — which no parsed
// policy has — is an error.
func (c Condition) holds(context map[string][]string) (bool, error) {
	how, ifExists, err := findOperator(c.Operator)
	if err != nil {
		return false, err
	}
	have := context[strings.ToLower(c.Key)]
	if how.onPresence {
		return matchesAny(how, []string{fmt.Sprint(len(have) == 0)}, c.Values), nil
	}
	if len(have) == 0 {
		return ifExists || how.negated, nil
	}
	return matchesAny(how, have, c.Values) != how.negated, nil
}

func matchesAny(how operator, have, want []string) bool {
	for _, h := range have {
		for _, w := range want {
			if how.matches(h, w) {
				return true
			}
		}
	}
	return false
}
