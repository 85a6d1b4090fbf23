package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/vouch-s3/vouch/shared/audit"
)

// bus publishes events but those it refuses, each so often.
type bus struct {
	refuses map[string]int // by the last digit of the id
	told    []string
	asked   int
}

func (b *bus) Tell(_ context.Context, events []audit.Event) []error {
	b.asked++
	errs := make([]error, len(events))
	for i, e := range events {
		last := e.ID[len(e.ID)-1:]
		if b.refuses[last] > 0 {
			b.refuses[last]--
			errs[i] = errors.New("throttled")
			continue
		}
		b.told = append(b.told, last)
	}
	return errs
}

// record is a record of the stream about the event whose id ends with the digit.
func record(digit int, name, action string) events.DynamoDBEventRecord {
	text := events.NewStringAttribute
	id := fmt.Sprintf("0195f3a2-8f03-7c11-8f7e-6a5b4c3d2e1%d", digit)
	r := events.DynamoDBEventRecord{EventName: name, Change: events.DynamoDBStreamRecord{
		SequenceNumber: fmt.Sprint(digit),
		Keys:           map[string]events.DynamoDBAttributeValue{"fileId": text("0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"), "id": text(id)},
	}}
	if name != "REMOVE" {
		r.Change.NewImage = map[string]events.DynamoDBAttributeValue{
			"fileId": text("0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"), "id": text(id), "at": text("2026-11-24T15:00:05.123Z"),
			"actor": text("alice"), "action": text(action), "owner": text("alice"), "purgeAt": events.NewNumberAttribute("1830092405"),
		}
	}
	return r
}

func TestABatchGoesOnUpToTheFirstThatCannot(t *testing.T) {
	const ever = 1 << 30
	status, unknown := string(audit.StatusChanged), "something-newer"
	for name, tt := range map[string]struct {
		records   []events.DynamoDBEventRecord
		refuses   map[string]int
		told      string // each once, in the order in which it was published
		failed    string
		rewritten int
	}{
		"nothing": {nil, nil, "", "", 0},
		"all": {
			[]events.DynamoDBEventRecord{record(1, "INSERT", status), record(2, "INSERT", status), record(3, "INSERT", status)}, nil, "123", "", 0,
		},
		"one is refused at first": {
			[]events.DynamoDBEventRecord{record(1, "INSERT", status), record(2, "INSERT", status), record(3, "INSERT", status)}, map[string]int{"2": 2}, "132", "", 0,
		},
		"one is refused again and again": {
			[]events.DynamoDBEventRecord{record(1, "INSERT", status), record(2, "INSERT", status), record(3, "INSERT", status)}, map[string]int{"2": ever}, "13", "2", 0,
		},
		"the bus is away": {
			[]events.DynamoDBEventRecord{record(1, "INSERT", status), record(2, "INSERT", status)}, map[string]int{"1": ever, "2": ever}, "", "1", 0,
		},
		"one cannot be read": {
			[]events.DynamoDBEventRecord{record(1, "INSERT", status), record(2, "INSERT", unknown), record(3, "INSERT", status)}, nil, "1", "2", 0,
		},
		"one before it is refused": {
			[]events.DynamoDBEventRecord{record(1, "INSERT", status), record(2, "INSERT", unknown)}, map[string]int{"1": ever}, "", "1", 0,
		},
		"forgotten and written over": {
			[]events.DynamoDBEventRecord{record(1, "REMOVE", ""), record(2, "MODIFY", status), record(3, "INSERT", status)}, nil, "3", "", 1,
		},
	} {
		b, rewritten := &bus{refuses: tt.refuses}, 0
		r := Relay{Teller: b, Rewritten: func(n int) error { rewritten += n; return nil }}
		response, err := r.Handle(t.Context(), events.DynamoDBEvent{Records: tt.records})
		if err != nil {
			t.Fatal(err)
		}
		failed := ""
		for _, f := range response.BatchItemFailures {
			failed += f.ItemIdentifier
		}
		if got := strings.Join(b.told, ""); got != tt.told || failed != tt.failed || rewritten != tt.rewritten {
			t.Errorf("%s: published %q, failed at %q, %d written over", name, got, failed, rewritten)
		}
		if b.asked > attempts {
			t.Errorf("%s: %d attempts", name, b.asked)
		}
	}
}

func TestNoFailureIsWrittenAsAnEmptyList(t *testing.T) {
	response, err := Relay{Teller: &bus{}}.Handle(t.Context(), events.DynamoDBEvent{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := json.Marshal(response); err != nil || string(got) != `{"batchItemFailures":[]}` {
		t.Errorf("%s, %v", got, err)
	}
}

func TestAWriteOverThatCannotBeCountedIsTriedAgain(t *testing.T) {
	r := Relay{Teller: &bus{}, Rewritten: func(int) error { return errors.New("full") }}
	if _, err := r.Handle(t.Context(), events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{record(1, "MODIFY", "")}}); err == nil {
		t.Error("nobody is told")
	}
}

// FuzzHandle holds Handle to take whatever a stream brings without a panic, and to
// pass over no record that it has not published.
func FuzzHandle(f *testing.F) {
	sample, err := os.ReadFile("../../events/publish-history.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sample)
	f.Add([]byte(`{"Records":[{"eventName":"INSERT","dynamodb":{"SequenceNumber":"1","NewImage":{"id":{"L":[{"S":"x"}]}}}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var e events.DynamoDBEvent
		if json.Unmarshal(data, &e) != nil {
			return
		}
		b := &bus{}
		response, err := Relay{Teller: b, Rewritten: func(int) error { return nil }}.Handle(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		inserts := 0
		for _, r := range e.Records {
			if len(response.BatchItemFailures) > 0 && r.Change.SequenceNumber == response.BatchItemFailures[0].ItemIdentifier {
				break
			}
			if !slices.Contains([]string{"REMOVE", "MODIFY"}, r.EventName) {
				inserts++
			}
		}
		if len(b.told) != inserts {
			t.Errorf("%d were published of %d", len(b.told), inserts)
		}
	})
}
