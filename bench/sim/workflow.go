package sim

import (
	"fmt"
	"strings"
)

// Errors of a task, as the definition names them.
const (
	tooMany   = "Lambda.TooManyRequestsException"
	throttles = "Throttled" // what functions fail of here, and nothing else (shared/step)
)

// execution is one run of the workflow.
type execution struct {
	upload          *Upload
	outcome, reason string
	retries         []int // of the state it is in, by retrier
}

// execute begins the workflow for an upload, unless it has begun: a name serves once.
func (w *World) execute(u *Upload) {
	if u.executing || u.final != Unfinished {
		return
	}
	u.executing = true
	w.open++
	w.PeakOpen = max(w.PeakOpen, w.open)
	w.enter(&execution{upload: u}, w.workflow.StartAt)
}

// enter takes a state transition, which waits for its turn where there are too many.
func (w *World) enter(e *execution, name string) {
	w.Clock.After(w.buckets[transitions].Wait(w.Clock.Now(), 1)+w.latency("state"), func() {
		s := w.workflow.States[name]
		e.retries = make([]int, len(s.Retry))
		switch s.Type {
		case "Pass":
			if s.ResultPath == "$.step" {
				e.outcome, _ = s.Result["outcome"].(string)
				e.reason, _ = s.Result["reason"].(string)
			}
			w.leave(e, s)
		case "Choice":
			w.enter(e, s.choose(e.value))
		case "Succeed", "Fail":
			w.stop(e)
		case "Task":
			w.task(e, s)
		}
	})
}

func (w *World) leave(e *execution, s *State) {
	if s.End {
		w.stop(e)
		return
	}
	w.enter(e, s.Next)
}

// stop ends an execution. Where it has brought no end state, the sweeper's list has the
// upload.
func (w *World) stop(e *execution) {
	w.open--
	e.upload.executing = false
	if e.upload.final == Unfinished {
		w.sleep(e.upload)
	}
}

// value is what a path of the execution's data holds.
func (e *execution) value(path string) string {
	switch {
	case strings.Contains(path, "guardduty"):
		panic(fmt.Sprintf("sim: the workflow asks for %s, and no GuardDuty is simulated", path))
	case strings.HasSuffix(path, ".outcome"):
		return e.outcome
	case strings.HasSuffix(path, ".reason"):
		return e.reason
	}
	panic("sim: the workflow asks for " + path + ", which is not simulated")
}

func (w *World) task(e *execution, s *State) {
	function := s.function()
	cold, ok := w.account.begin(function)
	if !ok {
		w.fail(e, s, tooMany)
		return
	}
	w.run(function, e.upload, cold, func(err failure) {
		if err != none {
			w.fail(e, s, throttles)
			return
		}
		w.took(e, function)
		w.leave(e, s)
	})
}

// took notes what a task found.
func (w *World) took(e *execution, function string) {
	u := e.upload
	switch function {
	case "ValidateObjectFunction":
		e.outcome, e.reason = "passed", ""
	case "ScanObjectFunction":
		if u.clean {
			e.outcome, e.reason = "passed", ""
		} else {
			e.outcome, e.reason = "failed", "malware"
		}
	case "MarkRejectedFunction":
		if e.reason == "malware" {
			w.end(u, Rejected)
		} else {
			w.end(u, Broken)
		}
	}
}

// fail tries a task again as the definition says, each time by a transition, or goes on
// where it says for good.
func (w *World) fail(e *execution, s *State, code string) {
	if i, r := s.retrier(code); r != nil {
		if pause, ok := r.pause(e.retries[i], w.random); ok {
			e.retries[i]++
			w.Retried["workflow: "+s.function()+", "+code]++
			w.Clock.After(pause, func() {
				w.Clock.After(w.buckets[transitions].Wait(w.Clock.Now(), 1), func() { w.task(e, s) })
			})
			return
		}
	}
	if next := s.caught(code); next != "" {
		w.enter(e, next)
		return
	}
	w.stop(e)
}
