// Package lambda stands in for AWS Lambda on one machine. It runs the real
// binaries of functions, as they are deployed on provided.al2023, against the
// real Lambda Runtime API ("Using the Lambda runtime API for custom runtimes",
// AWS Lambda Developer Guide).
//
// As on AWS an execution environment is one process that handles one
// invocation at a time. Environments are started on demand, up to the
// function's concurrency, used again while they are idle, and ended after a
// few idle minutes. A function that exceeds its timeout is killed with
// everything it started. Asynchronous invocations wait in a queue, are tried
// again when they fail, and end in OnFailure.
//
// What differs from AWS: memory is told to a function but not enforced, an
// idle process is not frozen, the queue of asynchronous invocations is in
// memory and is lost with the process, and an invocation beyond the concurrency
// limit waits for a moment before it is throttled.
package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Function is a function that can be invoked.
type Function struct {
	Name    string
	ARN     string
	Command string // the path of the binary

	// Env is the function's environment, as KEY=value. Nothing else is
	// inherited but PATH; the variables that Lambda itself defines are added
	// ("Using Lambda environment variables", AWS Lambda Developer Guide).
	Env []string

	Timeout        time.Duration // of one invocation; 0 means 3 s, as on AWS
	MemoryMB       int           // told to the function, not enforced; 0 means 128
	MaxConcurrency int           // environments at a time; 0 means 10

	AsyncRetries int           // attempts of an asynchronous invocation after the first, 0 to 2
	AsyncMaxAge  time.Duration // how long one may wait and be retried; 0 means 6 h, as on AWS

	// OnFailure takes each asynchronous invocation that was given up. It may
	// be nil. The service does not close before it has returned.
	OnFailure func(ctx context.Context, e FailedEvent)
}

func (f Function) check() error {
	switch {
	case f.Name == "" || f.Command == "":
		return fmt.Errorf("function %q: it needs a name and a command", f.Name)
	case f.Timeout < 0 || f.MaxConcurrency < 0 || f.AsyncMaxAge < 0:
		return fmt.Errorf("function %q: a limit is negative", f.Name)
	case f.AsyncRetries < 0 || f.AsyncRetries > 2:
		return fmt.Errorf("function %q: %d retries of asynchronous invocations, not 0 to 2", f.Name, f.AsyncRetries)
	}
	return nil
}

func (f Function) withDefaults() Function {
	if f.Timeout == 0 {
		f.Timeout = 3 * time.Second
	}
	if f.MemoryMB == 0 {
		f.MemoryMB = 128
	}
	if f.MaxConcurrency == 0 {
		f.MaxConcurrency = 10
	}
	if f.AsyncMaxAge == 0 {
		f.AsyncMaxAge = 6 * time.Hour
	}
	return f
}

// Result is what an invocation came to.
type Result struct {
	RequestID string
	Payload   []byte // JSON: the answer, or the error

	// FunctionError is empty for a success. Otherwise it is "Unhandled", as in
	// X-Amz-Function-Error: runtimes on provided.al2023 know no other, and
	// Payload is {"errorType", "errorMessage", ...}.
	FunctionError string
}

var (
	// ErrNotFound says that there is no such function.
	ErrNotFound = errors.New("function not found")
	// ErrTooManyRequests says that all environments stayed busy, or that the
	// queue of asynchronous invocations is full.
	ErrTooManyRequests = errors.New("rate exceeded")
	// ErrTooLarge says that a payload is longer than Lambda takes.
	ErrTooLarge = errors.New("request payload too large")
	// ErrClosed says that the service is closing.
	ErrClosed = errors.New("the Lambda service is closed")
)

// The longest payloads, in bytes ("Lambda quotas", AWS Lambda Developer Guide).
const (
	MaxPayload      = 6 << 20 // of a synchronous invocation and of an answer
	MaxAsyncPayload = 1 << 20
)

// failure describes a failed invocation as Lambda does.
func failure(requestID, errorType, message string) Result {
	payload, _ := json.Marshal(map[string]string{ // a map of strings always encodes
		"errorType":    errorType,
		"errorMessage": "RequestId: " + requestID + " Error: " + message,
	})
	return Result{RequestID: requestID, Payload: payload, FunctionError: "Unhandled"}
}
