// Package dynamo keeps the records of files in one DynamoDB table. Every write
// is conditional on the table of transitions in package file, so that two
// writers can never both be right.
//
// The table and its indexes are declared in template.yaml:
//
//	table          id
//	byOwner        listedOwner, id        an owner's files, newest first; deleted ones have no listedOwner
//	byOwnerStatus  owner, statusId        the same for one status; statusId is "<status>#<id>"
//	bySweep        sweepShard, sweepAt    files the sweeper has yet to look at; sparse
//	byExpiry       expiryShard, expiresAt files that retention is to delete; sparse, with nothing but its keys
//	byTenant       countedTenant, id      files that count for a tenant now; sparse, with what that takes only
//	byCheck        checkShard, checkedAt  ready files by the age of their verdict; sparse, with what a re-scan needs only
//
// What files count for is kept in a second table, which Counting describes, and
// what is done to them in a third: Recording.
package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/quota"
)

// API is what the Store calls of DynamoDB.
type API interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Store reads and writes records.
type Store struct {
	api     API
	table   string
	usage   string // the table of usage; empty where nothing is counted
	history string // the table of history; empty where nothing may be changed
	quotas  *quota.Quotas
}

// New returns a Store on the table.
func New(api API, table string) *Store { return &Store{api: api, table: table} }

// Get reads the record with the id as it stands now (a consistent read), or
// returns file.ErrNotFound.
func (s *Store) Get(ctx context.Context, id string) (file.File, error) {
	out, err := s.api.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:      &s.table,
		Key:            key(id),
		ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return file.File{}, fmt.Errorf("get record %s: %w", id, err)
	}
	if len(out.Item) == 0 {
		return file.File{}, file.ErrNotFound
	}
	return decode(out.Item)
}

// Change applies c to the record with the id and returns what it has become.
// It returns file.ErrNotFound when there is no record, and a
// *file.ConflictError when the record's status may not become c.To or it pins
// another version than c.IfVersion.
//
// The event of it, and what changes in the record's accounts, are written in the
// same transaction. Both depend on what the record was, so the write is
// conditional on the revision that was read, and begins anew where another write
// came between.
func (s *Store) Change(ctx context.Context, id string, c file.Change) (file.File, error) {
	if len(c.To.From()) == 0 {
		return file.File{}, fmt.Errorf("update record %s: nothing may become %s", id, c.To)
	}
	for range races {
		f, err := s.Get(ctx, id)
		if err != nil {
			return file.File{}, err
		}
		if !f.Allows(c) {
			return file.File{}, &file.ConflictError{To: c.To, Current: f}
		}
		changed, err := s.changeOne(ctx, f, c)
		if _, raced := file.Conflict(err); !raced && !errors.Is(err, file.ErrNotFound) {
			return changed, err
		}
	}
	return file.File{}, fmt.Errorf("update record %s to %s: it was written %d times meanwhile", id, c.To, races)
}

// update carries out u on the record with the id, and returns what it has
// become. to is what the record would be, for the errors.
func (s *Store) update(ctx context.Context, id string, to file.Status, u *update) (file.File, error) {
	var out *dynamodb.UpdateItemOutput
	err := patiently(ctx, func() (err error) {
		out, err = s.api.UpdateItem(ctx, u.telling(s.table, id))
		return err
	})
	if refused, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return file.File{}, standing(refused.Item, to)
	}
	if err != nil {
		return file.File{}, fmt.Errorf("update record %s to %s: %w", id, to, err)
	}
	return decode(out.Attributes)
}

func key(id string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"id": text(id)}
}
