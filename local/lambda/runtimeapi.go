package lambda

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// runtimeAPI serves version 2018-06-01 of the runtime API. Each environment
// has it under its own id, so no function can take or answer another one's
// invocations.
func (s *Service) runtimeAPI() http.Handler {
	mux := http.NewServeMux()
	const prefix = "/env/{env}/2018-06-01/runtime"
	mux.HandleFunc("GET "+prefix+"/invocation/next", s.handleNext)
	mux.HandleFunc("POST "+prefix+"/invocation/{id}/response", s.handleResponse)
	mux.HandleFunc("POST "+prefix+"/invocation/{id}/error", s.handleError)
	mux.HandleFunc("POST "+prefix+"/init/error", s.handleInitError)
	return mux
}

func (s *Service) lookUp(w http.ResponseWriter, r *http.Request) *environment {
	s.mu.Lock()
	e := s.environments[r.PathValue("env")]
	s.mu.Unlock()
	if e == nil {
		http.Error(w, "no such environment", http.StatusForbidden)
	}
	return e
}

func (s *Service) handleNext(w http.ResponseWriter, r *http.Request) {
	e := s.lookUp(w, r)
	if e == nil {
		return
	}
	var inv *invocation
	select {
	case inv = <-e.next:
	case <-r.Context().Done():
		return
	case <-s.ctx.Done():
		return
	}
	e.mu.Lock()
	e.current = inv
	e.mu.Unlock()
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(inv.timeout).UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", inv.arn)
	h.Set("Lambda-Runtime-Trace-Id", traceID())
	w.Write(inv.payload)
}

// traceID makes a trace that X-Ray is not to sample ("Tracing header", AWS X-Ray Developer Guide).
func traceID() string {
	var id [12]byte
	rand.Read(id[:])
	return fmt.Sprintf("Root=1-%08x-%s;Sampled=0", time.Now().Unix(), hex.EncodeToString(id[:]))
}

func (s *Service) handleResponse(w http.ResponseWriter, r *http.Request) {
	s.finish(w, r, func(inv *invocation, body []byte) Result {
		// A runtime that fails while it streams its answer says so in trailers.
		if errorType := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); errorType != "" {
			described, err := base64.StdEncoding.DecodeString(r.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
			if err != nil || len(described) == 0 {
				return failure(inv.id, errorType, "the function failed while it answered")
			}
			return Result{RequestID: inv.id, Payload: described, FunctionError: "Unhandled"}
		}
		return Result{RequestID: inv.id, Payload: body}
	})
}

func (s *Service) handleError(w http.ResponseWriter, r *http.Request) {
	s.finish(w, r, func(inv *invocation, body []byte) Result {
		return Result{RequestID: inv.id, Payload: body, FunctionError: "Unhandled"}
	})
}

// finish ends the invocation at hand, which it can do once.
func (s *Service) finish(w http.ResponseWriter, r *http.Request, result func(*invocation, []byte) Result) {
	e := s.lookUp(w, r)
	if e == nil {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxPayload))
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	if err != nil && !tooLarge {
		http.Error(w, "the answer broke off", http.StatusBadRequest)
		return
	}
	e.mu.Lock()
	inv := e.current
	if inv != nil && inv.id == r.PathValue("id") {
		e.current = nil
	} else {
		inv = nil
	}
	e.mu.Unlock()
	switch {
	case inv == nil:
		http.Error(w, `{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}`, http.StatusBadRequest)
	case tooLarge:
		inv.result <- failure(inv.id, "Function.ResponseSizeTooLarge", fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", MaxPayload))
		http.Error(w, `{"errorType":"RequestEntityTooLarge","errorMessage":"Exceeded maximum allowed payload size"}`, http.StatusRequestEntityTooLarge)
	default:
		inv.result <- result(inv, body)
		w.WriteHeader(http.StatusAccepted)
	}
}

// handleInitError takes a function's word that it cannot start. It ends by
// itself then, and an invocation that waits for it is told.
func (s *Service) handleInitError(w http.ResponseWriter, r *http.Request) {
	e := s.lookUp(w, r)
	if e == nil {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxPayload))
	if err != nil {
		http.Error(w, "the error is too large or broke off", http.StatusRequestEntityTooLarge)
		return
	}
	select {
	case e.initError <- body:
	default: // it had said so before
	}
	w.WriteHeader(http.StatusAccepted)
}
