package samtemplate

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A hop is one asynchronous step from a part of the system to the next, as it
// stands in docs/reliability.md.
type hop struct {
	again   string // how often it is tried again
	timeout string // what ends an attempt
	failed  string // what takes what is given up
}

type object = map[string]any

// eachResource visits the resources of the template.
func eachResource(t *testing.T, visit func(id, kind string, properties object)) {
	t.Helper()
	resources := document(t)["Resources"].(object)
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		r := resources[id].(object)
		p, _ := r["Properties"].(object)
		visit(id, r["Type"].(string), p)
	}
}

// at follows names into nested objects; nil where one is not there.
func at(v any, names ...string) any {
	for _, name := range names {
		o, _ := v.(object)
		v = o[name]
	}
	return v
}

// target is the id of the resource that a !GetAtt X.Arn or !Ref names.
func target(v any) string {
	if list, ok := at(v, "Fn::GetAtt").([]any); ok {
		return fmt.Sprint(list[0])
	}
	if id, ok := at(v, "Ref").(string); ok {
		return id
	}
	return ""
}

// delivery describes the hop from a rule or a schedule to its target.
func delivery(policy, deadLetter any) hop {
	return hop{
		again:   fmt.Sprintf("%v times, for %v s", at(policy, "MaximumRetryAttempts"), at(policy, "MaximumEventAgeInSeconds")),
		timeout: "none: it only hands over",
		failed:  target(at(deadLetter, "Arn")),
	}
}

// invocation describes the attempts of an asynchronous invocation.
func invocation(config object, onFailure any, timeout any) hop {
	return hop{
		again:   fmt.Sprintf("%v times, for %v s", config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]),
		timeout: fmt.Sprintf("%v s", timeout),
		failed:  target(onFailure),
	}
}

// calls are the actions that begin what goes on without the caller.
var calls = []string{"states:StartExecution", "events:PutEvents", "states:SendTaskSuccess"}

// hops derives every hop from template.yaml and the state machines.
func hops(t *testing.T) map[string]hop {
	t.Helper()
	all := map[string]hop{}
	plainTimeouts, timeouts := object{}, object{}
	eachResource(t, func(id, kind string, p object) {
		switch kind {
		case "AWS::Lambda::Function":
			plainTimeouts[id] = p["Timeout"]
		case "AWS::Serverless::Function":
			timeouts[id] = p["Timeout"]
		}
	})
	eachResource(t, func(id, kind string, p object) {
		switch kind {
		case "AWS::Serverless::Function", "AWS::Serverless::StateMachine":
			async := false
			events, _ := p["Events"].(object)
			for name, e := range events {
				if at(e, "Type") == "HttpApi" {
					continue // whoever called is waiting, and is told
				}
				all[id+"."+name] = delivery(at(e, "Properties", "RetryPolicy"), at(e, "Properties", "DeadLetterConfig"))
				async = kind == "AWS::Serverless::Function"
			}
			if async {
				config, _ := p["EventInvokeConfig"].(object)
				all[id] = invocation(config, at(config, "DestinationConfig", "OnFailure", "Destination"), p["Timeout"])
			}
			for _, action := range actions(p["Policies"]) {
				if slices.Contains(calls, action) {
					all[id+" "+action] = hop{}
				}
			}
			if uri, ok := p["DefinitionUri"].(string); ok {
				tasks(t, id, uri, func(place string, s state) { all[place] = s.hop() })
			}
		case "AWS::Lambda::EventSourceMapping":
			all[id] = hop{
				again:   fmt.Sprintf("%v times, for %v s", p["MaximumRetryAttempts"], p["MaximumRecordAgeInSeconds"]),
				timeout: fmt.Sprintf("%v s", timeouts[target(p["FunctionName"])]),
				failed:  target(at(p, "DestinationConfig", "OnFailure", "Destination")),
			}
		case "AWS::Scheduler::Schedule":
			all[id] = delivery(at(p, "Target", "RetryPolicy"), at(p, "Target", "DeadLetterConfig"))
		case "AWS::Lambda::EventInvokeConfig":
			function := target(p["FunctionName"])
			all[function] = invocation(p, at(p, "DestinationConfig", "OnFailure", "Destination"), plainTimeouts[function])
		}
	})
	return all
}

// actions lists what the statements under a function's Policies allow.
func actions(policies any) []string {
	var all []string
	list, _ := policies.([]any)
	for _, p := range list {
		statements, _ := at(p, "Statement").([]any)
		for _, s := range statements {
			switch a := at(s, "Action").(type) {
			case string:
				all = append(all, a)
			case []any:
				for _, name := range a {
					all = append(all, fmt.Sprint(name))
				}
			}
		}
	}
	return all
}

// A state is a state of a state machine, as far as hops go.
type state struct {
	Type, Resource string
	TimeoutSeconds int
	Parameters     struct{ FunctionName string }
	Retry          []struct {
		ErrorEquals                  []string
		MaxAttempts, MaxDelaySeconds int
		JitterStrategy               string
	}
	Catch []struct {
		ErrorEquals []string
		Next        string
	}
	ItemProcessor struct{ States map[string]state }
}

func (s state) hop() hop {
	h := hop{timeout: fmt.Sprintf("%d s", s.TimeoutSeconds), failed: "the execution fails"}
	for _, r := range s.Retry {
		if slices.Equal(r.ErrorEquals, []string{"States.ALL"}) {
			h.again = fmt.Sprintf("%d times, at most %d s apart", r.MaxAttempts, r.MaxDelaySeconds)
		}
	}
	for _, c := range s.Catch {
		if slices.Equal(c.ErrorEquals, []string{"States.ALL"}) {
			h.failed = c.Next
		}
	}
	return h
}

// tasks visits every Task of a state machine, those of a Map's children included.
func tasks(t *testing.T, machine, uri string, visit func(place string, s state)) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../..", uri))
	if err != nil {
		t.Fatal(err)
	}
	var definition struct{ States map[string]state }
	if err := json.Unmarshal(data, &definition); err != nil {
		t.Fatal(err)
	}
	var walk func(place string, states map[string]state)
	walk = func(place string, states map[string]state) {
		for name, s := range states {
			if s.Type == "Task" {
				visit(place+"."+name, s)
			}
			walk(place+"."+name, s.ItemProcessor.States)
		}
	}
	walk(machine, definition.States)
}

// eachTask visits every Task of every state machine of the template.
func eachTask(t *testing.T, visit func(place string, s state)) {
	t.Helper()
	n := 0
	eachResource(t, func(id, kind string, p object) {
		if kind == "AWS::Serverless::StateMachine" {
			tasks(t, id, p["DefinitionUri"].(string), func(place string, s state) { n++; visit(place, s) })
		}
	})
	if n < 9 {
		t.Fatalf("%d tasks were found", n)
	}
}

func TestEveryTaskEndsIsTriedAgainAndIsCaught(t *testing.T) {
	functions := object{}
	globals := at(document(t), "Globals", "Function").(object)
	eachResource(t, func(id, kind string, p object) {
		if kind == "AWS::Serverless::Function" {
			functions["${"+id+"Arn}"] = merged(globals, p)["Timeout"]
		}
	})
	eachTask(t, func(place string, s state) {
		function, ok := functions[s.Parameters.FunctionName].(int)
		if !ok || s.TimeoutSeconds <= function {
			t.Errorf("%s ends after %d s, and its function after %v", place, s.TimeoutSeconds, functions[s.Parameters.FunctionName])
		}
		all := false
		for _, r := range s.Retry {
			all = all || slices.Equal(r.ErrorEquals, []string{"States.ALL"}) && r.MaxAttempts > 0
			if r.MaxAttempts > 0 && (r.JitterStrategy != "FULL" || r.MaxDelaySeconds == 0) {
				t.Errorf("%s tries %v again without full jitter or a longest delay", place, r.ErrorEquals)
			}
		}
		if !all {
			t.Errorf("%s is not tried again after every error", place)
		}
		// The last steps of all have nowhere to go: docs/reliability.md says what
		// finds their file.
		if caught := s.hop().failed != "the execution fails"; caught == (place == "VerifyFile.MarkRejected" || place == "VerifyFile.NoVerdict") {
			t.Errorf("%s is caught: %v", place, caught)
		}
	})
}

func TestEveryStateMachineEnds(t *testing.T) {
	eachResource(t, func(id, kind string, p object) {
		if kind != "AWS::Serverless::StateMachine" {
			return
		}
		data, err := os.ReadFile(filepath.Join("../..", p["DefinitionUri"].(string)))
		if err != nil {
			t.Fatal(err)
		}
		var definition struct{ TimeoutSeconds int }
		if err := json.Unmarshal(data, &definition); err != nil || definition.TimeoutSeconds == 0 {
			t.Errorf("%s may run for ever: %v", id, err)
		}
	})
}

func TestEveryDeliveryIsTriedAgainAndHasADeadLetterQueueWithAnAlarm(t *testing.T) {
	watched := map[string]bool{} // the queues that have an alarm
	for _, p := range alarmsOf(t) {
		if p["Namespace"] == "AWS/SQS" && p["MetricName"] == "ApproximateNumberOfMessagesVisible" && p["Threshold"] == 0 {
			watched[target(at(p["Dimensions"].([]any)[0], "Value"))] = true
		}
	}
	queues := 0
	eachResource(t, func(id, kind string, _ object) {
		if kind == "AWS::SQS::Queue" {
			queues++
			if !watched[id] {
				t.Errorf("nobody is told of messages in %s", id)
			}
		}
	})
	deliveries := 0
	for name, h := range hops(t) {
		if strings.Contains(h.again, ", for ") {
			deliveries++
			if strings.Contains(h.again+h.timeout, "<nil>") || !watched[h.failed] {
				t.Errorf("%s: %+v", name, h)
			}
		}
	}
	if queues != 2 || deliveries != 14 {
		t.Errorf("%d queues and %d deliveries were found", queues, deliveries)
	}
}

func TestTheTableOfHopsIsTheTemplatesAndTheWorkflows(t *testing.T) {
	doc, err := os.ReadFile("../../docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	alarms := alarmsOf(t)
	documented := map[string]bool{}
	all := hops(t)
	for line := range strings.Lines(string(doc)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		name := strings.Trim(cells[0], "`")
		if len(cells) != 6 || name == cells[0] {
			continue
		}
		want, known := all[name]
		if !known || documented[name] {
			t.Errorf("%s is no hop, or is there twice", name)
			continue
		}
		documented[name] = true
		if want == (hop{}) { // a call: it is tried again with the step that makes it
			if cells[1] == "" || cells[2] == "" || cells[3] == "" {
				t.Errorf("%s does not say what becomes of it", name)
			}
		} else if got := (hop{cells[1], cells[2], strings.Trim(cells[3], "`")}); got != want {
			t.Errorf("%s: the table says\n%+v\nand the template\n%+v", name, got, want)
		}
		told := false
		for _, word := range strings.FieldsFunc(cells[4], func(r rune) bool { return r == '`' || r == ',' || r == ' ' }) {
			if alarms[word] == nil {
				t.Errorf("%s: there is no alarm %s", name, word)
			}
			told = true
		}
		if !told || cells[5] == "" {
			t.Errorf("%s: nobody is told of it, or nobody is told what to do", name)
		}
	}
	for name, h := range all {
		if !documented[name] {
			t.Errorf("the table does not have %s: %+v", name, h)
		}
	}
}

// SAM lets the roles that it makes send to the queues they are given; those that
// the template makes itself it does not.
func TestARoleThatTheTemplateMakesMaySendToItsDeadLetterQueue(t *testing.T) {
	roles := map[string]string{} // of functions and schedules that SAM does not make, by role
	allowed := map[string]bool{}
	eachResource(t, func(id, kind string, p object) {
		switch kind {
		case "AWS::Scheduler::Schedule":
			roles[target(at(p, "Target", "RoleArn"))] = id
		case "AWS::Lambda::EventInvokeConfig":
			roles[target(p["FunctionName"])+"Role"] = id
		case "AWS::IAM::Role":
			policies, _ := p["Policies"].([]any)
			for _, policy := range policies {
				statements, _ := at(policy, "PolicyDocument", "Statement").([]any)
				for _, s := range statements {
					if at(s, "Action") == "sqs:SendMessage" && at(s, "Effect") == "Allow" && target(at(s, "Resource")) == "MissedRuns" {
						allowed[id] = true
					}
				}
			}
		}
	})
	if len(roles) != 2 {
		t.Errorf("the roles are %v", roles)
	}
	for role, of := range roles {
		if !allowed[role] {
			t.Errorf("%s of %s may not send to its queue", role, of)
		}
	}
}
