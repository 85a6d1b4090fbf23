package lambdas

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "testfn-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "testfn")
	if out, err := exec.Command("go", "build", "-o", binary, "./testfn").CombinedOutput(); err != nil {
		os.Stderr.Write(out)
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func start(t *testing.T, change func(*Function)) *Service {
	t.Helper()
	s, err := New(slog.New(slog.DiscardHandler), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	f := Function{
		Name: "fn", ARN: "arn:aws:lambda:us-east-1:0:function:fn", Command: binary, Env: []string{"GREETING=hello"},
		Timeout: 5 * time.Second, MemoryMB: 128, MaxConcurrency: 2, AsyncRetries: 2,
	}
	change(&f)
	s.Add(f)
	return s
}

type answer struct {
	PID, Served             int
	RequestID, ARN, Name    string
	Memory                  int
	Greeting, Home          string
	LeftMillis              int64
	ErrorType, ErrorMessage string
}

func invoke(t *testing.T, s *Service, payload string) (Result, answer) {
	t.Helper()
	r, err := s.Invoke(t.Context(), "fn", []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	var a answer
	if err := json.Unmarshal(r.Payload, &a); err != nil {
		t.Fatalf("%v in %s", err, r.Payload)
	}
	return r, a
}

func TestAnObserverIsToldOfEveryInvocationThatEnds(t *testing.T) {
	s := start(t, func(*Function) {})
	var seen []Invocation
	s.Observe(func(i Invocation) { seen = append(seen, i) })
	payloads := []string{`{}`, `{"Do":"error"}`, `{"Do":"exit"}`}
	for _, payload := range payloads {
		invoke(t, s, payload)
	}
	if len(seen) != len(payloads) {
		t.Fatalf("it was told of %d invocations", len(seen))
	}
	for i, payload := range payloads {
		if got := seen[i]; got.Function != "fn" || string(got.Payload) != payload || (got.Result.FunctionError == "") != (i == 0) || got.Took <= 0 {
			t.Errorf("of %s: %+v", payload, got)
		}
	}
}

func TestAFunctionHasWhatLambdaGivesItAndNothingOfTheStack(t *testing.T) {
	t.Setenv("HOME", "/secret")
	s := start(t, func(*Function) {})
	r, a := invoke(t, s, `{}`)
	if r.FunctionError != "" || a.RequestID != r.RequestID || a.Name != "fn" || a.Memory != 128 || a.Greeting != "hello" || a.ARN != "arn:aws:lambda:us-east-1:0:function:fn" {
		t.Errorf("%+v %+v", r, a)
	}
	if a.LeftMillis < 3000 || a.LeftMillis > 5000 {
		t.Errorf("it has %d ms left", a.LeftMillis)
	}
	if a.Home != "" {
		t.Error("it inherited the environment of the stack")
	}
	if _, again := invoke(t, s, `{}`); again.PID != a.PID || again.Served != 2 {
		t.Errorf("its environment was not used again: %+v", again)
	}
}

func TestFailuresAreReportedAsLambdaReportsThem(t *testing.T) {
	for payload, want := range map[string]string{
		`{"Do":"error"}`: "errorString",
		`{"Do":"panic"}`: "string",
		`{"Do":"exit"}`:  "Runtime.ExitError",
		`{"Millis":800}`: "Sandbox.Timedout",
	} {
		s := start(t, func(f *Function) { f.Timeout = 500 * time.Millisecond })
		r, a := invoke(t, s, payload)
		if r.FunctionError != "Unhandled" || a.ErrorType != want {
			t.Errorf("%s: %q %s", payload, r.FunctionError, r.Payload)
		}
		if want == "Sandbox.Timedout" && !strings.Contains(a.ErrorMessage, "Task timed out after 0.50 seconds") {
			t.Errorf("%s: %s", payload, a.ErrorMessage)
		}
		if r, _ := invoke(t, s, `{}`); r.FunctionError != "" {
			t.Errorf("after %s the function stays broken: %s", payload, r.Payload)
		}
	}
}

func TestAFunctionThatCannotStartIsAnErrorOfIts(t *testing.T) {
	s := start(t, func(f *Function) { f.Env = append(f.Env, "FAIL_INIT=1") })
	if r, a := invoke(t, s, `{}`); r.FunctionError != "Unhandled" || a.ErrorType != "Runtime.ExitError" {
		t.Errorf("%s", r.Payload)
	}
	s = start(t, func(f *Function) { f.Command += "-missing" })
	if r, a := invoke(t, s, `{}`); r.FunctionError != "Unhandled" || a.ErrorType != "Runtime.InvalidEntrypoint" {
		t.Errorf("%s", r.Payload)
	}
}

func TestAnEnvironmentThatDiesWhileIdleCostsNothing(t *testing.T) {
	s := start(t, func(*Function) {})
	for range 5 {
		_, a := invoke(t, s, `{}`)
		if err := syscall.Kill(a.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		awaitEnd(t, s)
		if r, _ := invoke(t, s, `{}`); r.FunctionError != "" {
			t.Fatalf("%s", r.Payload)
		}
	}
}

// awaitEnd waits until the one environment there is has ended: a signal takes
// effect some time after it is sent, and until then the process may still take
// an invocation with it.
func awaitEnd(t *testing.T, s *Service) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.environments {
		select {
		case <-e.process.Exited():
		case <-time.After(10 * time.Second):
			t.Fatal("the environment does not end")
		}
	}
}

func TestEachEnvironmentHandlesOneInvocationAtATime(t *testing.T) {
	s := start(t, func(*Function) {})
	var mu sync.Mutex
	pids := map[int]bool{}
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			r, err := s.Invoke(t.Context(), "fn", []byte(`{"Millis":100}`))
			var a answer
			if err != nil || json.Unmarshal(r.Payload, &a) != nil || r.FunctionError != "" {
				t.Errorf("%v %s", err, r.Payload)
			}
			mu.Lock()
			pids[a.PID] = true
			mu.Unlock()
		})
	}
	wg.Wait()
	if len(pids) != 2 {
		t.Errorf("%d environments ran, the limit is 2", len(pids))
	}
}

func TestAnAsynchronousFailureIsTriedAgainAndThenHandedOver(t *testing.T) {
	failed := make(chan Result, 1)
	s := start(t, func(f *Function) {
		f.AsyncRetries = 1
		f.OnFailure = func(_ context.Context, payload []byte, r Result) {
			if string(payload) == `{"Do":"error"}` {
				failed <- r
			}
		}
	})
	if err := s.InvokeAsync("fn", []byte(`{"Do":"error"}`)); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	select {
	case r := <-failed:
		if r.FunctionError == "" || time.Since(begin) < firstRetryDelay {
			t.Errorf("%+v after %v", r, time.Since(begin))
		}
	case <-time.After(20 * time.Second):
		t.Error("nobody was told")
	}
}

func TestUnknownFunctionsAreNotFound(t *testing.T) {
	s := start(t, func(*Function) {})
	if _, err := s.Invoke(t.Context(), "other", nil); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if err := s.InvokeAsync("other", nil); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestCloseLeavesNoProcessBehind(t *testing.T) {
	s := start(t, func(*Function) {})
	_, a := invoke(t, s, `{}`)
	s.Close()
	if err := syscall.Kill(a.PID, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the function's process still runs: %v", err)
	}
}
