package dynamo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/erasure"
)

// HistoriesAPI is what Histories call of DynamoDB.
type HistoriesAPI interface {
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Histories are the events of the table of history (Store.Recording), for whoever
// takes them away with their owner. They are kept for longer than the records of
// files that are gone, so that there is an index of them by owner:
//
//	byOwner  owner, id  the keys of the events of an owner's files; denials are not in it
//
// It implements erasure.Histories.
type Histories struct {
	api   HistoriesAPI
	table string
}

// NewHistories returns the Histories in the table.
func NewHistories(api HistoriesAPI, table string) *Histories {
	return &Histories{api: api, table: table}
}

// Forget implements erasure.Histories. The denials of the file go too.
func (h *Histories) Forget(ctx context.Context, fileID string) (int, error) {
	removed := 0
	for _, partition := range []string{fileID, denials + fileID} {
		for {
			out, err := h.api.Query(ctx, &dynamodb.QueryInput{
				TableName: &h.table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("fileId = :file"),
				ExpressionAttributeValues: map[string]types.AttributeValue{":file": text(partition)},
				Limit:                     aws.Int32(eventsAtOnce),
			})
			if err != nil {
				return removed, fmt.Errorf("query the history of file %s: %w", fileID, err)
			}
			if len(out.Items) == 0 {
				break // what is removed is not read again, so that this is the end
			}
			deletes := make([]types.TransactWriteItem, len(out.Items))
			for i, m := range out.Items {
				deletes[i].Delete = &types.Delete{TableName: &h.table, Key: map[string]types.AttributeValue{"fileId": m["fileId"], "id": m["id"]}}
			}
			if err := transactOn(ctx, h.api, deletes); err != nil {
				return removed, fmt.Errorf("delete the history of file %s: %w", fileID, err)
			}
			removed += len(deletes)
		}
	}
	return removed, nil
}

// eventsAtOnce is how many events are read and removed at a time, which is how many a
// transaction takes. A file may have an event for every download of a year.
const eventsAtOnce = 100

// Naming implements erasure.Histories.
func (h *Histories) Naming(ctx context.Context, owner, cursor string, limit int) (page []erasure.Event, next string, err error) {
	input := &dynamodb.QueryInput{
		TableName: &h.table, IndexName: aws.String("byOwner"), KeyConditionExpression: aws.String("#owner = :owner"),
		ExpressionAttributeNames:  map[string]string{"#owner": "owner"},
		ExpressionAttributeValues: map[string]types.AttributeValue{":owner": text(owner)},
		Limit:                     aws.Int32(int32(limit)), // #nosec G115 -- a page of an erasure
	}
	if cursor != "" {
		fileID, id, ok := strings.Cut(cursor, " ")
		if !ok {
			return nil, "", fmt.Errorf("the cursor %q is not of this list", cursor)
		}
		input.ExclusiveStartKey = map[string]types.AttributeValue{"owner": text(owner), "fileId": text(fileID), "id": text(id)}
	}
	out, err := h.api.Query(ctx, input)
	if err != nil {
		return nil, "", fmt.Errorf("query the events of an owner: %w", err)
	}
	for _, m := range out.Items {
		e, err := decodeEventKey(m)
		if err != nil {
			return nil, "", err
		}
		page = append(page, e)
	}
	if len(out.LastEvaluatedKey) > 0 {
		last, err := decodeEventKey(out.LastEvaluatedKey)
		if err != nil {
			return nil, "", err
		}
		next = last.FileID + " " + last.ID
	}
	return page, next, nil
}

// Remove implements erasure.Histories.
func (h *Histories) Remove(ctx context.Context, e erasure.Event) error {
	_, err := h.api.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &h.table, Key: map[string]types.AttributeValue{"fileId": text(e.FileID), "id": text(e.ID)},
	})
	if err != nil {
		return fmt.Errorf("delete the event %s of file %s: %w", e.ID, e.FileID, err)
	}
	return nil
}

func decodeEventKey(m map[string]types.AttributeValue) (erasure.Event, error) {
	fileID, _ := m["fileId"].(*types.AttributeValueMemberS)
	id, _ := m["id"].(*types.AttributeValueMemberS)
	if fileID == nil || id == nil {
		return erasure.Event{}, errors.New("DynamoDB returned an event without its key")
	}
	return erasure.Event{FileID: fileID.Value, ID: id.Value}, nil
}
