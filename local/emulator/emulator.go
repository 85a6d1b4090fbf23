// Package emulator runs a function's binary as sam local invoke does, under AWS's
// own Lambda Runtime Interface Emulator, but without Docker: the emulator, which
// there is the entry point of the container, is here a process like any other
// ("Testing locally", github.com/aws/aws-lambda-runtime-interface-emulator).
package emulator

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/vouch-s3/vouch/local/child"
)

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
