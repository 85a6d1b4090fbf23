package awsapi

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// executions remembers executions through restarts: kumo runs them, but what
// it had running when its process ends, it never goes on with.
type executions struct {
	journal *journal

	mu     sync.Mutex
	byName map[string]*execution // by ARN
}

// execution is one entry of the journal of executions; the last one for an ARN
// is how it stands.
type execution struct {
	ARN     string    `json:"arn"`
	Machine string    `json:"machine"` // the state machine's ARN
	Name    string    `json:"name"`
	Input   string    `json:"input"`
	Status  string    `json:"status"`
	Started time.Time `json:"started"`
	Stopped time.Time `json:"stopped,omitzero"`
}

const running = "RUNNING"

// rememberEnded is how long AWS refuses the name of an execution that has ended.
const rememberEnded = 90 * 24 * time.Hour

func openExecutions(path string) (*executions, error) {
	x := &executions{byName: map[string]*execution{}}
	j, err := openJournal(path, func(e execution) error {
		x.byName[e.ARN] = &e
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("restore the executions: %w", err)
	}
	j.close()
	var kept []execution
	for arn, e := range x.byName {
		if e.Status != running && time.Since(e.Stopped) > rememberEnded {
			delete(x.byName, arn)
			continue
		}
		kept = append(kept, *e)
	}
	if err := rewriteJournal(path, kept); err != nil {
		return nil, fmt.Errorf("compact the journal of executions: %w", err)
	}
	x.journal, err = openJournal(path, func(execution) error { return nil })
	return x, err
}

// startExecution answers as StartExecution is documented: the same name with
// the same input is the same execution while it runs, and any other use of a
// name is refused for 90 days.
func (e *Endpoint) startExecution(ctx context.Context, c call) (int, http.Header, []byte, error) {
	var in struct{ StateMachineArn, Name, Input string }
	if err := json.Unmarshal(c.body, &in); err != nil || in.Name == "" {
		return failure(http.StatusBadRequest, "ValidationException", "an execution without a name is not offered here")
	}
	x := e.executions
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, known := range x.byName {
		if known.Machine != in.StateMachineArn || known.Name != in.Name {
			continue
		}
		if known.Status == running && known.Input == in.Input {
			return success(map[string]any{"executionArn": known.ARN, "startDate": seconds(known.Started)})
		}
		return failure(http.StatusBadRequest, "ExecutionAlreadyExists", "Execution Already Exists: '"+known.ARN+"'")
	}
	if err := x.journal.intact(); err != nil {
		return 0, nil, nil, err
	}
	status, header, answer, err := e.forward(context.WithoutCancel(ctx), c)
	if err != nil || status != http.StatusOK {
		return status, header, answer, err
	}
	var out struct{ ExecutionArn string }
	if err := json.Unmarshal(answer, &out); err != nil {
		return 0, nil, nil, err
	}
	started := execution{ARN: out.ExecutionArn, Machine: in.StateMachineArn, Name: in.Name, Input: in.Input, Status: running, Started: time.Now().UTC()}
	if err := x.journal.append(started); err != nil {
		return 0, nil, nil, err
	}
	x.byName[started.ARN] = &started
	return status, header, answer, nil
}

// StartExecution starts an execution with a name of its own, as EventBridge
// Scheduler does.
func (e *Endpoint) StartExecution(ctx context.Context, machineARN, input string) error {
	body, err := json.Marshal(map[string]string{"stateMachineArn": machineARN, "name": rand.Text(), "input": input})
	if err != nil {
		return err
	}
	c := call{operation: "StartExecution", body: body, header: http.Header{"X-Amz-Target": {"AWSStepFunctions.StartExecution"}, "Content-Type": {"application/x-amz-json-1.0"}}}
	status, _, answer, err := e.startExecution(ctx, c)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("start an execution of %s: %d %s", machineARN, status, answer)
	}
	return nil
}

// describeExecution answers for an execution of before a restart too.
func (e *Endpoint) describeExecution(ctx context.Context, c call) (int, http.Header, []byte, error) {
	status, header, answer, err := e.forward(ctx, c)
	if err != nil || status == http.StatusOK {
		return status, header, answer, err
	}
	var in struct{ ExecutionArn string }
	if json.Unmarshal(c.body, &in) != nil {
		return status, header, answer, nil
	}
	e.executions.mu.Lock()
	defer e.executions.mu.Unlock()
	known, ok := e.executions.byName[in.ExecutionArn]
	if !ok {
		return status, header, answer, nil
	}
	return success(map[string]any{
		"executionArn": known.ARN, "stateMachineArn": known.Machine, "name": known.Name, "status": known.Status,
		"input": known.Input, "startDate": seconds(known.Started), "stopDate": seconds(known.Stopped),
	})
}

// Resume starts the executions again that had not ended when the stack did,
// from their first state: their steps may run again, as on AWS after a
// failure. From then on it notes how executions end.
func (e *Endpoint) Resume(ctx context.Context) error {
	x := e.executions
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, known := range x.byName {
		if known.Status != running {
			continue
		}
		e.Log.Info("an execution is started again", "name", known.Name)
		err := e.ask(ctx, "AWSStepFunctions.StartExecution", map[string]string{"stateMachineArn": known.Machine, "name": known.Name, "input": known.Input}, nil)
		if err != nil {
			return fmt.Errorf("start execution %s again: %w", known.Name, err)
		}
	}
	e.work.Go(e.watch)
	return nil
}

// watch notes ends: kumo tells nobody of them.
func (e *Endpoint) watch() {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-e.ctx.Done():
			return
		case <-tick.C:
			if err := e.noteEnds(); err != nil && e.ctx.Err() == nil {
				e.Log.Error("the ends of executions were not noted", "error", err.Error())
			}
		}
	}
}

func (e *Endpoint) noteEnds() error {
	x := e.executions
	x.mu.Lock()
	open := map[string]bool{}
	for arn, known := range x.byName {
		if known.Status == running {
			open[arn] = true
		}
	}
	x.mu.Unlock()
	for arn := range open {
		var now struct{ Status string }
		if err := e.ask(e.ctx, "AWSStepFunctions.DescribeExecution", map[string]string{"executionArn": arn}, &now); err != nil {
			return err
		}
		if now.Status == running {
			continue
		}
		x.mu.Lock()
		ended := *x.byName[arn]
		ended.Status, ended.Stopped = now.Status, time.Now().UTC()
		err := x.journal.append(ended)
		if err == nil {
			x.byName[arn] = &ended
		}
		x.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
