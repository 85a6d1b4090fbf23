package ask

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/vouch-s3/vouch/local/child"
)

// start starts a program on one core, the last that there is where taskset(1) can
// choose it, with this environment and no other, and its output going nowhere. Close
// must be called.
func start(env []string, name string, args ...string) (*running, error) {
	command := append([]string{name}, args...)
	if taskset, err := exec.LookPath("taskset"); err == nil {
		command = append([]string{taskset, "-c", strconv.Itoa(runtime.NumCPU() - 1)}, command...)
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("open the log that nobody reads: %w", err)
	}
	defer null.Close()
	r := &running{name: name}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(env, "PATH="+os.Getenv("PATH"), "GOMAXPROCS=1")
	cmd.Stdout, cmd.Stderr = null, &r.complaints
	cmd.WaitDelay = time.Second
	if r.process, err = child.Start(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return r, nil
}

// running is a program that runs.
type running struct {
	name       string
	process    *child.Process
	complaints bytes.Buffer // read only when it has ended
	servers    []served     // that only it is a client of
}

// Close ends the program.
func (r *running) Close() {
	defer func() {
		for _, s := range r.servers {
			s.Close()
		}
	}()
	r.process.Signal(syscall.SIGTERM)
	select {
	case <-r.process.Exited():
	case <-time.After(2 * time.Second):
		r.process.Kill()
	}
}

// spent is the processor time that the program has had, all its threads and both
// modes together, in ticks of 10 ms (proc(5)).
func (r *running) spent() (time.Duration, error) {
	select {
	case <-r.process.Exited():
		return 0, fmt.Errorf("%s has ended: %w: %s", r.name, r.process.Err(), r.complaints.String())
	default:
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.process.Pid()))
	if err != nil {
		return 0, fmt.Errorf("read what %s has spent: %w", r.name, err)
	}
	_, behind, _ := strings.Cut(string(text), ") ") // its name may hold anything but that
	fields := strings.Fields(behind)
	if len(fields) < 13 {
		return 0, errors.New("proc/stat is not as proc(5) says")
	}
	var ticks int64
	for _, field := range fields[11:13] { // utime, stime
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read what %s has spent: %w", r.name, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * (time.Second / 100), nil
}

// loop calls n times, one after the other, and returns what that took the program
// each time, and how many calls there were in a second. A tenth as many go before.
func (r *running) loop(ctx context.Context, n int, call func(context.Context) error) (each time.Duration, rate float64, err error) {
	for range n/10 + 1 {
		if err := call(ctx); err != nil {
			return 0, 0, fmt.Errorf("%s: %w", r.name, err)
		}
	}
	before, err := r.spent()
	if err != nil {
		return 0, 0, err
	}
	begun := time.Now()
	for range n {
		if err := call(ctx); err != nil {
			return 0, 0, fmt.Errorf("%s: %w", r.name, err)
		}
	}
	took := time.Since(begun)
	after, err := r.spent()
	if err != nil {
		return 0, 0, err
	}
	return (after - before) / time.Duration(n), float64(n) / took.Seconds(), nil
}

// request is a call of an HTTP server, over one connection that is kept.
func request(method, url string, header http.Header, want int) func(context.Context) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}, Timeout: 20 * time.Second}
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, method, url, nil)
		if err != nil {
			return err
		}
		req.Header = header.Clone()
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		if resp.StatusCode != want {
			return fmt.Errorf("answered %s: %s", resp.Status, body)
		}
		return nil
	}
}

// listens waits until something takes connections at addr, or r has ended.
func (r *running) listens(ctx context.Context, addr string) error {
	for range 400 {
		if c, err := net.Dial("tcp", addr); err == nil {
			return c.Close()
		}
		select {
		case <-r.process.Exited():
			return fmt.Errorf("%s has ended: %w: %s", r.name, r.process.Err(), r.complaints.String())
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return fmt.Errorf("%s does not listen on %s", r.name, addr)
}

// freeAddr is a port on loopback that nobody listens on now.
func freeAddr() (addr, port string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	addr = l.Addr().String()
	_, port, err = net.SplitHostPort(addr)
	return addr, port, err
}
