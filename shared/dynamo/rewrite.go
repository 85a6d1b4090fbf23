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

// races is how often a change begins anew because the record was written
// between its read and its write. Every writer but the sweeper's Postpone and
// those who share the file, keep it or hold it takes the record a step on in the
// table of transitions, which has no way of so many.
const races = 10

// changeOne is Change for the record as it was read. It fails with a
// *file.ConflictError or file.ErrNotFound if it is not that any more.
func (s *Store) changeOne(ctx context.Context, f file.File, c file.Change) (file.File, error) {
	u, err := changeUpdate(f.ID, c)
	if err != nil {
		return file.File{}, err
	}
	after := f.After(c)
	if after.Discarded {
		u.set("discarded", &types.AttributeValueMemberBOOL{Value: true})
	}
	event, err := audit.Changed(ctx, after)
	if err != nil {
		return file.File{}, err
	}
	counts, err := s.settle(f, after, c)
	if err != nil {
		return file.File{}, err
	}
	if err := s.rewrite(ctx, f, c.To, u, []audit.Event{event}, counts...); err != nil {
		return file.File{}, fmt.Errorf("update record %s to %s: %w", f.ID, c.To, err)
	}
	return asKept(after)
}

// settle returns the writes that take from the record's accounts, or add to them,
// what c changes.
func (s *Store) settle(before, after file.File, c file.Change) (items []types.TransactWriteItem, err error) {
	delta, accounts := quota.Delta(before, after), quota.Counted(before)
	if delta.Zero() || len(accounts) == 0 {
		return nil, nil
	}
	if s.usage == "" {
		return nil, fmt.Errorf("update record %s to %s: %w", before.ID, c.To, errUncounted)
	}
	for _, a := range accounts {
		items = append(items, count(a, delta, c.At).item(s.usage, accountKey(a.ID())))
	}
	return items, nil
}

// rewrite carries out u on the record that f was read from, in one transaction
// with its events and with more. It fails with a *file.ConflictError or
// file.ErrNotFound, and writes nothing, if the record is not that any more.
func (s *Store) rewrite(ctx context.Context, f file.File, to file.Status, u *update, events []audit.Event, more ...types.TransactWriteItem) error {
	u.ifRevision(f.Revision)
	err := s.record(ctx, events, append([]types.TransactWriteItem{u.item(s.table, key(f.ID))}, more...)...)
	if refused, is := refusedItem(err); is {
		return standing(refused, to)
	}
	return err
}

// standing is the error of a record that stood in the way of its becoming to:
// file.ErrNotFound where there is none, and otherwise a *file.ConflictError.
func standing(refused map[string]types.AttributeValue, to file.Status) error {
	if len(refused) == 0 {
		return file.ErrNotFound
	}
	current, err := decode(refused)
	if err != nil {
		return err
	}
	return &file.ConflictError{To: to, Current: current}
}

// refusedItem returns what stood in the way of the first item of a transaction,
// and whether something did.
func refusedItem(err error) (item map[string]types.AttributeValue, is bool) {
	cancelled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok || len(cancelled.CancellationReasons) == 0 || aws.ToString(cancelled.CancellationReasons[0].Code) != conditionFailed {
		return nil, false
	}
	return cancelled.CancellationReasons[0].Item, true
}

// asKept returns f in the precision of the table: a transaction returns nothing of
// what it writes, and the revision that it was conditional on says that it is this.
func asKept(f file.File) (file.File, error) {
	kept, err := encode(f)
	if err != nil {
		return file.File{}, err
	}
	return decode(kept)
}
