package lambda

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Options say how a Service runs functions. Only Region and Output are required.
type Options struct {
	Logger *slog.Logger
	Region string // told to functions as AWS_REGION

	// Output returns where a function's standard output and error go, line by
	// line and with nothing added. It is called once for each function.
	Output func(function string) io.Writer

	// RetryDelays are the waits before the retries of an asynchronous
	// invocation. AWS waits one and then two minutes; people at a terminal
	// wait for seconds, so the default is 1 s and 2 s.
	RetryDelays [2]time.Duration

	IdleLife  time.Duration // of an environment without work; 0 means 5 min
	QueueSize int           // asynchronous invocations under way, of each function; 0 means 1000

	// ThrottleAfter is how long a synchronous invocation waits for an
	// environment; 0 means 20 s. AWS throttles at once, but has a thousand.
	ThrottleAfter time.Duration
}

// initTimeout is what Lambda gives the Init phase. One that takes longer gets
// the function's timeout in addition ("Understanding the Lambda execution
// environment lifecycle").
const initTimeout = 10 * time.Second

// Service runs functions. Its methods may be called from several goroutines.
type Service struct {
	opts     Options
	log      *slog.Logger
	listener net.Listener
	server   *http.Server
	ctx      context.Context // ends with Close
	cancel   context.CancelFunc

	mu           sync.Mutex
	closed       bool
	work         sync.WaitGroup // added to only under mu, while not closed
	pools        map[string]*pool
	environments map[string]*environment
}

// New starts a service without functions. It serves the runtime API on a
// loopback port until Close.
func New(o Options) (*Service, error) {
	if o.Output == nil || o.Region == "" {
		return nil, fmt.Errorf("start the Lambda service: Output and Region are required")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.RetryDelays == [2]time.Duration{} {
		o.RetryDelays = [2]time.Duration{time.Second, 2 * time.Second}
	}
	if o.IdleLife == 0 {
		o.IdleLife = 5 * time.Minute
	}
	if o.QueueSize == 0 {
		o.QueueSize = 1000
	}
	if o.ThrottleAfter == 0 {
		o.ThrottleAfter = 20 * time.Second
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the Lambda runtime API: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Service{
		opts: o, log: o.Logger, listener: l, ctx: ctx, cancel: cancel,
		pools: map[string]*pool{}, environments: map[string]*environment{},
	}
	s.server = &http.Server{Handler: s.runtimeAPI(), ReadHeaderTimeout: 10 * time.Second}
	s.work.Go(func() { s.server.Serve(l) }) // returns when Close closes the server
	s.work.Go(s.reapIdle)
	return s, nil
}

// Add makes a function known. A second function of the same name is an error.
func (s *Service) Add(f Function) error {
	if err := f.check(); err != nil {
		return err
	}
	f = f.withDefaults()
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, exists := s.pools[f.Name]; exists {
		return fmt.Errorf("function %q: there is one of that name", f.Name)
	}
	s.pools[f.Name] = &pool{
		Function: f,
		output:   &lineWriter{w: s.opts.Output(f.Name)},
		slots:    make(chan struct{}, f.MaxConcurrency),
		queue:    make(chan struct{}, s.opts.QueueSize),
	}
	return nil
}

// Invoke invokes a function by name or ARN and waits for the result. A
// function that fails is a Result with a FunctionError; the error is
// ErrNotFound, ErrTooManyRequests, ErrTooLarge, ErrClosed or ctx's. When ctx
// ends the invocation is killed, which AWS does not do.
func (s *Service) Invoke(ctx context.Context, function string, payload []byte) (Result, error) {
	p, err := s.pool(function)
	if err != nil {
		return Result{}, err
	}
	if len(payload) > MaxPayload {
		return Result{}, fmt.Errorf("%w: %d bytes for a limit of %d", ErrTooLarge, len(payload), MaxPayload)
	}
	end, err := s.begin()
	if err != nil {
		return Result{}, err
	}
	defer end()
	throttled := time.NewTimer(s.opts.ThrottleAfter)
	defer throttled.Stop()
	select {
	case p.slots <- struct{}{}:
	case <-throttled.C:
		return Result{}, ErrTooManyRequests
	case <-ctx.Done():
		return Result{}, ctx.Err()
	case <-s.ctx.Done():
		return Result{}, ErrClosed
	}
	defer func() { <-p.slots }()
	return s.run(ctx, p, uuid.NewString(), payload)
}

// begin counts an activity that Close is to wait for.
func (s *Service) begin() (end func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	s.work.Add(1)
	return s.work.Done, nil
}

// Close kills every environment and waits for all that is under way to end.
// Queued asynchronous invocations are dropped.
func (s *Service) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.mu.Lock()
	var environments []*environment
	for _, e := range s.environments {
		environments = append(environments, e)
	}
	clear(s.environments)
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
	if p, ok := s.pools[function]; ok {
		return p, nil
	}
	for _, p := range s.pools {
		if p.ARN == function && function != "" {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%w: %s", ErrNotFound, function)
}
