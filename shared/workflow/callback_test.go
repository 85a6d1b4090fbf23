package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/vouch-s3/vouch/shared/verify"
)

// waiter is a task that answers an answer with err.
type waiter struct {
	err    error
	output string
}

func (w *waiter) SendTaskSuccess(_ context.Context, in *sfn.SendTaskSuccessInput, _ ...func(*sfn.Options)) (*sfn.SendTaskSuccessOutput, error) {
	w.output = *in.Output
	return nil, w.err
}

func (w *waiter) SendTaskFailure(_ context.Context, in *sfn.SendTaskFailureInput, _ ...func(*sfn.Options)) (*sfn.SendTaskFailureOutput, error) {
	w.output = *in.Error
	return nil, w.err
}

func TestAnAnswerToATaskThatHasEndedIsToldFromOneThatFailed(t *testing.T) {
	for name, tt := range map[string]struct {
		err    error
		nobody bool
	}{
		"taken":    {nil, false},
		"ended":    {&types.TaskTimedOut{}, true},
		"unknown":  {&types.TaskDoesNotExist{}, true},
		"no token": {&types.InvalidToken{}, false},
		"failed":   {errors.New("throttled"), false},
	} {
		w := &waiter{err: tt.err}
		c := NewCallbacks(w)
		for _, err := range []error{
			c.Succeed(t.Context(), "a-secret", verify.Result{Outcome: verify.Passed}),
			c.Fail(t.Context(), "a-secret", "Name", "cause"),
		} {
			if errors.Is(err, verify.ErrNobodyWaits) != tt.nobody || (err == nil) != (tt.err == nil) {
				t.Errorf("%s: %v", name, err)
			}
			if err != nil && strings.Contains(err.Error(), "a-secret") {
				t.Errorf("%s: the error has the token: %v", name, err)
			}
		}
	}
}

// The workflow's ResultSelector reads all three, and fails where one is left out.
func TestAnAnswerHasEveryMemberThatTheWorkflowReads(t *testing.T) {
	w := &waiter{}
	if err := NewCallbacks(w).Succeed(t.Context(), "t", verify.Result{Outcome: verify.Passed}); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(w.output), &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"outcome", "reason", "verdict"} {
		if _, ok := got[name]; !ok {
			t.Errorf("%s has no %s", w.output, name)
		}
	}
}
