package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"
)

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
