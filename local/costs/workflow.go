package costs

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"

	"github.com/vouch-s3/vouch/local/lambdas"
)

// machine is a definition in Amazon States Language, as far as it is walked here.
type machine struct {
	StartAt string
	States  map[string]state
}

type state struct {
	Type           string
	Next           string
	Result         any
	ResultPath     json.RawMessage // absent for $, null for what is not kept
	ResultSelector map[string]any
	Resource       string
	Parameters     struct {
		FunctionName string
		Payload      any
	}
	Choices []choice
	Default string
	Catch   []struct {
		ErrorEquals []string
		ResultPath  json.RawMessage
		Next        string
	}
}

type choice struct {
	Variable      string
	StringEquals  *string
	BooleanEquals *bool
	And           []choice
	Next          string
}

// path walks an execution again: through the definition, from its input, with what
// its tasks have answered, each of which was given exactly what the definition
// gives it. It returns every state that was entered, a state that was tried again
// as often as it was, which is what state transitions are billed by ("each time a
// step of your workflow is executed", AWS Step Functions Pricing). kumo's own
// history has no states in it.
//
// Invocations are those of the time of the execution, and outputs what those said
// who answered for tasks that waited, by token.
func path(definition, input string, invocations []lambdas.Invocation, functionOf func(arn string) string, outputs map[string]string) ([]string, error) {
	var m machine
	var data any
	if err := json.Unmarshal([]byte(definition), &m); err != nil {
		return nil, fmt.Errorf("read the definition: %w", err)
	}
	if err := json.Unmarshal([]byte(input), &data); err != nil {
		return nil, fmt.Errorf("read the input: %w", err)
	}
	w := walk{left: append([]lambdas.Invocation{}, invocations...), functionOf: functionOf, outputs: outputs}
	for at := m.StartAt; at != ""; {
		if len(w.entered) > 100 {
			return nil, errors.New("it does not end")
		}
		s, ok := m.States[at]
		if !ok {
			return nil, fmt.Errorf("there is no state %s", at)
		}
		w.entered = append(w.entered, at)
		next, after, err := w.step(at, s, data)
		if err != nil {
			return nil, fmt.Errorf("state %s: %w", at, err)
		}
		at, data = next, after
	}
	return w.entered, nil
}

type walk struct {
	entered    []string
	left       []lambdas.Invocation
	functionOf func(arn string) string
	outputs    map[string]string
}

// step returns the state after s, empty for none, and the data that it is given.
func (w *walk) step(name string, s state, data any) (next string, after any, err error) {
	switch s.Type {
	case "Succeed", "Fail":
		return "", data, nil
	case "Pass":
		if s.Result != nil {
			data, err = put(data, s.ResultPath, s.Result)
		}
		return s.Next, data, err
	case "Choice":
		for _, c := range s.Choices {
			if holds, err := c.holds(data); err != nil || holds {
				return c.Next, data, err
			}
		}
		return s.Default, data, nil
	case "Task":
		return w.task(name, s, data)
	}
	return "", nil, fmt.Errorf("the type %s is not walked here", s.Type)
}

// task finds the invocations that a task has made, the last of which decides.
func (w *walk) task(name string, s state, data any) (string, any, error) {
	payload, err := fill(s.Parameters.Payload, data)
	if err != nil {
		return "", nil, err
	}
	tries, failed := 0, false
	var result any
	for i := 0; i < len(w.left); {
		inv := w.left[i]
		var given any
		if err := json.Unmarshal(inv.Payload, &given); err != nil || inv.Function != w.functionOf(s.Parameters.FunctionName) {
			i++ // of another function, or no JSON
			continue
		}
		token, same := alike(payload, given)
		if !same {
			i++
			continue
		}
		w.left = append(w.left[:i:i], w.left[i+1:]...)
		if tries++; tries > 1 {
			w.entered = append(w.entered, name)
		}
		if failed = inv.Result.FunctionError != ""; failed {
			continue
		}
		if result, err = w.result(s, inv, token); err != nil {
			return "", nil, err
		}
		break
	}
	switch {
	case tries == 0:
		return "", nil, errors.New("no invocation was given what it gives")
	case failed && len(s.Catch) != 1:
		return "", nil, errors.New("it failed, and not one rule catches that")
	case failed:
		data, err = put(data, s.Catch[0].ResultPath, map[string]any{})
		return s.Catch[0].Next, data, err
	}
	if s.ResultSelector != nil {
		if result, err = fill(s.ResultSelector, result); err != nil {
			return "", nil, err
		}
	}
	data, err = put(data, s.ResultPath, result)
	return s.Next, data, err
}

func (w *walk) result(s state, inv lambdas.Invocation, token string) (result any, err error) {
	if strings.HasSuffix(s.Resource, ".waitForTaskToken") {
		output, ok := w.outputs[token]
		if !ok {
			return nil, errors.New("nobody has answered for it")
		}
		return result, json.Unmarshal([]byte(output), &result)
	}
	var answer any
	err = json.Unmarshal(inv.Result.Payload, &answer)
	return map[string]any{"Payload": answer}, err
}

// holds reports whether a rule of a Choice does.
func (c choice) holds(data any) (bool, error) {
	for _, each := range c.And {
		if holds, err := each.holds(data); err != nil || !holds {
			return false, err
		}
	}
	if c.And != nil {
		return true, nil
	}
	v, err := at(data, c.Variable)
	switch {
	case err != nil:
		return false, err
	case c.StringEquals != nil:
		return v == *c.StringEquals, nil
	case c.BooleanEquals != nil:
		return v == *c.BooleanEquals, nil
	}
	return false, errors.New("a rule compares in a way that is not known here")
}

// taskToken stands for any token.
const taskToken = "$$.Task.Token"

// fill replaces what a payload template takes from the data.
func fill(template, data any) (any, error) {
	m, ok := template.(map[string]any)
	if !ok {
		return template, nil
	}
	out := map[string]any{}
	for name, v := range m {
		plain, dynamic := strings.CutSuffix(name, ".$")
		if !dynamic {
			filled, err := fill(v, data)
			if err != nil {
				return nil, err
			}
			out[name] = filled
			continue
		}
		if v == taskToken {
			out[plain] = taskToken
			continue
		}
		found, err := at(data, fmt.Sprint(v))
		if err != nil {
			return nil, err
		}
		out[plain] = found
	}
	return out, nil
}

// alike reports whether a function was given what a task gives, and the token that
// stood there if there is one.
func alike(gives, given any) (token string, same bool) {
	g, ok := gives.(map[string]any)
	if !ok {
		return "", reflect.DeepEqual(gives, given)
	}
	h, ok := given.(map[string]any)
	if !ok || len(g) != len(h) {
		return "", false
	}
	for name, v := range g {
		if v == taskToken {
			token, ok = h[name].(string)
			if !ok {
				return "", false
			}
			continue
		}
		if !reflect.DeepEqual(v, h[name]) {
			return "", false
		}
	}
	return token, true
}

// at reads a reference path, as $.step.outcome.
func at(data any, path string) (any, error) {
	if path == "$" {
		return data, nil
	}
	rest, ok := strings.CutPrefix(path, "$.")
	if !ok {
		return nil, fmt.Errorf("the path %s is not known here", path)
	}
	for name := range strings.SplitSeq(rest, ".") {
		m, ok := data.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("there is nothing at %s", path)
		}
		if data, ok = m[name]; !ok {
			return nil, fmt.Errorf("there is nothing at %s", path)
		}
	}
	return data, nil
}

// put returns the data with a result at a reference path.
func put(data any, to json.RawMessage, result any) (any, error) {
	if string(to) == "null" {
		return data, nil
	}
	path := "$"
	if to != nil {
		if err := json.Unmarshal(to, &path); err != nil {
			return nil, err
		}
	}
	if path == "$" {
		return result, nil
	}
	rest, ok := strings.CutPrefix(path, "$.")
	if !ok {
		return nil, fmt.Errorf("the path %s is not known here", path)
	}
	return within(data, strings.Split(rest, "."), result)
}

// within returns a copy of the data with a result below names, of which those that
// are missing are made.
func within(data any, names []string, result any) (any, error) {
	if len(names) == 0 {
		return result, nil
	}
	m, ok := data.(map[string]any)
	if data != nil && !ok {
		return nil, fmt.Errorf("what is to have %s is no object", names[0])
	}
	out := map[string]any{}
	maps.Copy(out, m)
	below, err := within(out[names[0]], names[1:], result)
	out[names[0]] = below
	return out, err
}

// invocationsIn counts the tasks among states that were entered.
func invocationsIn(definition string, states []string) (n int) {
	var m machine
	if json.Unmarshal([]byte(definition), &m) != nil {
		return 0 // path has read it already
	}
	for _, name := range states {
		if m.States[name].Type == "Task" {
			n++
		}
	}
	return n
}
