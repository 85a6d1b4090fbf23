// Package lambdas stands in for AWS Lambda: it runs the functions' real
// binaries against the real Lambda Runtime API ("Using the Lambda runtime
// API", AWS Lambda Developer Guide). As there, an execution environment is one
// process that handles one invocation at a time; environments are started on
// demand and used again while they live, a function that exceeds its timeout
// is killed, and asynchronous invocations that fail are tried again.
package lambdas

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Function is a function that can be invoked.
type Function struct {
	Name    string
	ARN     string
	Command string   // the path of the binary
	Env     []string // KEY=value; nothing is inherited from this process

	Timeout        time.Duration // of one invocation
	MemoryMB       int           // told to the function, not enforced
	MaxConcurrency int           // environments at a time

	AsyncRetries int // further attempts of an asynchronous invocation
	// OnFailure takes an asynchronous invocation that failed for good; may be nil.
	OnFailure func(ctx context.Context, payload []byte, r Result)
}

// Result is what an invocation came to.
type Result struct {
	RequestID string
	Payload   []byte

	// FunctionError is empty for a success, and otherwise "Unhandled" as in the
	// header X-Amz-Function-Error; Payload then describes the error.
	FunctionError string
}

// Invocation is an attempt to run a function that has come to its end.
type Invocation struct {
	Function string // its name
	Payload  []byte
	Result   Result

	// Took is how long the function had the invocation, without the start of its
	// environment.
	Took time.Duration
}

// ErrNotFound says that there is no function of that name.
var ErrNotFound = errors.New("there is no function of that name")

// ErrThrottled says that every environment stayed busy.
var ErrThrottled = errors.New("the function is at its concurrency limit")

const (
	// AWS waits one and then two minutes between attempts; people at a terminal
	// wait for seconds.
	firstRetryDelay = time.Second

	// throttleAfter is how long a synchronous invocation waits for an
	// environment. AWS throttles at once, but scales to a thousand of them.
	throttleAfter = 20 * time.Second

	idleLife    = 5 * time.Minute
	initTimeout = 10 * time.Second
)

// Service runs functions.
type Service struct {
	log      *slog.Logger
	output   io.Writer
	listener net.Listener
	server   *http.Server
	ctx      context.Context
	cancel   context.CancelFunc
	work     sync.WaitGroup
	observer func(Invocation) // may be nil

	mu           sync.Mutex
	pools        map[string]*pool
	environments map[string]*environment
}

// New starts a service without functions. What functions print goes to output,
// a line at a time.
func New(log *slog.Logger, output io.Writer) (*Service, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the Lambda runtime API: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Service{
		log: log, output: &lineWriter{w: output}, listener: l, ctx: ctx, cancel: cancel,
		pools: map[string]*pool{}, environments: map[string]*environment{},
	}
	s.server = &http.Server{Handler: s.runtimeAPI(), ReadHeaderTimeout: 10 * time.Second}
	s.work.Go(func() { s.server.Serve(l) })
	s.work.Go(s.reapIdle)
	return s, nil
}

// Observe has f told of every invocation that ends, before its caller is. It must
// be called before there is any.
func (s *Service) Observe(f func(Invocation)) { s.observer = f }

// Add makes a function known.
func (s *Service) Add(f Function) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pools[f.Name] = &pool{Function: f, slots: make(chan struct{}, f.MaxConcurrency)}
}

// Invoke invokes a function by its name or ARN and waits for the result. It
// returns ErrNotFound or ErrThrottled as the service does; a function that
// fails is a Result with a FunctionError.
func (s *Service) Invoke(ctx context.Context, function string, payload []byte) (Result, error) {
	p, err := s.pool(function)
	if err != nil {
		return Result{}, err
	}
	waiting, cancel := context.WithTimeout(ctx, throttleAfter)
	defer cancel()
	select {
	case p.slots <- struct{}{}:
	case <-waiting.Done():
		if ctx.Err() != nil {
			return Result{}, ctx.Err()
		}
		return Result{}, ErrThrottled
	}
	defer func() { <-p.slots }()
	return s.run(ctx, p, payload)
}

// InvokeAsync takes an invocation and returns. It is attempted until it
// succeeds or its retries are used up, or the service closes.
func (s *Service) InvokeAsync(function string, payload []byte) error {
	p, err := s.pool(function)
	if err != nil {
		return err
	}
	s.work.Go(func() {
		delay := firstRetryDelay
		for attempt := 0; ; attempt++ {
			r, err := s.invokeWaiting(p, payload)
			if err == nil && r.FunctionError == "" || s.ctx.Err() != nil {
				return
			}
			s.log.Warn("an asynchronous invocation failed", "function", p.Name, "requestId", r.RequestID, "attempt", attempt+1, "error", string(r.Payload))
			if attempt == p.AsyncRetries {
				if p.OnFailure != nil {
					p.OnFailure(s.ctx, payload, r)
				}
				return
			}
			select {
			case <-time.After(delay):
			case <-s.ctx.Done():
				return
			}
			delay *= 2
		}
	})
	return nil
}

// invokeWaiting invokes p as soon as it has an environment to spare.
func (s *Service) invokeWaiting(p *pool, payload []byte) (Result, error) {
	select {
	case p.slots <- struct{}{}:
	case <-s.ctx.Done():
		return Result{}, s.ctx.Err()
	}
	defer func() { <-p.slots }()
	return s.run(s.ctx, p, payload)
}

// Close kills every environment and waits for all that is under way to end.
func (s *Service) Close() {
	s.cancel()
	s.mu.Lock()
	environments := s.environments
	s.environments = map[string]*environment{}
	s.mu.Unlock()
	for _, e := range environments {
		e.process.Kill()
	}
	s.server.Close()
	s.work.Wait()
}

func (s *Service) pool(function string) (*pool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, p := range s.pools {
		if function == name || function == p.ARN {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%w: %s", ErrNotFound, function)
}

// failure describes a failed invocation as Lambda does.
func failure(requestID, errorType, message string) Result {
	payload, _ := json.Marshal(map[string]string{ // a map of strings always encodes
		"errorType":    errorType,
		"errorMessage": "RequestId: " + requestID + " Error: " + message,
	})
	return Result{RequestID: requestID, Payload: payload, FunctionError: "Unhandled"}
}
