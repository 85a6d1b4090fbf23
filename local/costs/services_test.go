package costs

import (
	"crypto/rand"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/vouch-s3/vouch/local/awsapi"
	"github.com/vouch-s3/vouch/local/samtemplate"
)

// counting starts a DynamoDB and an EventBridge with the counter before them, and
// returns clients that are counted, and the table, whose name is its own: kumo keeps
// those of its servers before.
func counting(t *testing.T) (r *recorder, db *dynamodb.Client, bus *eventbridge.Client, name string) {
	t.Helper()
	e, err := awsapi.Start(t.Context(), awsapi.Options{
		Addr: "127.0.0.1:0", DataDir: t.TempDir(), Region: "us-east-1", AdminKey: "ADMIN", AdminSecret: "secret", Log: slog.New(slog.NewJSONHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	name = "costs-" + rand.Text()
	table := samtemplate.Table{
		Name: name, Key: []samtemplate.Key{{AttributeName: "id", KeyType: "HASH"}},
		Attributes: []samtemplate.Attribute{{AttributeName: "id", AttributeType: "S"}, {AttributeName: "at", AttributeType: "S"}},
		Indexes:    []samtemplate.Index{{IndexName: "byAt", KeySchema: []samtemplate.Key{{AttributeName: "at", KeyType: "HASH"}}}},
	}
	table.Indexes[0].Projection.ProjectionType = "ALL"
	err = e.CreateTable(t.Context(), map[string]any{
		"TableName": table.Name, "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": table.Attributes, "KeySchema": table.Key, "GlobalSecondaryIndexes": table.Indexes,
	})
	if err == nil {
		err = e.Restore(t.Context(), []string{table.Name})
	}
	if err == nil {
		err = e.CreateBus(t.Context(), name)
	}
	if err != nil {
		t.Fatal(err)
	}
	r = newRecorder()
	r.template = &samtemplate.Stack{Tables: []samtemplate.Table{table}}
	r.records = dynamodb.NewFromConfig(e.Admin())
	r.callers = map[string]string{"ADMIN": "Function"}
	server := httptest.NewServer(&services{recorder: r, upstream: strings.TrimPrefix(e.URL(), "http://")})
	t.Cleanup(server.Close)
	config := e.Admin()
	config.BaseEndpoint = &server.URL
	config.RetryMaxAttempts = 1
	return r, dynamodb.NewFromConfig(config), eventbridge.NewFromConfig(config), name
}

func TestEveryCallOfDynamoDBIsCountedByItsItems(t *testing.T) {
	r, db, _, table := counting(t)
	s := func(text string) types.AttributeValue { return &types.AttributeValueMemberS{Value: text} }
	key := map[string]types.AttributeValue{"id": s("1")}
	long := strings.Repeat("x", 1500)
	set := func(name, value, condition string) *types.Update {
		u := &types.Update{
			TableName: &table, Key: key, UpdateExpression: aws.String("SET #n = :v"),
			ExpressionAttributeNames: map[string]string{"#n": name}, ExpressionAttributeValues: map[string]types.AttributeValue{":v": s(value)},
		}
		if condition != "" {
			u.ConditionExpression = &condition
		}
		return u
	}
	update := func(u *types.Update) error {
		_, err := db.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
			TableName: u.TableName, Key: u.Key, UpdateExpression: u.UpdateExpression, ConditionExpression: u.ConditionExpression,
			ExpressionAttributeNames: u.ExpressionAttributeNames, ExpressionAttributeValues: u.ExpressionAttributeValues,
		})
		return err
	}
	transact := func(u *types.Update) error {
		_, err := db.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{{Update: u}}})
		return err
	}
	get := func(consistent bool) error {
		_, err := db.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &table, Key: key, ConsistentRead: &consistent})
		return err
	}
	for _, tt := range []struct {
		name          string
		do            func() error
		writes, reads float64
		refused       bool
	}{
		{"reads nothing", func() error { return get(true) }, 0, 1, false},
		{"puts", func() error {
			_, err := db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: key})
			return err
		}, 1, 0, false},
		{"comes into the index", func() error { return update(set("at", "a", "")) }, 1 + 1, 0, false},
		{"moves within it", func() error { return update(set("at", "b", "")) }, 1 + 2, 0, false},
		{"grows in a transaction", func() error { return transact(set("text", long, "")) }, 2*2 + 2, 0, false},
		{"is refused", func() error { return update(set("text", "", "attribute_not_exists(id)")) }, 2, 0, true},
		{"is refused in a transaction", func() error { return transact(set("text", "", "attribute_not_exists(id)")) }, 2 * 2, 0, true},
		{"reads", func() error { return get(false) }, 0, 0.5, false},
		{"queries the index", func() error {
			_, err := db.Query(t.Context(), &dynamodb.QueryInput{
				TableName: &table, IndexName: aws.String("byAt"), Limit: aws.Int32(5), KeyConditionExpression: aws.String("#at = :at"),
				ExpressionAttributeNames: map[string]string{"#at": "at"}, ExpressionAttributeValues: map[string]types.AttributeValue{":at": s("b")},
			})
			return err
		}, 0, 0.5, false},
		{"deletes", func() error {
			_, err := db.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &table, Key: key})
			return err
		}, 2 + 2, 0, false},
	} {
		r.begin(tt.name, 1, 0, "")
		if err := tt.do(); (err != nil) != tt.refused {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if u := r.stage.Usage; r.err != nil || u[WriteUnits] != tt.writes || u[ReadUnits] != tt.reads {
			t.Errorf("%s: %v units written and %v read, not %v and %v (%v)", tt.name, u[WriteUnits], u[ReadUnits], tt.writes, tt.reads, r.err)
		}
	}
}

func TestAnEventIsCountedByItsChunksAndWhatHasNoPriceIsAnError(t *testing.T) {
	r, db, bus, name := counting(t)
	r.begin("events", 1, 0, "")
	entry := func(detail string) eventtypes.PutEventsRequestEntry {
		return eventtypes.PutEventsRequestEntry{EventBusName: &name, Source: aws.String("vouch"), DetailType: aws.String("T"), Detail: aws.String(detail)}
	}
	long := `{"a":"` + strings.Repeat("x", 64<<10) + `"}`
	if _, err := bus.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []eventtypes.PutEventsRequestEntry{entry(`{}`), entry(long)}}); err != nil {
		t.Fatal(err)
	}
	if got := r.stage.Usage[BusEvents]; got != 3 || r.err != nil {
		t.Errorf("a short event and one over 64 KB are %v events (%v)", got, r.err)
	}
	if _, err := db.Scan(t.Context(), &dynamodb.ScanInput{TableName: &name}); err != nil {
		t.Fatal(err)
	}
	if r.err == nil {
		t.Error("a call without a price is counted as nothing")
	}
}
