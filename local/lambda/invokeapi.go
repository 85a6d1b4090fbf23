package lambda

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// ServeHTTP serves Invoke of the Lambda API: POST
// /2015-03-31/functions/{name or ARN}/invocations, for the invocation types
// RequestResponse, Event and DryRun. Who may call is for the caller to check.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	function, ok := InvokedFunction(r.URL)
	if !ok || r.Method != http.MethodPost {
		respondError(w, http.StatusNotFound, "UnknownOperationException", "only Invoke is served here")
		return
	}
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxPayload))
	if err != nil {
		respondError(w, http.StatusRequestEntityTooLarge, "RequestTooLargeException",
			fmt.Sprintf("Request must be smaller than %d bytes for the InvokeFunction operation", MaxPayload))
		return
	}
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	if !json.Valid(payload) {
		respondError(w, http.StatusBadRequest, "InvalidRequestContentException", "Could not parse request body into json")
		return
	}
	w.Header().Set("X-Amz-Executed-Version", "$LATEST")
	switch kind := r.Header.Get("X-Amz-Invocation-Type"); kind {
	case "", "RequestResponse":
		result, err := s.Invoke(r.Context(), function, payload)
		if err != nil {
			respondFailure(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Amzn-RequestId", result.RequestID)
		if result.FunctionError != "" {
			w.Header().Set("X-Amz-Function-Error", result.FunctionError)
		}
		w.Write(result.Payload)
	case "Event":
		requestID, err := s.InvokeAsync(function, payload)
		if err != nil {
			respondFailure(w, err)
			return
		}
		w.Header().Set("X-Amzn-RequestId", requestID)
		w.WriteHeader(http.StatusAccepted)
	case "DryRun":
		if _, err := s.pool(function); err != nil {
			respondFailure(w, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		respondError(w, http.StatusBadRequest, "InvalidParameterValueException", "unknown X-Amz-Invocation-Type "+kind)
	}
}

// InvokedFunction returns the function, by name or ARN, that a URL of Invoke names.
func InvokedFunction(u *url.URL) (function string, ok bool) {
	rest, ok := strings.CutPrefix(u.EscapedPath(), "/2015-03-31/functions/")
	if !ok {
		return "", false
	}
	rest, ok = strings.CutSuffix(rest, "/invocations")
	if !ok || rest == "" || strings.Contains(rest, "/") {
		return "", false
	}
	function, err := url.PathUnescape(rest)
	if err != nil {
		return "", false
	}
	return strings.TrimSuffix(function, ":$LATEST"), true
}

func respondFailure(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, ErrNotFound):
		respondError(w, http.StatusNotFound, "ResourceNotFoundException", err.Error())
	case errors.Is(err, ErrTooManyRequests):
		respondError(w, http.StatusTooManyRequests, "TooManyRequestsException", "Rate Exceeded.")
	case errors.Is(err, ErrTooLarge):
		respondError(w, http.StatusRequestEntityTooLarge, "RequestTooLargeException", err.Error())
	default:
		respondError(w, http.StatusInternalServerError, "ServiceException", err.Error())
	}
}

// respondError answers as AWS's REST-JSON services do.
func respondError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-ErrorType", code)
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"Type": "User", "Message": message})
}
