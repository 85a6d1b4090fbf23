// Package emulator runs a function's binary as sam local invoke does, under AWS's
// own Lambda Runtime Interface Emulator, but without Docker: the emulator, which
// there is the entry point of the container, is here a process like any other
// ("Testing locally", github.com/aws/aws-lambda-runtime-interface-emulator).
package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/vouch-s3/vouch/local/child"
)

// Module is the emulator at the version that is known to pass. Its releases are
// tagged v1.35 and the like, which are no versions of a Go module, so this is a
// commit.
const Module = "github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie@v0.0.0-20261030222936-bef5c4ba774d"

// Install builds the emulator to the folder dir, and returns the path of its binary.
// What it is built of is in the module cache after the first time.
func Install(ctx context.Context, dir string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "install", "-trimpath", Module)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the Runtime Interface Emulator: %w\n%s", err, out)
	}
	return filepath.Join(dir, "aws-lambda-rie"), nil
}

// Function is a function that is to run.
type Function struct {
	Name     string
	Binary   string            // its path
	Env      map[string]string // all that it is given besides what Lambda gives every function
	Timeout  time.Duration     // in whole seconds, as the emulator counts
	MemoryMB int               // told to the function, not enforced
}

// Emulator is one emulator with its function.
type Emulator struct {
	url     string
	timeout time.Duration
	process *child.Process
	output  output
}

// Start starts the emulator at path with a function. The function itself starts
// with the first invocation. Close must be called in any case but an error.
func Start(ctx context.Context, path string, f Function) (*Emulator, error) {
	addrs, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	// By itself the emulator listens on every address that the machine has.
	cmd := exec.Command(path, "--log-level", "info", "--runtime-interface-emulator-address", addrs[0], "--runtime-api-address", addrs[1], f.Binary, "bootstrap")
	cmd.Dir = filepath.Dir(f.Binary)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"),
		"TZ=:UTC",
		"LANG=en_US.UTF-8",
		"AWS_LAMBDA_FUNCTION_NAME=" + f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_HANDLER=bootstrap",
		"AWS_LAMBDA_FUNCTION_TIMEOUT=" + strconv.Itoa(int(f.Timeout.Seconds())),
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(f.MemoryMB),
	}
	for name, value := range f.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	e := &Emulator{url: "http://" + addrs[0] + "/2015-03-31/functions/function/invocations", timeout: f.Timeout}
	cmd.Stdout, cmd.Stderr = &e.output, &e.output
	cmd.WaitDelay = time.Second // for the function, which holds on to the output
	if e.process, err = child.Start(cmd); err != nil {
		return nil, err
	}
	for _, addr := range addrs { // it serves the function by itself, and might be late with that
		if err := e.listens(ctx, addr); err != nil {
			e.Close()
			return nil, err
		}
	}
	return e, nil
}

// listens waits until the emulator takes connections at addr.
func (e *Emulator) listens(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		if c, err := net.Dial("tcp", addr); err == nil {
			return c.Close()
		}
		select {
		case <-e.process.Exited():
			return fmt.Errorf("the Runtime Interface Emulator ended: %w\n%s", e.process.Err(), e.Output())
		case <-ctx.Done():
			return fmt.Errorf("the Runtime Interface Emulator does not listen on %s: %w", addr, ctx.Err())
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// Answer is what an invocation came to.
type Answer struct {
	Payload []byte

	// ErrorType and ErrorMessage are those of an invocation that failed, as Lambda
	// names them; empty for one that did not.
	ErrorType, ErrorMessage string
}

// timedOut is what the emulator answers, with the status 200, when the function's
// time is up.
var timedOut = regexp.MustCompile(`^Task timed out after \d+\.00 seconds$`)

// Invoke invokes the function. A function that fails is an Answer with an
// ErrorType. The emulator has no X-Amz-Function-Error, so that an answer counts as
// an error by its members, as it does for sam local invoke.
func (e *Emulator) Invoke(ctx context.Context, event []byte) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, e.timeout+20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(event))
	if err != nil {
		return Answer{}, fmt.Errorf("make an invocation: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return Answer{}, fmt.Errorf("invoke the function: %w", err)
	}
	defer resp.Body.Close()
	payload, err := io.ReadAll(resp.Body)
	if err != nil {
		return Answer{}, fmt.Errorf("read the function's answer: %w", err)
	}
	a := Answer{Payload: payload}
	if timedOut.Match(payload) {
		a.ErrorType, a.ErrorMessage = "Sandbox.Timedout", string(payload)
		return a, nil
	}
	var failure struct{ ErrorType, ErrorMessage string }
	if json.Unmarshal(payload, &failure) == nil { // an answer may be no object
		a.ErrorType, a.ErrorMessage = failure.ErrorType, failure.ErrorMessage
	}
	if resp.StatusCode != http.StatusOK && a.ErrorType == "" {
		return Answer{}, fmt.Errorf("the Runtime Interface Emulator answered %s %s\n%s", resp.Status, payload, e.Output())
	}
	return a, nil
}

// initReport is what the emulator says of every start of the function, from before
// its process is made to its first call for work. (The "Init Duration" of its REPORT
// lines is none: it is how long the emulator took to ask for the start.)
var initReport = regexp.MustCompile(`INIT REPORT\(durationMs: ([0-9.]+)\)`)

// Inits returns how long each start of the function took that there has been.
func (e *Emulator) Inits() ([]time.Duration, error) {
	var all []time.Duration
	for _, m := range initReport.FindAllStringSubmatch(e.Output(), -1) {
		ms, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			return nil, fmt.Errorf("read %q: %w", m[0], err)
		}
		all = append(all, time.Duration(ms*float64(time.Millisecond)))
	}
	if len(all) == 0 {
		return nil, errors.New("the function has not been started")
	}
	return all, nil
}

// Init starts the function, as its first invocation does, and returns how long that
// took. What it is invoked with it need not answer.
func (e *Emulator) Init(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	go e.Invoke(ctx, []byte("{}")) // its error, if there is one, is told by what follows
	for {
		if inits, err := e.Inits(); err == nil {
			if strings.Contains(e.Output(), "INIT RTDONE(status: error)") {
				return 0, fmt.Errorf("the function does not start:\n%s", e.Output())
			}
			return inits[0], nil
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("the function does not start: %w\n%s", ctx.Err(), e.Output())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Output is what the emulator and the function have printed.
func (e *Emulator) Output() string { return e.output.String() }

// Close ends the emulator and its function.
func (e *Emulator) Close() {
	e.process.Signal(syscall.SIGTERM) // has it end the function, which is in a group of its own
	select {
	case <-e.process.Exited():
	case <-time.After(2 * time.Second):
		e.process.Kill()
	}
}

// output is written by two processes at a time.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// freePorts returns addresses on loopback that nobody listens on now.
func freePorts(n int) ([]string, error) {
	var addrs []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer l.Close()
		addrs = append(addrs, l.Addr().String())
	}
	return addrs, nil
}
