package dynamo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/file"
)

// Retain applies r to the record f, as it was read, as file.Retention says, and
// returns what it has become. Its errors are those of Change. The event of it is
// written in the same transaction.
func (s *Store) Retain(ctx context.Context, f file.File, r file.Retention) (file.File, error) {
	if !f.AllowsRetention(r) {
		return file.File{}, &file.ConflictError{Current: f}
	}
	after := f.Retained(r)
	u := newUpdate()
	u.conditions = append(u.conditions, u.statusIn(file.Shareable()))
	if r.ExpiresAt.IsZero() {
		u.remove("expiresAt")
	} else {
		u.set("expiresAt", timestamp(r.ExpiresAt))
	}
	u.deleteAt(after)
	event, err := audit.Retained(ctx, after)
	if err != nil {
		return file.File{}, err
	}
	return s.keep(ctx, f, after, u, event)
}

// Hold applies h to the record f, as it was read, as file.Holding says, and returns
// what it has become. Its errors are those of Change. The event of it is written in
// the same transaction.
func (s *Store) Hold(ctx context.Context, f file.File, h file.Holding) (file.File, error) {
	if !f.AllowsHolding(h) {
		return file.File{}, &file.ConflictError{Current: f}
	}
	after := f.Holds(h)
	u := newUpdate()
	u.conditions = append(u.conditions, u.statusIn(file.Holdable()), "attribute_not_exists(discarded)")
	if h.Hold == nil {
		u.remove("hold")
	} else {
		u.set("hold", encodeHold(h.Hold))
	}
	u.deleteAt(after)
	if !h.SweepAt.IsZero() { // or a record may be settled meanwhile, which is no revision
		u.sweepAt(f.ID, after.SweepAt)
	}
	event, err := audit.Held(ctx, after, h.Reason)
	if err != nil {
		return file.File{}, err
	}
	return s.keep(ctx, f, after, u, event)
}

// keep writes after, which u makes of f, with the events of it, and returns it as it
// is kept.
func (s *Store) keep(ctx context.Context, f, after file.File, u *update, events ...audit.Event) (file.File, error) {
	u.set("updatedAt", timestamp(after.UpdatedAt))
	u.countRevision()
	if err := s.rewrite(ctx, f, "", u, events); err != nil {
		return file.File{}, fmt.Errorf("keep record %s: %w", f.ID, err)
	}
	return asKept(after)
}

func encodeHold(h *file.Hold) types.AttributeValue {
	return &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
		"reason": text(h.Reason), "by": text(h.By), "at": timestamp(h.At),
	}}
}

// decodeHold reads what encodeHold has written; nil where there is no hold. One
// that cannot be read is an error, and never none.
func decodeHold(v types.AttributeValue) (*file.Hold, error) {
	if v == nil {
		return nil, nil
	}
	m, ok := v.(*types.AttributeValueMemberM)
	if !ok {
		return nil, fmt.Errorf("the hold is a %T", v)
	}
	read := textsOf(m.Value)
	at, err := time.Parse(timeLayout, read("at"))
	if err != nil {
		return nil, fmt.Errorf("the hold: %w", err)
	}
	return &file.Hold{Reason: read("reason"), By: read("by"), At: at}, nil
}

// Overdue returns the ids of up to limit files whose DeleteAt is not after now, the
// longest overdue first. The index follows the table within moments: whoever
// deletes one reads it first.
func (s *Store) Overdue(ctx context.Context, now time.Time, limit int) ([]string, error) {
	type entry struct{ id, expiresAt string }
	var entries []entry
	for _, shard := range shards() {
		out, err := s.api.Query(ctx, &dynamodb.QueryInput{
			TableName:              &s.table,
			IndexName:              aws.String("byExpiry"),
			KeyConditionExpression: aws.String("expiryShard = :shard AND expiresAt <= :now"),
			ExpressionAttributeValues: map[string]types.AttributeValue{
				":shard": text(shard),
				":now":   timestamp(now),
			},
			Limit: aws.Int32(int32(limit)), // #nosec G115 -- a page of the sweeper
		})
		if err != nil {
			return nil, fmt.Errorf("query the files whose time is over: %w", err)
		}
		for _, m := range out.Items {
			id, _ := m["id"].(*types.AttributeValueMemberS)
			at, _ := m["expiresAt"].(*types.AttributeValueMemberS)
			if id == nil || at == nil {
				return nil, errors.New("DynamoDB returned an item of byExpiry without its keys")
			}
			entries = append(entries, entry{id.Value, at.Value})
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Or(cmp.Compare(a.expiresAt, b.expiresAt), cmp.Compare(a.id, b.id)) })
	var ids []string
	for _, e := range entries[:min(limit, len(entries))] {
		ids = append(ids, e.id)
	}
	return ids, nil
}
