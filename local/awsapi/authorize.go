package awsapi

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/vouch-s3/vouch/local/lambdas"
)

// authorize checks the permissions that a call needs ("Actions, resources, and
// condition keys", Service Authorization Reference). An operation that is not
// listed here is refused.
func (e *Endpoint) authorize(key string, c call) error {
	in := func(service, rest string) string {
		return "arn:aws:" + service + ":" + e.Region + ":" + AccountID + ":" + rest
	}
	var body struct {
		TableName, IndexName string
		StateMachineArn      string
		TaskToken            string
		Entries              []struct{ EventBusName, Source, DetailType string }
	}
	if err := json.Unmarshal(c.body, &body); err != nil {
		return fmt.Errorf("the body of %s is not JSON", c.operation)
	}
	switch c.service + "." + c.operation {
	case "TrentService.Sign", "TrentService.GetPublicKey":
		return e.authorizeKey(key, c)
	case "DynamoDB.GetItem", "DynamoDB.PutItem", "DynamoDB.UpdateItem", "DynamoDB.DeleteItem", "DynamoDB.Query":
		resource := in("dynamodb", "table/"+body.TableName)
		if body.IndexName != "" {
			resource += "/index/" + body.IndexName
		}
		return e.Authorizer.Authorize(key, "dynamodb:"+c.operation, resource, nil)
	case "DynamoDB.TransactWriteItems":
		return e.authorizeTransaction(key, c)
	case "AWSStepFunctions.StartExecution":
		return e.Authorizer.Authorize(key, "states:StartExecution", body.StateMachineArn, nil)
	case "AWSStepFunctions.SendTaskSuccess", "AWSStepFunctions.SendTaskFailure":
		// A token of before a restart says no more whose it was, and nobody waits
		// with it: then the right to answer for any state machine will do.
		machines := e.machines
		if name, ok := e.waiting.Load(body.TaskToken); ok {
			machines = []string{name.(string)}
		}
		err := fmt.Errorf("there is no state machine whose task could be answered")
		for _, name := range machines {
			if err = e.Authorizer.Authorize(key, "states:"+c.operation, in("states", "stateMachine:"+name), nil); err == nil {
				return nil
			}
		}
		return err
	case "AWSEvents.PutEvents":
		for _, entry := range body.Entries {
			bus := entry.EventBusName
			if bus == "" {
				bus = "default"
			}
			err := e.Authorizer.Authorize(key, "events:PutEvents", in("events", "event-bus/"+bus), map[string][]string{
				"events:source": {entry.Source}, "events:detail-type": {entry.DetailType},
			})
			if err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("the local stack offers no operation %s.%s to functions", c.service, c.operation)
}

// invoke answers Lambda's Invoke, which only the administrator may call from
// outside.
func (e *Endpoint) invoke(w http.ResponseWriter, r *http.Request, key, function string, body []byte) {
	if key != e.AdminKey {
		fail(w, http.StatusForbidden, "AccessDeniedException", "functions may not invoke functions")
		return
	}
	if r.Header.Get("X-Amz-Invocation-Type") == "Event" {
		if err := e.Functions.InvokeAsync(function, body); err != nil {
			fail(w, http.StatusNotFound, "ResourceNotFoundException", err.Error())
			return
		}
		w.WriteHeader(http.StatusAccepted)
		return
	}
	var result lambdas.Result
	result, err := e.Functions.Invoke(r.Context(), function, body)
	if err != nil {
		fail(w, http.StatusNotFound, "ResourceNotFoundException", err.Error())
		return
	}
	if result.FunctionError != "" {
		w.Header().Set("X-Amz-Function-Error", result.FunctionError)
	}
	w.Write(result.Payload)
}
