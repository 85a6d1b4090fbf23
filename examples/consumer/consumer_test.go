package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"github.com/vouch-s3/vouch/shared/eventbus"
	"github.com/vouch-s3/vouch/shared/file"
)

// items is a table that evaluates the one condition that there is.
type items struct {
	all    map[string]map[string]types.AttributeValue
	writes int
	err    error
}

func (i *items) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if i.err != nil {
		return nil, i.err
	}
	if *in.ConditionExpression != "attribute_not_exists(fileId) OR revision < :revision" {
		return nil, errors.New("another condition")
	}
	number := func(v types.AttributeValue) int {
		n, _ := strconv.Atoi(v.(*types.AttributeValueMemberN).Value)
		return n
	}
	id := in.Item["fileId"].(*types.AttributeValueMemberS).Value
	if old, there := i.all[id]; there && number(old["revision"]) >= number(in.ExpressionAttributeValues[":revision"]) {
		return nil, &types.ConditionalCheckFailedException{}
	}
	if i.all == nil {
		i.all = map[string]map[string]types.AttributeValue{}
	}
	i.all[id] = in.Item
	i.writes++
	return &dynamodb.PutItemOutput{}, nil
}

// bus hands over what is published to it as EventBridge delivers it.
type bus struct{ delivered []events.EventBridgeEvent }

func (b *bus) PutEvents(_ context.Context, in *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	for _, e := range in.Entries {
		b.delivered = append(b.delivered, events.EventBridgeEvent{
			Version: "0", ID: "event-" + strconv.Itoa(len(b.delivered)), DetailType: *e.DetailType, Source: *e.Source, AccountID: "123456789012",
			Time: e.Time.UTC(), Region: "eu-west-1", Detail: json.RawMessage(*e.Detail),
		})
	}
	return &eventbridge.PutEventsOutput{}, nil
}

// published returns the events of f as Vouch publishes them: of each state and revision.
func published(t *testing.T, states ...file.Status) []events.EventBridgeEvent {
	t.Helper()
	const id = "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"
	var b bus
	for i, s := range states {
		f := file.File{
			ID: id, Owner: "alice", Filename: "a.txt", ContentType: "text/plain", Size: 5, Status: s, Key: file.Key("alice", id),
			VersionID: "v1", Revision: int64(4 + i), UpdatedAt: time.Date(2026, 11, 24, 15, 0, i, 0, time.UTC),
		}
		if s == file.Rejected {
			f.Reason = file.MalwareDetected
		}
		if err := eventbus.New(&b, "files", "vouch-filesbucket").Publish(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	return b.delivered
}

func (i *items) is(t *testing.T, status string, revision int64, writes int) {
	t.Helper()
	for _, item := range i.all {
		if s := item["status"].(*types.AttributeValueMemberS).Value; s != status || item["revision"].(*types.AttributeValueMemberN).Value != strconv.FormatInt(revision, 10) {
			t.Errorf("the file is %s in revision %v", s, item["revision"])
		}
	}
	if len(i.all) != 1 || i.writes != writes {
		t.Errorf("%d files, %d writes", len(i.all), i.writes)
	}
}

func TestAnEventIsActedUponOnceHoweverOftenItComes(t *testing.T) {
	var files items
	handle := handler(table{&files, "files"})
	ready := published(t, file.Ready)[0]
	again := ready
	again.ID = "another" // as when Vouch itself publishes it again
	for _, e := range []events.EventBridgeEvent{ready, ready, again} {
		if err := handle(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	files.is(t, "ready", 4, 1)
}

func TestAFileStandsAsItsHighestRevisionSaysInWhateverOrderEventsCome(t *testing.T) {
	both := published(t, file.Ready, file.Rejected)
	for name, order := range map[string][]int{"in order": {0, 1}, "overtaken": {1, 0}, "and again": {0, 1, 0, 1}} {
		var files items
		handle := handler(table{&files, "files"})
		for _, i := range order {
			if err := handle(t.Context(), both[i]); err != nil {
				t.Fatal(err)
			}
		}
		writes := 2
		if name == "overtaken" {
			writes = 1
		}
		t.Run(name, func(t *testing.T) { files.is(t, "rejected", 5, writes) })
	}
}

// The sample of docs/events.md is held to the schema by a test of its own.
func TestTheSampleOfTheDocumentationIsTaken(t *testing.T) {
	doc, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	_, sample, _ := strings.Cut(string(doc), "```json\n")
	sample, _, _ = strings.Cut(sample, "```")
	var e events.EventBridgeEvent
	if err := json.Unmarshal([]byte(sample), &e); err != nil {
		t.Fatal(err)
	}
	var files items
	if err := handler(table{&files, "files"})(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	files.is(t, "ready", 4, 1)
}

func TestAnEventThatIsNoneOfTheseIsAnErrorAndNotPassedOver(t *testing.T) {
	for name, change := range map[string]func(*events.EventBridgeEvent){
		"of another source": func(e *events.EventBridgeEvent) { e.Source = "somebody" },
		"of another kind":   func(e *events.EventBridgeEvent) { e.DetailType = "Audit Event" },
		"that contradicts":  func(e *events.EventBridgeEvent) { e.DetailType = "File Rejected" },
		"without a version": func(e *events.EventBridgeEvent) {
			e.Detail = json.RawMessage(strings.Replace(string(e.Detail), `"v1"`, `""`, 1))
		},
		"without a revision": func(e *events.EventBridgeEvent) {
			e.Detail = json.RawMessage(strings.Replace(string(e.Detail), `"revision":4`, `"revision":0`, 1))
		},
		"that is no JSON": func(e *events.EventBridgeEvent) { e.Detail = json.RawMessage(`{`) },
		"whose size is no size": func(e *events.EventBridgeEvent) {
			e.Detail = json.RawMessage(strings.Replace(string(e.Detail), `"size":5`, `"size":"5"`, 1))
		},
	} {
		var files items
		e := published(t, file.Ready)[0]
		change(&e)
		if err := handler(table{&files, "files"})(t.Context(), e); err == nil || files.writes > 0 {
			t.Errorf("an event %s: %v, %d writes", name, err, files.writes)
		}
	}
}

func TestAWriteThatFailsHasTheEventTriedAgain(t *testing.T) {
	files := items{err: errors.New("throttled")}
	if err := handler(table{&files, "files"})(t.Context(), published(t, file.Ready)[0]); !errors.Is(err, files.err) {
		t.Error(err)
	}
}
