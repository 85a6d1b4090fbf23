package chaos

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/vouch-s3/vouch/local/child"
	"github.com/vouch-s3/vouch/local/stack"
)

// childVariable is the environment variable that makes a program that calls
// RunChild a stack, with the settings that it holds.
const childVariable = "VOUCH_CHAOS_STACK"

// settings are what a run tells the process of its stack.
type settings struct {
	Stack  stack.Options
	Seed   uint64
	Life   int  // how many stacks of this run were killed before this one
	Events bool // whether events have faults
}

// RunChild is called first by every program that uses this package: the stack
// runs in a process of its own, so that it can be killed, and that process is
// the program itself, started again. It returns at once in any other process.
func RunChild() {
	text := os.Getenv(childVariable)
	if text == "" {
		return
	}
	if err := runStack(text); err != nil {
		fmt.Fprintln(os.Stderr, "the stack:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func runStack(text string) error {
	var c settings
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return fmt.Errorf("read the settings: %w", err)
	}
	if c.Events {
		news, err := newNews(c)
		if err != nil {
			return err
		}
		c.Stack.Events = news.pass
	}
	s, err := stack.Start(context.Background(), c.Stack)
	if err != nil {
		return err
	}
	defer s.Close()
	io.Copy(io.Discard, os.Stdin) // until the run ends, however it does
	return nil
}

// news makes the faults of events, within the stack's process.
type news struct {
	plan *Plan
	mu   sync.Mutex
	log  *os.File // a fault a line, since the process may be killed
}

const newsFile = "event-faults.log"

func newNews(c settings) (*news, error) {
	log, err := os.OpenFile(filepath.Join(c.Stack.Dir, newsFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of faults: %w", err)
	}
	return &news{plan: NewPlan(c.Seed + uint64(c.Life)<<32), log: log}, nil
}

// lateEvent is how late an event comes at the latest, after many that came later.
const lateEvent = 4 * time.Second

func (n *news) pass(pass func()) {
	fault, share := n.plan.Next(News)
	if fault != None {
		n.mu.Lock()
		fmt.Fprintln(n.log, fault)
		n.mu.Unlock()
	}
	late := func() { time.AfterFunc(time.Duration(share*float64(lateEvent)), pass) }
	switch fault {
	case EventLost:
	case EventDoubled:
		pass()
		late()
	case EventLate:
		late()
	default:
		pass()
	}
}

// countNews adds the faults of events to a plan's count.
func countNews(dir string, plan *Plan) error {
	data, err := os.ReadFile(filepath.Join(dir, newsFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the log of faults: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		plan.Count(News, Fault(lines.Text()))
	}
	return lines.Err()
}

// process is the stack in its own process.
type process struct {
	settings settings

	mu      sync.Mutex
	running *child.Process
	stdin   io.Closer
	output  *os.File
}

// startTimeout is how long a stack may take to answer, on a machine with much
// else to do.
const startTimeout = time.Minute

// start starts the stack and returns once it answers.
func (p *process) start(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	text, err := json.Marshal(p.settings)
	if err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	if p.output == nil {
		if p.output, err = os.OpenFile(filepath.Join(p.settings.Stack.Dir, "process.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
			return fmt.Errorf("open the log of the stack's process: %w", err)
		}
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	cmd.Stdout, cmd.Stderr = p.output, p.output
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return fmt.Errorf("start the stack: %w", err)
	}
	if p.running, err = child.Start(cmd); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.settings.Stack.API+"/issuer/.well-known/openid-configuration", nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			return nil
		}
		select {
		case <-p.running.Exited():
			return fmt.Errorf("%w (%s says why): %v", errEnded, p.output.Name(), p.running.Err())
		case <-ctx.Done():
			return fmt.Errorf("wait for the stack to answer: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// restart kills the stack with no chance to tidy up, and starts it again.
func (p *process) restart(ctx context.Context) error {
	p.mu.Lock()
	p.running.Kill()
	p.stdin.Close()
	p.settings.Life++
	p.mu.Unlock()
	err := p.start(ctx)
	for range portTries {
		if !errors.Is(err, errEnded) {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
		err = p.start(ctx)
	}
	return err
}

// portTries are how often more a stack that was killed is started where it ends at
// once: for a moment one of its ports may still be its clamd's, or another
// connection's.
const portTries = 5

var errEnded = errors.New("the stack ended as it started")

// stop lets the stack tidy up and end.
func (p *process) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running != nil {
		p.stdin.Close()
		select {
		case <-p.running.Exited():
		case <-time.After(10 * time.Second):
			p.running.Kill()
		}
	}
	if p.output != nil {
		p.output.Close()
	}
}

// worker is a process that the stack has started: a function's or clamd.
type worker struct {
	pid  int
	name string
}

// workers lists the processes that the stack has started, by their pid.
func (p *process) workers(ctx context.Context) ([]worker, error) {
	p.mu.Lock()
	stack := p.running.Pid()
	p.mu.Unlock()
	out, err := exec.CommandContext(ctx, "ps", "-A", "-o", "pid=,ppid=,comm=").Output()
	if err != nil {
		return nil, fmt.Errorf("list the stack's processes: %w", err)
	}
	var found []worker
	for line := range strings.SplitSeq(string(out), "\n") {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[1] != strconv.Itoa(stack) {
			continue
		}
		if pid, err := strconv.Atoi(fields[0]); err == nil {
			found = append(found, worker{pid, filepath.Base(fields[2])})
		}
	}
	return found, nil
}

// kill ends a worker at once, if it is still there.
func (w worker) kill() { syscall.Kill(w.pid, syscall.SIGKILL) }
