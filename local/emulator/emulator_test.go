package emulator

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/local/lambdas"
	"github.com/vouch-s3/vouch/local/zips"
)

var (
	root     string // of the project
	dir      string // of what the tests build and keep
	program  string // the emulator's path
	binaries string // the folder of the functions' binaries, built as they are deployed but for this machine
	testfn   string // the path of a function that does what its event says, built likewise
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		log.Print(err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if runtime.GOOS != "linux" {
		log.Print("the functions are Linux binaries, and so is their emulator: nothing of it is tested here")
		return 0, nil
	}
	if root, err = filepath.Abs("../.."); err != nil {
		return 1, err
	}
	if dir, err = os.MkdirTemp("", "vouch-emulator-"); err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	binaries = filepath.Join(dir, "functions")
	if err := os.Mkdir(binaries, 0o755); err != nil {
		return 1, err
	}
	if program, err = Install(context.Background(), dir); err != nil {
		return 1, err
	}
	if err := zips.Compile(root, binaries+"/", runtime.GOARCH, "./functions/..."); err != nil {
		return 1, err
	}
	testfn = filepath.Join(dir, "testfn")
	if err := zips.Compile(filepath.Join(root, "local"), testfn, runtime.GOARCH, "./lambdas/testfn"); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// start starts an emulator that lives as long as the test, and prints what it has
// seen if the test fails.
func start(t *testing.T, f Function) *Emulator {
	t.Helper()
	e, err := Start(t.Context(), program, f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		e.Close()
		if t.Failed() {
			t.Log(e.Output())
		}
	})
	return e
}

// What the local stack tells of failures is what AWS's own emulator tells.
func TestFailuresAreReportedAsTheLocalStackReportsThem(t *testing.T) {
	const timeout, memory = 2 * time.Second, 128
	e := start(t, Function{Name: "fn", Binary: testfn, Timeout: timeout, MemoryMB: memory})
	stack, err := lambdas.New(slog.New(slog.DiscardHandler), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer stack.Close()
	stack.Add(lambdas.Function{Name: "fn", Command: testfn, Timeout: timeout, MemoryMB: memory, MaxConcurrency: 1})

	for name, tt := range map[string]struct{ event, errorType, message string }{
		"an error":      {`{"Do":"error"}`, "errorString", "as asked"},
		"a panic":       {`{"Do":"panic"}`, "string", "as asked"},
		"an exit":       {`{"Do":"exit"}`, "Runtime.ExitError", "Error: Runtime exited with error: exit status 7"},
		"out of time":   {`{"Millis":2500}`, "Sandbox.Timedout", "Task timed out after 2.00 seconds"},
		"no such event": {`{"Millis":"soon"}`, "UnmarshalTypeError", "json: cannot unmarshal string into Go struct field request.Millis of type int"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := e.Invoke(t.Context(), []byte(tt.event))
			if err != nil || got.ErrorType != tt.errorType || !strings.HasSuffix(got.ErrorMessage, tt.message) {
				t.Errorf("the emulator: %s %v", got.Payload, err)
			}
			r, err := stack.Invoke(t.Context(), "fn", []byte(tt.event))
			var told struct{ ErrorType, ErrorMessage string }
			if err != nil || r.FunctionError != "Unhandled" || json.Unmarshal(r.Payload, &told) != nil || told.ErrorType != tt.errorType || !strings.HasSuffix(told.ErrorMessage, tt.message) {
				t.Errorf("the local stack: %q %s %v", r.FunctionError, r.Payload, err)
			}
			if after, err := e.Invoke(t.Context(), []byte(`{}`)); err != nil || after.ErrorType != "" {
				t.Errorf("after it the function stays broken: %s %v", after.Payload, err)
			}
		})
	}
}

func TestAFunctionHasItsOwnEnvironmentAndNothingOfTheTests(t *testing.T) {
	t.Setenv("HOME", "/secret")
	e := start(t, Function{Name: "fn", Binary: testfn, Env: map[string]string{"GREETING": "hello"}, Timeout: 5 * time.Second, MemoryMB: 128})
	if _, err := e.Inits(); err == nil {
		t.Error("it was started before it was asked for")
	}
	alone := start(t, Function{Name: "fn", Binary: testfn, Timeout: 5 * time.Second, MemoryMB: 128})
	if took, err := alone.Init(t.Context()); err != nil || took <= 0 {
		t.Errorf("%v %v", took, err)
	}
	for served := 1; served <= 2; served++ {
		got, err := e.Invoke(t.Context(), []byte(`{}`))
		var a struct {
			Name, Greeting, Home string
			Memory, Served       int
			LeftMillis           int64
		}
		if err != nil || json.Unmarshal(got.Payload, &a) != nil || a.Name != "fn" || a.Greeting != "hello" || a.Home != "" || a.Memory != 128 || a.Served != served || a.LeftMillis < 3000 || a.LeftMillis > 5000 {
			t.Errorf("%s %v", got.Payload, err)
		}
	}
	inits, err := e.Inits()
	if err != nil || len(inits) != 1 || inits[0] <= 0 {
		t.Errorf("%v %v", inits, err)
	}
}

// The emulator itself says nothing then, but for its output.
func TestWhyAFunctionCannotStartIsSaid(t *testing.T) {
	e := start(t, Function{Name: "fn", Binary: filepath.Join(binaries, "get-file"), Timeout: 5 * time.Second, MemoryMB: 128})
	if got, err := e.Invoke(t.Context(), []byte(`{}`)); err == nil || !strings.Contains(err.Error(), "FILES_TABLE") {
		t.Errorf("%s %v", got.Payload, err)
	}
	again := start(t, Function{Name: "fn", Binary: filepath.Join(binaries, "get-file"), Timeout: 5 * time.Second, MemoryMB: 128})
	if took, err := again.Init(t.Context()); err == nil || !strings.Contains(err.Error(), "FILES_TABLE") {
		t.Errorf("it started in %v: %v", took, err)
	}
	if _, err := Start(t.Context(), filepath.Join(dir, "missing"), Function{}); err == nil {
		t.Error("an emulator that is not there was started")
	}
}
