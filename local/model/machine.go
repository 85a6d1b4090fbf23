package model

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/step"
	"github.com/vouch-s3/vouch/shared/verify"
)

// machine is a state machine of statemachines/, as far as the model carries it
// out: every Task's retries, Catch and Next, and every Choice.
type machine struct {
	states []state
	start  int16
	rescan bool // whether its tasks are handed "rescan": true
}

type state struct {
	name   string
	task   kind // 0 for none
	wait   bool // waits for GuardDuty, which is not asked here
	keeps  bool // ResultPath is $.step
	retry  bool
	caught int16       // the state that Catch names, or ended
	next   int16       // or ended
	handed bool        // the step before is in its payload
	reason file.Reason // in its payload, where that is always the same
	choice []choice
}

type choice struct {
	variable string // $.step.outcome or $.step.guardduty.outcome
	equals   string
	next     int16
}

// aslState is a state as the file has it.
type aslState struct {
	Type       string
	Next       string
	Resource   string
	Parameters struct {
		FunctionName string
		Payload      map[string]any
	}
	ResultPath *string
	Retry      []struct {
		ErrorEquals []string
		MaxAttempts int
	}
	Catch []struct {
		ErrorEquals []string
		Next        string
	}
	Choices []struct{ Variable, StringEquals, Next string }
	Default string

	ItemProcessor struct {
		StartAt string
		States  map[string]aslState
	}
}

var taskKinds = map[string]kind{
	"${ValidateObjectFunctionArn}": kindValidate,
	"${ScanObjectFunctionArn}":     kindScan,
	"${MarkReadyFunctionArn}":      kindReady,
	"${MarkRejectedFunctionArn}":   kindReject,
}

// readMachines reads the workflow, and what a re-scan does for each file.
func readMachines(dir string) ([]machine, error) {
	var whole [2]struct {
		StartAt string
		States  map[string]aslState
	}
	for i, name := range []string{"verify-file.asl.json", "rescan-files.asl.json"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, fmt.Errorf("read a state machine: %w", err)
		}
		if err := json.Unmarshal(data, &whole[i]); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
	}
	verifying, err := newMachine(whole[0].StartAt, whole[0].States)
	if err != nil {
		return nil, fmt.Errorf("verify-file.asl.json: %w", err)
	}
	item := whole[1].States["RescanFiles"].ItemProcessor
	rescanning, err := newMachine(item.StartAt, item.States)
	if err != nil {
		return nil, fmt.Errorf("rescan-files.asl.json: %w", err)
	}
	if verifying.rescan || !rescanning.rescan {
		return nil, fmt.Errorf("the workflow says rescan %v, and that of re-scans %v", verifying.rescan, rescanning.rescan)
	}
	return []machine{verifying, rescanning}, nil
}

var everyError = []string{"States.ALL"}

// newMachine takes nothing that it does not know.
func newMachine(start string, from map[string]aslState) (machine, error) {
	var m machine
	var tasks int
	var names []string
	for name := range from {
		names = append(names, name)
	}
	slices.Sort(names)
	var missing error
	index := func(name string) int16 {
		if name == "" {
			return ended
		}
		i := slices.Index(names, name)
		if i < 0 {
			missing = fmt.Errorf("there is no state %q", name)
		}
		return int16(i)
	}
	m.start = index(start)
	for _, name := range names {
		a := from[name]
		s := state{name: name, next: index(a.Next), caught: ended}
		switch a.Type {
		case "Task":
			s.wait = strings.HasSuffix(a.Resource, ".waitForTaskToken")
			s.task = taskKinds[a.Parameters.FunctionName]
			if s.task == 0 && !s.wait {
				return machine{}, fmt.Errorf("%s calls %q", name, a.Parameters.FunctionName)
			}
			s.keeps = a.ResultPath != nil && *a.ResultPath == "$.step"
			for _, r := range a.Retry {
				s.retry = s.retry || slices.Equal(r.ErrorEquals, everyError) && r.MaxAttempts > 0
			}
			for _, c := range a.Catch {
				if !slices.Equal(c.ErrorEquals, everyError) || len(a.Catch) > 1 {
					return machine{}, fmt.Errorf("%s catches only some errors", name)
				}
				s.caught = index(c.Next)
			}
			s.handed = a.Parameters.Payload["step.$"] == "$.step"
			if reason, fixed := a.Parameters.Payload["reason"].(string); fixed {
				s.reason = file.Reason(reason)
			}
			rescan := a.Parameters.Payload["rescan"] == true
			if tasks > 0 && rescan != m.rescan {
				return machine{}, fmt.Errorf("%s and the tasks before it are not for the same kind of job", name)
			}
			m.rescan = rescan
			tasks++
		case "Choice":
			for _, c := range a.Choices {
				if _, known := variables(data{})[c.Variable]; !known || c.StringEquals == "" {
					return machine{}, fmt.Errorf("%s chooses by %q", name, c.Variable)
				}
				s.choice = append(s.choice, choice{c.Variable, c.StringEquals, index(c.Next)})
			}
			s.choice = append(s.choice, choice{next: index(a.Default)})
		case "Succeed", "Fail":
		default:
			return machine{}, fmt.Errorf("%s is a %s", name, a.Type)
		}
		m.states = append(m.states, s)
	}
	return m, missing
}

// data is what passes from state to state.
type data struct {
	Job  verify.Job
	Step verify.Result
}

// enter goes on from state at to the next task, and begins it, or ends.
func (m *Model) enter(e *execution, at int16) {
	machine := &m.machines[e.machine]
	e.tries, e.node = 0, 0
	for at != ended {
		s := &machine.states[at]
		switch {
		case s.wait:
			panic("the model asks no GuardDuty, and the workflow waits for it")
		case s.task != 0:
			e.state = at
			m.beginTask(e)
			return
		case s.choice != nil:
			at = choose(s.choice, m.data.get(e.data))
		default:
			at = s.next
		}
	}
	e.state, e.data = ended, 0
}

// variables are what a Choice may choose by.
func variables(d data) map[string]string {
	return map[string]string{"$.step.outcome": string(d.Step.Outcome), "$.step.guardduty.outcome": ""}
}

func choose(list []choice, d data) int16 {
	value := variables(d)
	for _, c := range list {
		if c.variable == "" || value[c.variable] == c.equals { // the last is the Default
			return c.next
		}
	}
	return ended
}

// beginTask begins the task of e's state, once more after a failure.
func (m *Model) beginTask(e *execution) {
	machine := &m.machines[e.machine]
	d := m.data.get(e.data)
	t := step.Task{Job: d.Job}
	t.Rescan = machine.rescan
	s := &machine.states[e.state]
	switch {
	case s.handed:
		t.Step = &d.Step
	case s.reason != "":
		t.Reason = s.reason
	case s.task == kindReady:
		t.ChecksumSHA256, t.Verdict = d.Step.ChecksumSHA256, d.Step.Verdict
	case s.task == kindReject:
		t.Reason, t.Verdict = d.Step.Reason, d.Step.Verdict
	}
	e.node = m.program.begin(stepInput{kind: s.task, arg: m.tasks.id(t)})
	if n := m.program.nodes[e.node]; n.done { // it has only handed on what it was handed
		m.stepDone(e, n.result, n.failed)
	}
}

// stepDone goes on after e's task has come to an end.
func (m *Model) stepDone(e *execution, result int32, failed bool) {
	s := &m.machines[e.machine].states[e.state]
	if !failed {
		if s.keeps {
			d := m.data.get(e.data)
			d.Step = m.results.get(result)
			e.data = m.data.id(d)
		}
		m.enter(e, s.next)
		return
	}
	if e.tries++; s.retry && e.tries <= m.bounds.Retries {
		m.beginTask(e)
		return
	}
	m.enter(e, s.caught)
}

// startExecution is StartExecution of Step Functions, whose names are unique.
func (m *Model) startExecution(w *World, c call) fault {
	for _, e := range w.executions {
		if e.name == c.name {
			if e.state == ended {
				return alreadyEnded
			}
			return fine
		}
	}
	e := execution{name: c.name, data: m.data.id(data{Job: m.jobs.get(c.value)})}
	m.enter(&e, m.machines[0].start)
	w.executions = append(w.executions, e)
	return fine
}

func (m *Model) startRescan(w *World) {
	e := execution{machine: 1, data: m.data.id(data{Job: verify.JobFor(m.files.get(w.record))})}
	m.enter(&e, m.machines[1].start)
	w.executions = append(w.executions, e)
}
