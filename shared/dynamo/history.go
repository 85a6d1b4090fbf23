package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/audit"
)

// HistoryAPI is what History calls of DynamoDB.
type HistoryAPI interface {
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
}

// History is the table of the trail for whoever reads it. What is kept in it is the
// Store's to put.
type History struct {
	api   HistoryAPI
	table string
}

// NewHistory returns the History in the table.
func NewHistory(api HistoryAPI, table string) *History { return &History{api: api, table: table} }

// List returns a page of the trail of a file, newest first, and the id to ask the
// next page after, empty when there is none. The read is consistent: what was
// answered is in it.
func (h *History) List(ctx context.Context, q audit.Query) (events []audit.Event, next string, err error) {
	in := h.query(partition(q.FileID, q.Outcome), q.Limit)
	if q.After != "" {
		in.ExclusiveStartKey = map[string]types.AttributeValue{"fileId": text(partition(q.FileID, q.Outcome)), "id": text(q.After)}
	}
	out, err := h.api.Query(ctx, in)
	if err != nil {
		return nil, "", fmt.Errorf("query the trail of file %s: %w", q.FileID, err)
	}
	for _, m := range out.Items {
		e, err := DecodeEvent(m)
		if err != nil {
			return nil, "", err
		}
		events = append(events, e)
	}
	if len(out.LastEvaluatedKey) > 0 && len(events) > 0 {
		next = events[len(events)-1].ID
	}
	return events, next, nil
}

func (h *History) query(partition string, limit int) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName: &h.table, KeyConditionExpression: aws.String("fileId = :file"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":file": text(partition)},
		ScanIndexForward:          aws.Bool(false), ConsistentRead: aws.Bool(true),
		Limit: aws.Int32(int32(limit)), // #nosec G115 -- at most a page
	}
}

// forgetsAtOnce is how many events Forget reads in one call.
const forgetsAtOnce = 100

// Forget deletes the trail of a file, what was denied of it included. It can be
// made again where it stops half way, and has found nothing left when it returns
// nil.
func (h *History) Forget(ctx context.Context, fileID string) error {
	for _, o := range audit.Outcomes() {
		for {
			out, err := h.api.Query(ctx, h.query(partition(fileID, o), forgetsAtOnce))
			if err != nil {
				return fmt.Errorf("query the trail of file %s: %w", fileID, err)
			}
			if len(out.Items) == 0 {
				break
			}
			for _, m := range out.Items {
				if m["fileId"] == nil || m["id"] == nil {
					return errors.New("DynamoDB returned an event without its key")
				}
				_, err := h.api.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &h.table, Key: map[string]types.AttributeValue{"fileId": m["fileId"], "id": m["id"]}})
				if err != nil {
					return fmt.Errorf("delete an event of file %s: %w", fileID, err)
				}
			}
		}
	}
	return nil
}
