package lambda

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/vouch-s3/vouch/local/child"
)

// environment is one execution environment: a process that asks for
// invocations under its own unguessable path of the runtime API.
type environment struct {
	id        string
	process   *child.Process
	next      chan *invocation // handed to the process that asks for it
	initError chan []byte      // what the process said of a failed init; of capacity 1
	idleSince time.Time        // zero until it has answered once; guarded by its pool

	mu      sync.Mutex
	current *invocation // being handled
}

type invocation struct {
	id      string
	payload []byte
	arn     string
	timeout time.Duration
	result  chan Result // of capacity 1
}

// run runs one invocation in an environment of p, for a caller that holds a slot.
func (s *Service) run(ctx context.Context, p *pool, requestID string, payload []byte) (Result, error) {
	inv := &invocation{id: requestID, payload: payload, arn: p.ARN, timeout: p.Timeout, result: make(chan Result, 1)}
	for {
		e, err := s.environment(p)
		if s.ctx.Err() != nil {
			return Result{}, ErrClosed
		}
		if err != nil {
			s.log.Error("a function cannot be started", "function", p.Name, "error", err.Error())
			return failure(inv.id, "Runtime.InvalidEntrypoint", err.Error()), nil
		}
		r, end := s.await(ctx, e, inv)
		switch {
		case end == answered:
			p.put(e)
			return r, nil
		case end == neverTaken && !e.idleSince.IsZero():
			s.discard(e)
			continue // it ended while it was idle, which is no fault of this invocation
		}
		s.discard(e)
		if s.ctx.Err() != nil {
			return Result{}, ErrClosed
		}
		return r, ctx.Err()
	}
}

// ending is how an environment came out of an invocation.
type ending int

const (
	answered   ending = iota // it can be used again
	neverTaken               // it ended before it took the invocation
	broken                   // it ended, or has to be ended, with the invocation
)

// await hands inv to e and waits for its result.
func (s *Service) await(ctx context.Context, e *environment, inv *invocation) (Result, ending) {
	limit := initTimeout + inv.timeout
	initialised := time.NewTimer(limit)
	defer initialised.Stop()
	select {
	case e.next <- inv:
	case <-e.process.Exited():
		select {
		case body := <-e.initError:
			return Result{RequestID: inv.id, Payload: body, FunctionError: "Unhandled"}, broken
		default:
			return exited(e, inv), neverTaken
		}
	case <-initialised.C:
		return failure(inv.id, "Sandbox.Timedout", fmt.Sprintf("Init timed out after %.2f seconds", limit.Seconds())), broken
	case <-ctx.Done():
		return Result{RequestID: inv.id}, broken
	}
	timeout := time.NewTimer(inv.timeout)
	defer timeout.Stop()
	select {
	case r := <-inv.result:
		return r, answered
	case <-e.process.Exited():
		select {
		case r := <-inv.result: // it answered, and ended after that
			return r, broken
		default:
			return exited(e, inv), broken
		}
	case <-timeout.C:
		return failure(inv.id, "Sandbox.Timedout", fmt.Sprintf("Task timed out after %.2f seconds", inv.timeout.Seconds())), broken
	case <-ctx.Done():
		return Result{RequestID: inv.id}, broken
	}
}

func exited(e *environment, inv *invocation) Result {
	message := "Runtime exited without providing a reason"
	if err := e.process.Err(); err != nil {
		message = "Runtime exited with error: " + err.Error()
	}
	return failure(inv.id, "Runtime.ExitError", message)
}

// environment returns one of p that waits for work, or starts one.
func (s *Service) environment(p *pool) (*environment, error) {
	e, ended := p.take()
	for _, e := range ended {
		s.discard(e)
	}
	if e != nil {
		return e, nil
	}
	return s.start(p)
}

func (s *Service) start(p *pool) (*environment, error) {
	e := &environment{id: uuid.NewString(), next: make(chan *invocation), initError: make(chan []byte, 1)}
	// Stdout and Stderr are one writer, so that exec keeps their order.
	output := p.output.line()
	cmd := exec.Command(p.Command)
	cmd.Dir = filepath.Dir(p.Command)
	cmd.Env = slices.Concat(p.Env, s.reserved(p, e))
	cmd.Stdout, cmd.Stderr = output, output
	// What a killed function has itself started must not keep its output open.
	cmd.WaitDelay = time.Second

	// Under the lock, so that it is known before it can ask for work.
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	process, err := child.Start(cmd)
	if err != nil {
		return nil, err
	}
	e.process = process
	s.environments[e.id] = e
	s.work.Go(func() {
		<-process.Exited()
		output.close()
	})
	return e, nil
}

// reserved are the variables that Lambda defines and a function cannot change.
func (s *Service) reserved(p *pool, e *environment) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"),
		"TZ=:UTC",
		"LANG=en_US.UTF-8",
		"AWS_REGION=" + s.opts.Region,
		"AWS_DEFAULT_REGION=" + s.opts.Region,
		"AWS_LAMBDA_RUNTIME_API=" + s.listener.Addr().String() + "/env/" + e.id,
		"AWS_LAMBDA_FUNCTION_NAME=" + p.Name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		fmt.Sprintf("AWS_LAMBDA_FUNCTION_MEMORY_SIZE=%d", p.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + p.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME=" + time.Now().UTC().Format("2006/01/02") + "/[$LATEST]" + strings.ReplaceAll(e.id, "-", ""),
		"AWS_EXECUTION_ENV=AWS_Lambda_provided.al2023",
		"LAMBDA_TASK_ROOT=" + filepath.Dir(p.Command),
		"_HANDLER=bootstrap",
	}
}

// discard ends an environment and forgets it.
func (s *Service) discard(e *environment) {
	e.process.Kill()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.environments, e.id)
}
