package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/quota"
)

// races is how often a change begins anew because the record was written
// between its read and its write. Every writer but the sweeper's Postpone and
// those who share the file, keep it or hold it takes the record a step on in the table of transitions,
// which has no way of so many.
const races = 10

// settle applies c to the record with the id as Change says, and in the same
// transaction takes from the record's accounts, or adds to them, what changes.
// That depends on what the record was, so the write is conditional on the
// revision that was read, and begins anew where another write came between.
func (s *Store) settle(ctx context.Context, id string, c file.Change) (file.File, error) {
	for range races {
		f, err := s.Get(ctx, id)
		if err != nil {
			return file.File{}, err
		}
		if !f.Allows(c) {
			return file.File{}, &file.ConflictError{To: c.To, Current: f}
		}
		changed, err := s.settleOne(ctx, f, c)
		if _, raced := file.Conflict(err); !raced && !errors.Is(err, file.ErrNotFound) {
			return changed, err
		}
	}
	return file.File{}, fmt.Errorf("update record %s to %s: it was written %d times meanwhile", id, c.To, races)
}

// settleOne is settle for the record as it was read. It fails with a
// *file.ConflictError or file.ErrNotFound if it is not that any more.
func (s *Store) settleOne(ctx context.Context, f file.File, c file.Change) (file.File, error) {
	c.IfRevision = f.Revision
	u, err := changeUpdate(f.ID, c)
	if err != nil {
		return file.File{}, err
	}
	after := f.After(c)
	if after.Discarded {
		u.set("discarded", &types.AttributeValueMemberBOOL{Value: true})
	}
	delta, accounts := quota.Delta(f, after), quota.Counted(f)
	if delta.Zero() || len(accounts) == 0 {
		return s.update(ctx, f.ID, c.To, u)
	}
	if s.usage == "" {
		return file.File{}, fmt.Errorf("update record %s to %s: %w", f.ID, c.To, errUncounted)
	}
	items := []types.TransactWriteItem{u.item(s.table, key(f.ID))}
	for _, a := range accounts {
		items = append(items, count(a, delta, c.At).item(s.usage, accountKey(a.ID())))
	}
	err = s.transact(ctx, items)
	if reasons := reasonsOf(err); len(reasons) > 0 && reasons[0] == conditionFailed {
		return file.File{}, &file.ConflictError{To: c.To, Current: f}
	}
	if err != nil {
		return file.File{}, fmt.Errorf("update record %s to %s: %w", f.ID, c.To, err)
	}
	// A transaction returns nothing of what it writes. The revision says that it
	// is this, in the precision of the table.
	written, err := encode(after)
	if err != nil {
		return file.File{}, err
	}
	return decode(written)
}
