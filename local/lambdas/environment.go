package lambdas

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/vouch-s3/vouch/local/child"
)

// pool is a function and its environments. Whoever holds one of its slots may
// run one environment.
type pool struct {
	Function
	slots chan struct{}

	mu   sync.Mutex
	idle []*environment
}

// environment is one execution environment: a process that asks for
// invocations under its own unguessable path of the runtime API.
type environment struct {
	id      string
	process *child.Process
	next    chan *invocation // handed to the process that asks for it
	current *invocation      // being handled; guarded by mu
	mu      sync.Mutex
	idleAt  time.Time
}

type invocation struct {
	id      string
	payload []byte
	arn     string
	timeout time.Duration
	result  chan Result // of capacity 1
}

// run runs one invocation in an environment of p, for a caller that holds a slot.
func (s *Service) run(ctx context.Context, p *pool, payload []byte) (Result, error) {
	inv := &invocation{id: uuid.NewString(), payload: payload, arn: p.ARN, timeout: p.Timeout, result: make(chan Result, 1)}
	for {
		e, err := s.environment(p)
		if err != nil {
			s.log.Error("a function cannot be started", "function", p.Name, "error", err.Error())
			return failure(inv.id, "Runtime.InvalidEntrypoint", err.Error()), nil
		}
		r, took, end := s.await(ctx, e, inv)
		if end == answered {
			s.tell(p, inv, r, took)
			p.mu.Lock()
			e.idleAt = time.Now()
			p.idle = append(p.idle, e)
			p.mu.Unlock()
			return r, nil
		}
		s.discard(e)
		if end == neverTaken && !e.idleAt.IsZero() {
			continue // it ended while it was idle: that is no fault of this invocation
		}
		s.tell(p, inv, r, took)
		return r, ctx.Err()
	}
}

func (s *Service) tell(p *pool, inv *invocation, r Result, took time.Duration) {
	if s.observer != nil {
		s.observer(Invocation{Function: p.Name, Payload: inv.payload, Result: r, Took: took})
	}
}

// ending is how an environment came out of an invocation.
type ending int

const (
	answered   ending = iota // it can be used again
	neverTaken               // it ended before it took the invocation
	broken                   // it ended, or has to be, with the invocation
)

// await hands inv to e and waits for its result. It took as long as e had it.
func (s *Service) await(ctx context.Context, e *environment, inv *invocation) (r Result, took time.Duration, end ending) {
	exited := func() Result {
		message := "Runtime exited without providing a reason"
		if err := e.process.Err(); err != nil {
			message = "Runtime exited with error: " + err.Error()
		}
		return failure(inv.id, "Runtime.ExitError", message)
	}
	initialised := time.NewTimer(initTimeout)
	defer initialised.Stop()
	select {
	case e.next <- inv:
	case <-e.process.Exited():
		return exited(), 0, neverTaken
	case <-initialised.C:
		return failure(inv.id, "Sandbox.Timedout", fmt.Sprintf("Init timed out after %.2f seconds", initTimeout.Seconds())), 0, broken
	case <-ctx.Done():
		return Result{RequestID: inv.id}, 0, broken
	}
	begun := time.Now()
	timeout := time.NewTimer(inv.timeout)
	defer timeout.Stop()
	select {
	case r := <-inv.result:
		return r, time.Since(begun), answered
	case <-e.process.Exited():
		select {
		case r := <-inv.result: // it answered, and ended after that
			return r, time.Since(begun), broken
		default:
		}
		return exited(), time.Since(begun), broken
	case <-timeout.C:
		return failure(inv.id, "Sandbox.Timedout", fmt.Sprintf("Task timed out after %.2f seconds", inv.timeout.Seconds())), inv.timeout, broken
	case <-ctx.Done():
		return Result{RequestID: inv.id}, time.Since(begun), broken
	}
}

// environment returns one that waits for work, or starts one.
func (s *Service) environment(p *pool) (*environment, error) {
	p.mu.Lock()
	for len(p.idle) > 0 {
		e := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		select {
		case <-e.process.Exited():
			s.forget(e)
		default:
			p.mu.Unlock()
			return e, nil
		}
	}
	p.mu.Unlock()
	return s.start(p)
}

func (s *Service) start(p *pool) (*environment, error) {
	e := &environment{id: uuid.NewString(), next: make(chan *invocation)}
	cmd := exec.Command(p.Command)
	cmd.Dir = filepath.Dir(p.Command)
	cmd.Env = slices.Concat(p.Env, []string{
		"PATH=" + os.Getenv("PATH"),
		"TZ=:UTC",
		"LANG=en_US.UTF-8",
		"AWS_LAMBDA_RUNTIME_API=" + s.listener.Addr().String() + "/" + e.id,
		"AWS_LAMBDA_FUNCTION_NAME=" + p.Name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		fmt.Sprintf("AWS_LAMBDA_FUNCTION_MEMORY_SIZE=%d", p.MemoryMB),
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + p.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME=" + e.id,
		"AWS_EXECUTION_ENV=AWS_Lambda_provided.al2023",
		"LAMBDA_TASK_ROOT=" + cmd.Dir,
		"_HANDLER=bootstrap",
	})
	cmd.Stdout, cmd.Stderr = s.output, s.output
	// What a killed function has itself started must not keep its output open.
	cmd.WaitDelay = time.Second

	// Under the lock, so that it is known before it can ask for work.
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return nil, s.ctx.Err()
	}
	process, err := child.Start(cmd)
	if err != nil {
		return nil, err
	}
	e.process = process
	s.environments[e.id] = e
	return e, nil
}

func (s *Service) forget(e *environment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.environments, e.id)
}

func (s *Service) discard(e *environment) {
	e.process.Kill()
	s.forget(e)
}

// reapIdle ends environments that had nothing to do for a while.
func (s *Service) reapIdle() {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		s.mu.Lock()
		var old []*environment
		for _, p := range s.pools {
			p.mu.Lock()
			p.idle = slices.DeleteFunc(p.idle, func(e *environment) bool {
				reap := time.Since(e.idleAt) > idleLife
				if reap {
					old = append(old, e)
				}
				return reap
			})
			p.mu.Unlock()
		}
		s.mu.Unlock()
		for _, e := range old {
			s.discard(e)
		}
	}
}

// lineWriter lets several processes share a writer without mixing their lines.
type lineWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lineWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
