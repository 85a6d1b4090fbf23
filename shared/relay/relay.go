// Package relay publishes what the stream of the table of history brings: each
// event of the trail at least once, those of a file in their order.
package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/dynamo"
)

// Teller publishes events, and returns what kept each from it: an eventbus.Trail.
type Teller interface {
	Tell(ctx context.Context, events []audit.Event) []error
}

// attempts is how often what EventBridge refuses of a batch is tried within one
// invocation. What is left then Lambda brings again.
const attempts = 3

// Relay hands the events of the trail on.
type Relay struct {
	Teller Teller

	// Rewritten is told how many events were written over since they were put,
	// which nothing of Vouch does.
	Rewritten func(events int) error
}

// Handle takes a batch of the stream. It reports the first record that could not
// be handed on, from which Lambda goes on with the next attempt ("Configuring
// partial batch response with DynamoDB and Lambda", AWS Lambda Developer Guide). So
// nothing is passed over, and what comes behind a failure may be published twice.
func (r Relay) Handle(ctx context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	var batch []audit.Event
	var numbers []string
	failed := []events.DynamoDBBatchItemFailure{}
	rewritten := 0
	for _, record := range e.Records {
		number := record.Change.SequenceNumber
		switch events.DynamoDBOperationType(record.EventName) {
		case events.DynamoDBOperationTypeRemove: // it is forgotten, by its time or with its owner
			continue
		case events.DynamoDBOperationTypeModify:
			rewritten++
			slog.ErrorContext(ctx, "an event of the trail was written over", "sequenceNumber", number, "keys", keysOf(record))
			continue
		}
		event, err := eventOf(record)
		if err != nil {
			slog.ErrorContext(ctx, "an event of the trail cannot be read", "sequenceNumber", number, "error", err.Error())
			failed = []events.DynamoDBBatchItemFailure{{ItemIdentifier: number}}
			break
		}
		batch, numbers = append(batch, event), append(numbers, number)
	}
	if n, err := r.tell(ctx, batch); err != nil {
		slog.ErrorContext(ctx, "an event of the trail is not published", "sequenceNumber", numbers[n], "error", err.Error())
		failed = []events.DynamoDBBatchItemFailure{{ItemIdentifier: numbers[n]}}
	}
	if rewritten > 0 {
		if err := r.Rewritten(rewritten); err != nil {
			return events.DynamoDBEventResponse{}, err
		}
	}
	slog.InfoContext(ctx, "a batch of the trail was taken", "records", len(e.Records), "events", len(batch), "complete", len(failed) == 0)
	return events.DynamoDBEventResponse{BatchItemFailures: failed}, nil
}

// tell publishes the batch, what fails of it again, and returns the index of the
// first event that could not be, with the reason.
func (r Relay) tell(ctx context.Context, batch []audit.Event) (first int, err error) {
	left := make([]int, len(batch))
	for i := range left {
		left[i] = i
	}
	for range attempts {
		if len(left) == 0 {
			return 0, nil
		}
		todo := make([]audit.Event, len(left))
		for i, n := range left {
			todo[i] = batch[n]
		}
		var again []int
		for i, failure := range r.Teller.Tell(ctx, todo) {
			if failure != nil {
				if len(again) == 0 {
					err = failure
				}
				again = append(again, left[i])
			}
		}
		left = again
	}
	if len(left) == 0 {
		return 0, nil
	}
	return left[0], err
}

// eventOf reads the event that a record of the stream tells of.
func eventOf(r events.DynamoDBEventRecord) (audit.Event, error) {
	if len(r.Change.NewImage) == 0 {
		return audit.Event{}, errors.New("the record has no new image")
	}
	item := make(map[string]types.AttributeValue, len(r.Change.NewImage))
	for name, v := range r.Change.NewImage {
		switch v.DataType() {
		case events.DataTypeString:
			item[name] = &types.AttributeValueMemberS{Value: v.String()}
		case events.DataTypeNumber:
			item[name] = &types.AttributeValueMemberN{Value: v.Number()}
		default:
			return audit.Event{}, fmt.Errorf("the attribute %s is neither a text nor a number", name)
		}
	}
	return dynamo.DecodeEvent(item)
}

// keysOf are the keys of the item that a record tells of, for the log.
func keysOf(r events.DynamoDBEventRecord) map[string]string {
	keys := map[string]string{}
	for name, v := range r.Change.Keys {
		if v.DataType() == events.DataTypeString {
			keys[name] = v.String()
		}
	}
	return keys
}
