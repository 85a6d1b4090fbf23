package awsapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/local/eventsource"
)

const streamARN = "arn:aws:dynamodb:us-east-1:000000000000:table/history/stream/local"

// read reads what is unread of a stream, as a function gets it.
func read(t *testing.T, s eventsource.Source, limit int) []events.DynamoDBEventRecord {
	t.Helper()
	records, err := s.Read(limit)
	if err != nil {
		t.Fatal(err)
	}
	var all []events.DynamoDBEventRecord
	for _, r := range records {
		var e events.DynamoDBEventRecord
		if err := json.Unmarshal(r.Event, &e); err != nil {
			t.Fatal(err)
		}
		if e.Change.SequenceNumber != r.Number || e.EventSource != "aws:dynamodb" || e.EventSourceArn != streamARN || e.EventVersion != "1.1" ||
			e.Change.StreamViewType != "NEW_IMAGE" || len(e.EventID) != 32 || e.Change.ApproximateCreationDateTime.IsZero() || e.Change.SizeBytes == 0 {
			t.Errorf("a record is %s", r.Event)
		}
		all = append(all, e)
	}
	return all
}

// told writes what records say in short.
func told(records []events.DynamoDBEventRecord) string {
	var all []string
	for _, r := range records {
		image := ""
		if v, ok := r.Change.NewImage["v"]; ok {
			image = "=" + v.String()
		}
		all = append(all, fmt.Sprintf("%s %s%s", r.EventName, r.Change.Keys["id"].String(), image))
	}
	return strings.Join(all, ", ")
}

func TestAStreamHasEachChangeOnceAndOutlivesTheProcess(t *testing.T) {
	dir := t.TempDir()
	e := start(t, dir, everything{})
	files, _ := tables(t, e)
	history := historyOf(files)
	// tables has restored already, so that the table is streamed from here on.
	s := e.StreamTable(history, streamARN)
	client := dynamodb.NewFromConfig(e.Admin())
	item := func(id, v string) map[string]types.AttributeValue {
		return map[string]types.AttributeValue{"fileId": &types.AttributeValueMemberS{Value: "f"}, "id": &types.AttributeValueMemberS{Value: id}, "v": &types.AttributeValueMemberS{Value: v}}
	}
	key := func(id string) map[string]types.AttributeValue {
		k := item(id, "")
		maps.DeleteFunc(k, func(name string, _ types.AttributeValue) bool { return name == "v" })
		return k
	}
	put := func(id, v string) {
		t.Helper()
		if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &history, Item: item(id, v)}); err != nil {
			t.Fatal(err)
		}
	}
	transact := func(token, condition string) error {
		_, err := client.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{ClientRequestToken: &token, TransactItems: []types.TransactWriteItem{
			{Put: &types.Put{TableName: &files, Item: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: token}}, ConditionExpression: &condition}},
			{Put: &types.Put{TableName: &history, Item: item("c", token)}},
			{Put: &types.Put{TableName: &history, Item: item("d", token)}},
		}})
		return err
	}
	put("a", "1")
	put("a", "1") // which changes nothing
	put("a", "2")
	if err := transact("refused", "attribute_exists(id)"); err == nil {
		t.Fatal("a condition held that does not")
	}
	if err := transact("taken", "attribute_not_exists(other)"); err != nil {
		t.Fatal(err)
	}
	if _, err := client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: &history, Key: key("b"), UpdateExpression: aws.String("SET v = :v"), ExpressionAttributeValues: map[string]types.AttributeValue{":v": &types.AttributeValueMemberS{Value: "3"}},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{
		history: {{DeleteRequest: &types.DeleteRequest{Key: key("a")}}},
	}}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &history, Key: key("none")}); err != nil {
		t.Fatal(err)
	}
	const all = "INSERT a=1, MODIFY a=2, INSERT c=taken, INSERT d=taken, INSERT b=3, REMOVE a"
	records := read(t, s, 100)
	if got := told(records); got != all {
		t.Fatalf("%s", got)
	}
	if !slices.IsSortedFunc(records, func(a, b events.DynamoDBEventRecord) int {
		return strings.Compare(a.Change.SequenceNumber, b.Change.SequenceNumber)
	}) {
		t.Error("the sequence numbers are in no order")
	}
	if got := told(read(t, s, 2)); got != "INSERT a=1, MODIFY a=2" {
		t.Errorf("a batch of two is %s", got)
	}
	if err := s.Done(records[1].Change.SequenceNumber); err != nil {
		t.Fatal(err)
	}
	if err := s.Done("1"); err == nil {
		t.Error("a record is done that never was")
	}
	for restart := range 3 { // the first of which compacts the journal
		schemas := e.schemas
		e.Close()
		e = start(t, dir, everything{})
		e.schemas = schemas // kumo keeps the tables of its servers before
		s = e.StreamTable(history, streamARN)
		if err := e.Restore(t.Context(), []string{files, history}); err != nil {
			t.Fatal(err)
		}
		client = dynamodb.NewFromConfig(e.Admin())
		left := read(t, s, 100)
		if got := told(left); got != strings.TrimPrefix(all, "INSERT a=1, MODIFY a=2, ") || left[0].EventID != records[2].EventID {
			t.Fatalf("after restart %d: %s", restart, got)
		}
	}
	if err := s.Done(records[5].Change.SequenceNumber); err != nil {
		t.Fatal(err)
	}
	schemas := e.schemas
	e.Close()
	e = start(t, dir, everything{})
	e.schemas = schemas
	s = e.StreamTable(history, streamARN)
	if err := e.Restore(t.Context(), []string{files, history}); err != nil {
		t.Fatal(err)
	}
	client = dynamodb.NewFromConfig(e.Admin())
	put("e", "5")
	if last := read(t, s, 100); told(last) != "INSERT e=5" || last[0].Change.SequenceNumber <= records[5].Change.SequenceNumber {
		t.Errorf("%s", told(last))
	}
}
