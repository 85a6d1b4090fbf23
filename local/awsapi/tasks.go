package awsapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/vouch-s3/vouch/local/lambdas"
)

const (
	invokeResource   = "arn:aws:states:::lambda:invoke"
	callbackResource = invokeResource + ".waitForTaskToken"
)

// task is what kumo invokes instead of a function: see callbacks.
type task struct {
	Token string          `json:"token"`
	Role  string          `json:"role"` // the name of the state machine, whose role invokes
	Waits bool            `json:"waits"`
	Input json.RawMessage `json:"input"`
}

// callbacks rewrites the Lambda tasks of a definition to wait for a task token.
// kumo gives a Lambda task that answers by itself at most 30 seconds and
// reports all its errors as States.TaskFailed; AWS gives it its own timeout and
// reports the function's own error name. With a token both are in the
// gateway's hands, and the state's Retry, Catch and TimeoutSeconds are kumo's
// as before. A task that waits for a token in the definition itself goes the
// same way, for the same names of its function's errors; what ends it well is
// then not the function's answer. What cannot be rewritten faithfully is an
// error.
func callbacks(machine, definition string) (string, error) {
	var d map[string]any
	if err := json.Unmarshal([]byte(definition), &d); err != nil {
		return "", fmt.Errorf("read the definition: %w", err)
	}
	if q, ok := d["QueryLanguage"]; ok && q != "JSONPath" {
		return "", fmt.Errorf("the query language %v is not offered here", q)
	}
	if err := callbackStates(machine, d); err != nil {
		return "", err
	}
	out, err := json.Marshal(d)
	return string(out), err
}

// callbackStates rewrites the states of a definition, or of the processor of a
// Map.
func callbackStates(machine string, d map[string]any) error {
	states, _ := d["States"].(map[string]any)
	for name, v := range states {
		state, _ := v.(map[string]any)
		var err error
		switch state["Type"] {
		case "Task":
			if err = knownErrors(state); err == nil {
				err = callback(machine, state)
			}
		case "Map":
			if err = knownErrors(state); err == nil {
				err = callbackMap(machine, state)
			}
		case "Choice", "Pass", "Succeed", "Fail", "Wait":
		default:
			err = fmt.Errorf("the type %v is not offered here", state["Type"])
		}
		if err != nil {
			return fmt.Errorf("state %s: %w", name, err)
		}
	}
	return nil
}

// mapFields are the fields of a Map that kumo carries out as AWS does. ItemReader
// and ResultWriter would reach kumo's own S3, which is not the stack's.
var mapFields = []string{
	"Type", "Comment", "Next", "End", "InputPath", "OutputPath", "ResultPath", "ResultSelector", "Retry", "Catch",
	"ItemsPath", "ItemSelector", "MaxConcurrency", "MaxConcurrencyPath", "ToleratedFailurePercentage", "ToleratedFailureCount", "ItemProcessor",
}

// callbackMap rewrites the tasks within a Map, which kumo runs as part of the
// same execution in either mode.
func callbackMap(machine string, state map[string]any) error {
	for field := range state {
		if !slices.Contains(mapFields, field) {
			return fmt.Errorf("the field %s of a Map is not offered here", field)
		}
	}
	processor, ok := state["ItemProcessor"].(map[string]any)
	if !ok {
		return fmt.Errorf("a Map without an ItemProcessor is not offered here")
	}
	return callbackStates(machine, processor)
}

// distributes reports whether a definition, as it is after JSON has been read,
// has a Map in distributed mode at its top level or within another Map.
func distributes(d map[string]any) bool {
	states, _ := d["States"].(map[string]any)
	for _, v := range states {
		state, _ := v.(map[string]any)
		processor, ok := state["ItemProcessor"].(map[string]any)
		if !ok {
			continue
		}
		config, _ := processor["ProcessorConfig"].(map[string]any)
		if config["Mode"] == "DISTRIBUTED" || distributes(processor) {
			return true
		}
	}
	return false
}

// knownErrors refuses what would match other errors here than on AWS.
func knownErrors(state map[string]any) error {
	for _, field := range []string{"Retry", "Catch"} {
		rules, _ := state[field].([]any)
		for _, rule := range rules {
			r, _ := rule.(map[string]any)
			names, _ := r["ErrorEquals"].([]any)
			if slices.Contains(names, any("States.TaskFailed")) {
				return fmt.Errorf("%s: States.TaskFailed is not offered here, for kumo matches it with no function's error; say States.ALL", field)
			}
		}
	}
	return nil
}

func callback(machine string, state map[string]any) error {
	waits := state["Resource"] == callbackResource
	if state["Resource"] != invokeResource && !waits {
		return fmt.Errorf("the resource %v is not offered here, only %s with or without .waitForTaskToken", state["Resource"], invokeResource)
	}
	parameters, _ := state["Parameters"].(map[string]any)
	if waits && !tellsToken(parameters) {
		return errors.New("the task waits for a token that its function is not told ($$.Task.Token)")
	}
	wrapped := map[string]any{"token.$": "$$.Task.Token", "role": machine, "waits": waits}
	for name, value := range parameters {
		switch name {
		case "FunctionName":
		case "Payload":
			wrapped["input"] = value
		case "Payload.$":
			wrapped["input.$"] = value
		default:
			return fmt.Errorf("the parameter %s is not offered here", name)
		}
	}
	state["Resource"] = callbackResource
	state["Parameters"] = map[string]any{"FunctionName": parameters["FunctionName"], "Payload": wrapped}
	return nil
}

// tellsToken reports whether a payload template has the task's token anywhere.
func tellsToken(template map[string]any) bool {
	for _, value := range template {
		if below, ok := value.(map[string]any); ok && tellsToken(below) || value == "$$.Task.Token" {
			return true
		}
	}
	return false
}

// runTask invokes the function of a task, and tells the workflow of the result
// in the words of AWS's own integration ("Invoke an AWS Lambda function with
// Step Functions"). Where the task waits, only that the function has failed is
// the workflow told here: somebody with the token says the rest.
func (e *Endpoint) runTask(function string, t task) {
	if t.Waits {
		e.waiting.Store(t.Token, t.Role)
	}
	if err := e.Authorizer.Authorize(t.Role, "lambda:InvokeFunction", "arn:aws:lambda:"+e.Region+":"+AccountID+":function:"+function, nil); err != nil {
		e.denied(t.Role, "Lambda.Invoke", err)
		e.failTask(t, "Lambda.AWSLambdaException", err.Error())
		return
	}
	result, err := e.Functions.Invoke(e.ctx, function, t.Input)
	switch {
	case e.ctx.Err() != nil: // the stack is going down; Resume will start this execution again
	case errors.Is(err, lambdas.ErrThrottled):
		e.failTask(t, "Lambda.TooManyRequestsException", err.Error())
	case err != nil:
		e.failTask(t, "Lambda.AWSLambdaException", err.Error())
	case result.FunctionError != "":
		var said struct {
			ErrorType string `json:"errorType"`
		}
		if json.Unmarshal(result.Payload, &said) != nil || said.ErrorType == "" {
			said.ErrorType = "Lambda.Unknown"
		}
		e.failTask(t, said.ErrorType, string(result.Payload))
	case t.Waits:
	default:
		output, err := json.Marshal(map[string]any{"ExecutedVersion": "$LATEST", "StatusCode": 200, "Payload": json.RawMessage(result.Payload)})
		if err != nil {
			e.failTask(t, "Lambda.Unknown", "the function's answer is not JSON")
			return
		}
		e.tell(e.ctx, "AWSStepFunctions.SendTaskSuccess", map[string]string{"taskToken": t.Token, "output": string(output)})
	}
}

func (e *Endpoint) failTask(t task, name, cause string) {
	e.tell(e.ctx, "AWSStepFunctions.SendTaskFailure", map[string]string{"taskToken": t.Token, "error": name, "cause": cause})
}

// tell sends the result of a task. That its state has timed out meanwhile is
// the one thing that can be wrong, and then nobody waits for it any more.
func (e *Endpoint) tell(ctx context.Context, target string, in any) {
	if err := e.ask(ctx, target, in, nil); err != nil && ctx.Err() == nil {
		e.Log.Warn("a workflow did not take the result of a task", "error", err.Error())
	}
}
