package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/file"
)

// List returns a page of an owner's files, newest first, and the id to ask the
// next page after, empty when there is none. The indexes it reads follow the
// table within moments ("Global secondary indexes", DynamoDB Developer Guide).
//
// The id to start after is only ever looked for among the owner's own files,
// so a forged one shows nobody anything.
func (s *Store) List(ctx context.Context, q file.Query) (files []file.File, next string, err error) {
	input := &dynamodb.QueryInput{
		TableName:        &s.table,
		ScanIndexForward: aws.Bool(false),
		Limit:            aws.Int32(int32(q.Limit)), // #nosec G115 -- at most a page: api.ListFiles
	}
	if q.Status == "" {
		input.IndexName = aws.String("byOwner")
		input.KeyConditionExpression = aws.String("listedOwner = :owner")
		input.ExpressionAttributeValues = map[string]types.AttributeValue{":owner": text(q.Owner)}
	} else {
		input.IndexName = aws.String("byOwnerStatus")
		input.KeyConditionExpression = aws.String("#owner = :owner AND begins_with(statusId, :status)")
		input.ExpressionAttributeNames = map[string]string{"#owner": "owner"}
		input.ExpressionAttributeValues = map[string]types.AttributeValue{":owner": text(q.Owner), ":status": text(statusID(q.Status, ""))}
	}
	if q.After != "" {
		input.ExclusiveStartKey = key(q.After)
		if q.Status == "" {
			input.ExclusiveStartKey["listedOwner"] = text(q.Owner)
		} else {
			input.ExclusiveStartKey["owner"] = text(q.Owner)
			input.ExclusiveStartKey["statusId"] = text(statusID(q.Status, q.After))
		}
	}
	out, err := s.api.Query(ctx, input)
	if err != nil {
		return nil, "", fmt.Errorf("query the files of an owner: %w", err)
	}
	for _, m := range out.Items {
		f, err := decode(m)
		if err != nil {
			return nil, "", err
		}
		files = append(files, f)
	}
	if len(out.LastEvaluatedKey) > 0 && len(files) > 0 {
		next = files[len(files)-1].ID
	}
	return files, next, nil
}

// Due returns up to limit files whose SweepAt is not after now, the longest due
// first. Records that cannot be read are part of the error, and do not keep the
// others from being returned with it.
func (s *Store) Due(ctx context.Context, now time.Time, limit int) ([]file.File, error) {
	var due []file.File
	var unread []error
	for _, shard := range shards() {
		out, err := s.api.Query(ctx, &dynamodb.QueryInput{
			TableName:              &s.table,
			IndexName:              aws.String("bySweep"),
			KeyConditionExpression: aws.String("sweepShard = :shard AND sweepAt <= :now"),
			ExpressionAttributeValues: map[string]types.AttributeValue{
				":shard": text(shard),
				":now":   seconds(now),
			},
			Limit: aws.Int32(int32(limit)), // #nosec G115 -- the constant of sweep-uploads
		})
		if err != nil {
			return nil, fmt.Errorf("query the files that are due: %w", err)
		}
		for _, m := range out.Items {
			f, err := decode(m)
			if err != nil {
				unread = append(unread, err)
				continue
			}
			due = append(due, f)
		}
	}
	slices.SortFunc(due, func(a, b file.File) int { return a.SweepAt.Compare(b.SweepAt) })
	return due[:min(limit, len(due))], errors.Join(unread...)
}

// Postpone sets SweepAt of a record that still has f's revision. It counts as
// a write of the record, and does nothing where another write came first.
func (s *Store) Postpone(ctx context.Context, f file.File, sweepAt time.Time) error {
	u := newUpdate()
	u.countRevision()
	u.sweepAt(f.ID, sweepAt)
	return s.unchanged(ctx, f, u)
}

// Settle takes a record that still has f's revision off the sweeper's list. It
// counts as no revision, and does nothing where another write came first.
func (s *Store) Settle(ctx context.Context, f file.File) error {
	u := newUpdate()
	u.sweepAt(f.ID, time.Time{})
	return s.unchanged(ctx, f, u)
}

// unchanged carries out u, which sets when the sweeper looks next, on a record
// that still has f's revision.
func (s *Store) unchanged(ctx context.Context, f file.File, u *update) error {
	u.ifRevision(f.Revision)
	err := patiently(ctx, func() error {
		_, err := s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName:                 &s.table,
			Key:                       key(f.ID),
			ConditionExpression:       aws.String(u.condition()),
			UpdateExpression:          aws.String(u.expression()),
			ExpressionAttributeNames:  u.names,
			ExpressionAttributeValues: u.values,
		})
		return err
	})
	if _, moved := errors.AsType[*types.ConditionalCheckFailedException](err); moved {
		return nil
	}
	if err != nil {
		return fmt.Errorf("postpone the sweep of record %s: %w", f.ID, err)
	}
	return nil
}
