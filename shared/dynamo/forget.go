package dynamo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/file"
)

// Naming returns up to limit records that name the owner, of every status, deleted
// ones included. It begins behind cursor, empty for the beginning, and returns where
// to go on, empty at the end. It reads an index, as List does.
func (s *Store) Naming(ctx context.Context, owner, cursor string, limit int) (files []file.File, next string, err error) {
	input := &dynamodb.QueryInput{
		TableName:                 &s.table,
		IndexName:                 aws.String("byOwnerStatus"),
		KeyConditionExpression:    aws.String("#owner = :owner"),
		ExpressionAttributeNames:  map[string]string{"#owner": "owner"},
		ExpressionAttributeValues: map[string]types.AttributeValue{":owner": text(owner)},
		Limit:                     aws.Int32(int32(limit)), // #nosec G115 -- a page of an erasure
	}
	if cursor != "" {
		status, id, _ := strings.Cut(cursor, "#")
		if !file.Status(status).Valid() || !file.ValidID(id) {
			return nil, "", fmt.Errorf("the cursor %q is not of this list", cursor)
		}
		input.ExclusiveStartKey = key(id)
		input.ExclusiveStartKey["owner"] = text(owner)
		input.ExclusiveStartKey["statusId"] = text(cursor)
	}
	out, err := s.api.Query(ctx, input)
	if err != nil {
		return nil, "", fmt.Errorf("query the records that name an owner: %w", err)
	}
	for _, m := range out.Items {
		f, err := decode(m)
		if err != nil {
			return nil, "", err
		}
		files = append(files, f)
	}
	if len(out.LastEvaluatedKey) > 0 {
		last, ok := out.LastEvaluatedKey["statusId"].(*types.AttributeValueMemberS)
		if !ok {
			return nil, "", errors.New("DynamoDB returned a key of byOwnerStatus without its parts")
		}
		next = last.Value
	}
	return files, next, nil
}

// Forget replaces the record of f, which must be deleted, with its Tombstone, which
// DynamoDB forgets at purgeAt. The whole item is put anew, so that no attribute is
// left that somebody may add to records one day. It applies only to a record that has
// still f's revision, and fails with file.ErrNotFound when there is no record and
// with a *file.ConflictError that carries the record as it stands.
func (s *Store) Forget(ctx context.Context, f file.File, at, purgeAt time.Time) error {
	if f.Status != file.Deleted {
		return fmt.Errorf("forget the record of file %s: it is %s", f.ID, f.Status)
	}
	record, err := encode(f.Tombstone(at))
	if err != nil {
		return err
	}
	record["purgeAt"] = seconds(purgeAt)
	u := newUpdate()
	u.ifRevision(f.Revision)
	u.conditions = append(u.conditions, u.statusIn([]file.Status{file.Deleted}))
	err = s.transact(ctx, []types.TransactWriteItem{{Put: &types.Put{
		TableName: &s.table, Item: record, ConditionExpression: aws.String(u.condition()),
		ExpressionAttributeNames: u.names, ExpressionAttributeValues: u.values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}})
	if refused, is := refusedItem(err); is {
		return standing(refused, file.Deleted)
	}
	if err != nil {
		return fmt.Errorf("forget the record of file %s: %w", f.ID, err)
	}
	return nil
}
