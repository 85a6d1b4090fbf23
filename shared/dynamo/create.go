package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/quota"
)

// Create writes a new record, and in the same transaction its events, and counts it
// in its accounts. It fails if there is one with that id, and with a *file.Error when
// an account has not that much left or is closed; then nothing is written or
// counted.
func (s *Store) Create(ctx context.Context, f file.File) error {
	record, err := encode(f)
	if err != nil {
		return err
	}
	accounts := quota.Counted(f)
	if (s.usage == "" || s.quotas == nil) && len(accounts) > 0 {
		return fmt.Errorf("put record %s: %w", f.ID, errUncounted)
	}
	items := []types.TransactWriteItem{{Put: &types.Put{
		TableName: &s.table, Item: record, ConditionExpression: aws.String("attribute_not_exists(id)"),
	}}}
	for _, a := range accounts {
		limits := s.quotas.Of(a.Kind)
		items = append(items,
			reserve(a, quota.Of(f), limits, f.CreatedAt).item(s.usage, accountKey(a.ID())),
			reserveUpload(limits, f.CreatedAt).item(s.usage, accountKey(a.Day(f.CreatedAt))))
	}
	events, err := audit.Created(ctx, f)
	if err != nil {
		return err
	}
	err = s.record(ctx, events, items...)
	if refused := s.refusal(f, accounts, err); refused != nil {
		return refused
	}
	if err != nil {
		return fmt.Errorf("put record %s: %w", f.ID, err)
	}
	return nil
}

// errUncounted says that a change would have to be counted and cannot be.
var errUncounted = errors.New("it counts for a quota, and this store is not told where or of which")

// refusal returns what an account has against f's being created: that it is closed,
// or a quota. It returns nil where another reason did, or none. The items come in the
// order of Create, those of the events behind them.
func (s *Store) refusal(f file.File, accounts []quota.Account, err error) error {
	cancelled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok || len(cancelled.CancellationReasons) < 1+2*len(accounts) || aws.ToString(cancelled.CancellationReasons[0].Code) == conditionFailed {
		return nil
	}
	for i, a := range accounts {
		limits := s.quotas.Of(a.Kind)
		used, day := cancelled.CancellationReasons[1+2*i], cancelled.CancellationReasons[2+2*i]
		if aws.ToString(used.Code) == conditionFailed {
			if isClosed(used.Item) {
				return quota.ErrClosed
			}
			if err := limits.Check(a.Kind, usageOf(used.Item), quota.Of(f)); err != nil {
				return err
			}
		}
		if aws.ToString(day.Code) == conditionFailed {
			if err := limits.CheckDay(a.Kind, numberOf(day.Item, "uploads"), f.CreatedAt); err != nil {
				return err
			}
		}
	}
	return nil
}
