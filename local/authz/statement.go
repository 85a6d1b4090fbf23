package authz

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

var errUnknownElement = errors.New("an element that is not evaluated")

// parseStatements reads one statement or a list of them.
func parseStatements(data json.RawMessage) ([]Statement, error) {
	var statements []Statement
	sids := map[string]bool{}
	for i, item := range oneOrList(data) {
		s, err := parseStatement(item)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name(i), err)
		}
		if s.Sid != "" && sids[s.Sid] {
			return nil, fmt.Errorf("two statements have the Sid %q", s.Sid)
		}
		sids[s.Sid] = true
		statements = append(statements, s)
	}
	return statements, nil
}

func parseStatement(data json.RawMessage) (Statement, error) {
	var s Statement
	elements, err := members(data)
	if err != nil {
		return s, err
	}
	for _, e := range elements {
		switch e.name {
		case "Sid":
			s.Sid, err = text(e.value)
		case "Effect":
			var effect string
			effect, err = text(e.value)
			s.Effect = Effect(effect)
		case "Principal":
			s.Principal, err = parsePrincipal(e.value)
		case "Action":
			s.Actions, err = parseList(e.value, checkAction)
		case "NotAction":
			s.NotActions, err = parseList(e.value, checkAction)
		case "Resource":
			s.Resources, err = parseList(e.value, checkResource)
		case "NotResource":
			s.NotResources, err = parseList(e.value, checkResource)
		case "Condition":
			s.Conditions, err = parseConditions(e.value)
		default:
			err = errUnknownElement
		}
		if err != nil {
			return s, fmt.Errorf("%s: %w", e.name, err)
		}
	}
	switch {
	case s.Effect != EffectAllow && s.Effect != EffectDeny:
		return s, fmt.Errorf("the Effect must be Allow or Deny, and is %q", s.Effect)
	case (s.Actions == nil) == (s.NotActions == nil):
		return s, errors.New("exactly one of Action and NotAction is needed")
	case (s.Resources == nil) == (s.NotResources == nil):
		return s, errors.New("exactly one of Resource and NotResource is needed")
	}
	return s, nil
}

// parseList reads one string or a list of some, each of which check accepts.
func parseList(data json.RawMessage, check func(string) error) ([]string, error) {
	var list []string
	for _, item := range oneOrList(data) {
		v, err := text(item)
		if err != nil {
			return nil, err
		}
		if err := check(v); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	if len(list) == 0 {
		return nil, errors.New("the list is empty")
	}
	return list, nil
}

func checkAction(v string) error {
	service, action, ok := strings.Cut(v, ":")
	if v != "*" && (!ok || service == "" || action == "" || strings.Contains(action, ":")) {
		return fmt.Errorf("%q is not of the form service:action", v)
	}
	return checkNoVariable(v)
}

func checkResource(v string) error {
	if v != "*" && !isARN(v) {
		return fmt.Errorf("%q is neither an ARN nor *", v)
	}
	return checkNoVariable(v)
}

// checkNoVariable refuses policy variables: compared as they stand they would
// match nothing, and a deny would be lost.
func checkNoVariable(v string) error {
	if strings.Contains(v, "${") {
		return fmt.Errorf("%q has a policy variable, and these are not evaluated", v)
	}
	return nil
}

// isARN reports whether v has the six parts of an ARN.
func isARN(v string) bool {
	return strings.HasPrefix(v, "arn:") && strings.Count(v, ":") >= 5
}
