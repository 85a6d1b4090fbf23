package dynamo

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// How a write is tried again that met another on its item. Waits are drawn
// between nothing and these, which come to 3 seconds in the mean: a third of the
// shortest deadline that a function has.
const (
	conflictAttempts = 12
	firstWait        = 20 * time.Millisecond // doubled from attempt to attempt
	longestWait      = time.Second
)

// Why DynamoDB cancels a transaction, as far as anything follows from it
// ("TransactionCanceledException", Amazon DynamoDB API Reference).
const (
	conditionFailed = "ConditionalCheckFailed"
	conflicted      = "TransactionConflict"
)

// passing are the reasons that pass by themselves ("Transaction conflict handling
// in DynamoDB", Amazon DynamoDB Developer Guide). The SDK tries none of them
// again, since they come as a TransactionCanceledException.
var passing = []string{conflicted, "ThrottlingError", "ProvisionedThroughputExceeded"}

// patiently carries out a write until it meets no transaction on its way, the
// context ends, or it has been tried often enough. Nothing of a write that is
// refused for that takes effect.
func patiently(ctx context.Context, write func() error) error {
	wait := firstWait
	for attempt := 1; ; attempt++ {
		err := write()
		if err == nil || !Passes(err) || attempt == conflictAttempts {
			return err
		}
		timer := time.NewTimer(rand.N(wait)) // #nosec G404 -- jitter
		select {
		case <-ctx.Done():
			timer.Stop()
			return errors.Join(err, ctx.Err())
		case <-timer.C:
		}
		wait = min(2*wait, longestWait)
	}
}

// Passes reports whether a write failed for nothing but others that were on
// their way, a plain write in a transaction's among them.
func Passes(err error) bool {
	if _, ok := errors.AsType[*types.TransactionConflictException](err); ok {
		return true
	}
	reasons := reasonsOf(err)
	return !slices.Contains(reasons, conditionFailed) &&
		slices.ContainsFunc(reasons, func(r string) bool { return slices.Contains(passing, r) })
}

// reasonsOf returns why each item of a transaction was refused; nil where err is
// not that one was.
func reasonsOf(err error) []string {
	cancelled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok {
		return nil
	}
	reasons := make([]string, len(cancelled.CancellationReasons))
	for i, r := range cancelled.CancellationReasons {
		reasons[i] = aws.ToString(r.Code)
	}
	return reasons
}

// transact writes all of the items or none. The SDK gives each call a
// ClientRequestToken, with which DynamoDB takes an attempt whose answer was lost
// for done when it comes again ("Idempotency", Amazon DynamoDB Developer Guide),
// so that nothing is counted twice.
func (s *Store) transact(ctx context.Context, items []types.TransactWriteItem) error {
	return transactOn(ctx, s.api, items)
}

func transactOn(ctx context.Context, api transactor, items []types.TransactWriteItem) error {
	return patiently(ctx, func() error {
		_, err := api.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: items})
		return err
	})
}

type transactor interface {
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}
