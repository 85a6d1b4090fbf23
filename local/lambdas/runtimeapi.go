package lambdas

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxResponse is the longest answer of a function, in bytes ("Lambda quotas").
const maxResponse = 6 << 20

// runtimeAPI serves the runtime API. Each environment has it under its own id,
// so no function can take or answer another one's invocations.
func (s *Service) runtimeAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{env}/2018-06-01/runtime/invocation/next", s.handleNext)
	mux.HandleFunc("POST /{env}/2018-06-01/runtime/invocation/{id}/response", s.handleResult)
	mux.HandleFunc("POST /{env}/2018-06-01/runtime/invocation/{id}/error", s.handleResult)
	mux.HandleFunc("POST /{env}/2018-06-01/runtime/init/error", s.handleInitError)
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
	w.Write(inv.payload)
}

// handleResult takes the answer to the invocation at hand, once.
func (s *Service) handleResult(w http.ResponseWriter, r *http.Request) {
	e := s.lookUp(w, r)
	if e == nil {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxResponse))
	if err != nil {
		http.Error(w, "the response is too large", http.StatusRequestEntityTooLarge)
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
	if inv == nil {
		http.Error(w, "no such invocation", http.StatusBadRequest)
		return
	}
	result := Result{RequestID: inv.id, Payload: body}
	if strings.HasSuffix(r.URL.Path, "/error") {
		result.FunctionError = "Unhandled"
	}
	inv.result <- result
	w.WriteHeader(http.StatusAccepted)
}

// handleInitError takes a function's word that it cannot start. It ends by
// itself then, and that is what an invocation waiting for it is told.
func (s *Service) handleInitError(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxResponse))
	if err != nil {
		http.Error(w, "the error is too large", http.StatusRequestEntityTooLarge)
		return
	}
	s.log.Error("a function failed to start", "error", string(body))
	w.WriteHeader(http.StatusAccepted)
}
