package dynamo

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// cancelled is a transaction that was cancelled for these reasons.
func cancelled(codes ...string) error {
	err := &types.TransactionCanceledException{}
	for _, code := range codes {
		err.CancellationReasons = append(err.CancellationReasons, types.CancellationReason{Code: aws.String(code)})
	}
	return err
}

// No DynamoDB on one machine has transactions that meet.
func TestAWriteThatMetAnotherIsTriedAgainAndNoOtherIs(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		want int
	}{
		"it succeeds":                         {nil, 1},
		"another transaction is on its way":   {cancelled("None", conflicted), conflictAttempts},
		"a plain write meets a transaction":   {&types.TransactionConflictException{}, conflictAttempts},
		"DynamoDB is short of room":           {cancelled("ThrottlingError", "None"), conflictAttempts},
		"a condition":                         {cancelled("None", conditionFailed), 1},
		"a condition, and another on its way": {cancelled(conflicted, conditionFailed), 1},
		"what will never do":                  {cancelled("ValidationError"), 1},
		"another error":                       {errors.New("no route"), 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			calls, began := 0, time.Now()
			err := patiently(t.Context(), func() error { calls++; return tt.err })
			if calls != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("%s: %d calls, %v", name, calls, err)
			}
			if took := time.Since(began); took > 7*time.Second {
				t.Errorf("%s: it took %v of the 10 seconds that a function has", name, took)
			}
		})
	}
}

func TestNoWaitOutlivesItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		err := patiently(ctx, func() error {
			if calls++; calls == 3 {
				cancel()
			}
			return cancelled(conflicted)
		})
		if calls > 4 || !errors.Is(err, context.Canceled) {
			t.Errorf("%d calls, %v", calls, err)
		}
	})
}
