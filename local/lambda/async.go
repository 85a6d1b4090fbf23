package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Why an asynchronous invocation was given up, as in the record that Lambda
// sends to a destination.
const (
	RetriesExhausted = "RetriesExhausted"
	EventAgeExceeded = "EventAgeExceeded"
)

// FailedEvent is an asynchronous invocation that was given up.
type FailedEvent struct {
	FunctionARN string
	RequestID   string
	Payload     []byte
	Condition   string // RetriesExhausted or EventAgeExceeded
	Attempts    int
	Result      Result // of the last attempt; zero when there was none
}

// Record returns the event as the JSON record that Lambda sends to an
// on-failure destination ("Capturing records of Lambda asynchronous
// invocations", AWS Lambda Developer Guide).
func (e FailedEvent) Record() ([]byte, error) {
	record := map[string]any{
		"version":   "1.0",
		"timestamp": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		"requestContext": map[string]any{
			"requestId":              e.RequestID,
			"functionArn":            e.FunctionARN + ":$LATEST",
			"condition":              e.Condition,
			"approximateInvokeCount": e.Attempts,
		},
		"requestPayload": json.RawMessage(e.Payload),
	}
	if e.Result.FunctionError != "" {
		record["responseContext"] = map[string]any{
			"statusCode": 200, "executedVersion": "$LATEST", "functionError": e.Result.FunctionError,
		}
		record["responsePayload"] = json.RawMessage(e.Result.Payload)
	}
	body, err := json.Marshal(record)
	if err != nil {
		return nil, fmt.Errorf("describe the failed invocation %s: %w", e.RequestID, err)
	}
	return body, nil
}

// InvokeAsync takes an invocation into the queue and returns its request ID,
// which all its attempts share. The errors are those of Invoke;
// ErrTooManyRequests says that the queue is full.
func (s *Service) InvokeAsync(function string, payload []byte) (requestID string, err error) {
	p, err := s.pool(function)
	if err != nil {
		return "", err
	}
	if len(payload) > MaxAsyncPayload {
		return "", fmt.Errorf("%w: %d bytes for a limit of %d", ErrTooLarge, len(payload), MaxAsyncPayload)
	}
	end, err := s.begin()
	if err != nil {
		return "", err
	}
	select {
	case p.queue <- struct{}{}:
	default:
		end()
		return "", ErrTooManyRequests
	}
	requestID = uuid.NewString()
	go func() {
		defer end()
		defer func() { <-p.queue }()
		s.attempt(p, FailedEvent{FunctionARN: p.ARN, RequestID: requestID, Payload: payload})
	}()
	return requestID, nil
}

// attempt tries an asynchronous invocation until it succeeds, is given up or
// the service closes.
func (s *Service) attempt(p *pool, e FailedEvent) {
	age, cancel := context.WithTimeout(s.ctx, p.AsyncMaxAge)
	defer cancel()
	for {
		select {
		case p.slots <- struct{}{}:
		case <-age.Done():
			s.giveUp(p, e, EventAgeExceeded)
			return
		}
		result, err := s.run(s.ctx, p, e.RequestID, e.Payload)
		<-p.slots
		if err != nil { // closing
			return
		}
		e.Result, e.Attempts = result, e.Attempts+1
		if result.FunctionError == "" {
			return
		}
		s.log.Warn("an asynchronous invocation failed",
			"function", p.Name, "requestId", e.RequestID, "attempt", e.Attempts, "error", string(result.Payload))
		if e.Attempts > p.AsyncRetries {
			s.giveUp(p, e, RetriesExhausted)
			return
		}
		select {
		case <-time.After(s.opts.RetryDelays[e.Attempts-1]):
		case <-age.Done():
			s.giveUp(p, e, EventAgeExceeded)
			return
		}
	}
}

func (s *Service) giveUp(p *pool, e FailedEvent, condition string) {
	if s.ctx.Err() != nil {
		s.log.Warn("a queued invocation is dropped as the service closes", "function", p.Name, "requestId", e.RequestID)
		return
	}
	e.Condition = condition
	s.log.Error("an asynchronous invocation is given up", "function", p.Name, "requestId", e.RequestID, "condition", condition)
	if p.OnFailure != nil {
		p.OnFailure(s.ctx, e)
	}
}
