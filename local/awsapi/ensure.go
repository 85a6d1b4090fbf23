package awsapi

import (
	"context"
	"encoding/json"
	"fmt"
)

// kumo starts empty every time, so what the template describes is made anew
// at every start, with whatever has changed in it.

// CreateTable creates a table from the properties of its resource, before the
// endpoint is used.
func (e *Endpoint) CreateTable(ctx context.Context, properties map[string]any) error {
	if err := e.ask(ctx, "DynamoDB_20120810.CreateTable", properties, nil); err != nil {
		return fmt.Errorf("create table %v: %w", properties["TableName"], err)
	}
	data, err := json.Marshal(properties)
	if err != nil {
		return err
	}
	var s schema
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("read the keys of table %v: %w", properties["TableName"], err)
	}
	e.schemas[s.TableName] = s
	return nil
}

// ExpireItems turns on the time to live of a table.
func (e *Endpoint) ExpireItems(ctx context.Context, table, attribute string) error {
	err := e.ask(ctx, "DynamoDB_20120810.UpdateTimeToLive", map[string]any{
		"TableName": table, "TimeToLiveSpecification": map[string]any{"AttributeName": attribute, "Enabled": true},
	}, nil)
	if err != nil {
		return fmt.Errorf("turn on the time to live of table %s: %w", table, err)
	}
	return nil
}

// CreateStateMachine creates a state machine. Its role must be allowed what AWS
// asks of it to run a Map in distributed mode, which kumo does not ask.
func (e *Endpoint) CreateStateMachine(ctx context.Context, name, definition, roleARN string) error {
	rewritten, err := callbacks(name, definition)
	if err != nil {
		return fmt.Errorf("create state machine %s: %w", name, err)
	}
	var d map[string]any
	if err := json.Unmarshal([]byte(definition), &d); err != nil {
		return fmt.Errorf("create state machine %s: %w", name, err)
	}
	if distributes(d) {
		in := "arn:aws:states:" + e.Region + ":" + AccountID
		if err := e.Authorizer.Authorize(name, "states:StartExecution", in+":stateMachine:"+name, nil); err != nil {
			return fmt.Errorf("create state machine %s: a Map in distributed mode starts its children: %w", name, err)
		}
		for _, action := range []string{"states:DescribeExecution", "states:StopExecution"} {
			if err := e.Authorizer.Authorize(name, action, in+":execution:"+name+"/label:id", nil); err != nil {
				return fmt.Errorf("create state machine %s: a Map in distributed mode follows its children: %w", name, err)
			}
		}
	}
	err = e.ask(ctx, "AWSStepFunctions.CreateStateMachine", map[string]string{"name": name, "definition": rewritten, "roleArn": roleARN, "type": "STANDARD"}, nil)
	if err != nil {
		return fmt.Errorf("create state machine %s: %w", name, err)
	}
	e.machines = append(e.machines, name)
	return nil
}

// CreateBus creates an event bus.
func (e *Endpoint) CreateBus(ctx context.Context, name string) error {
	if err := e.ask(ctx, "AWSEvents.CreateEventBus", map[string]string{"Name": name}, nil); err != nil {
		return fmt.Errorf("create event bus %s: %w", name, err)
	}
	return nil
}

// CreateRule creates a rule on the default bus that invokes a function.
func (e *Endpoint) CreateRule(ctx context.Context, name, pattern, functionARN string) error {
	if err := e.ask(ctx, "AWSEvents.PutRule", map[string]string{"Name": name, "EventPattern": pattern, "State": "ENABLED"}, nil); err != nil {
		return fmt.Errorf("create rule %s: %w", name, err)
	}
	err := e.ask(ctx, "AWSEvents.PutTargets", map[string]any{"Rule": name, "Targets": []map[string]string{{"Id": "function", "Arn": functionARN}}}, nil)
	if err != nil {
		return fmt.Errorf("set the target of rule %s: %w", name, err)
	}
	return nil
}

// CreateQueue creates a queue and returns its URL at kumo.
func (e *Endpoint) CreateQueue(ctx context.Context, name string) (url string, err error) {
	var out struct{ QueueUrl string }
	if err := e.ask(ctx, "AmazonSQS.CreateQueue", map[string]string{"QueueName": name}, &out); err != nil {
		return "", fmt.Errorf("create queue %s: %w", name, err)
	}
	return out.QueueUrl, nil
}

// Send sends a message to a queue.
func (e *Endpoint) Send(ctx context.Context, queueURL, message string) error {
	if err := e.ask(ctx, "AmazonSQS.SendMessage", map[string]string{"QueueUrl": queueURL, "MessageBody": message}, nil); err != nil {
		return fmt.Errorf("send to a queue: %w", err)
	}
	return nil
}
