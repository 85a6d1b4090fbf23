package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/vouch-s3/vouch/local/awsapi"
	"github.com/vouch-s3/vouch/local/schemas"
	"github.com/vouch-s3/vouch/local/stack"
)

// The events of every test before it in this package; the file's name puts it last.
func TestEveryEventThatWasPublishedIsAsItsSchemaSays(t *testing.T) {
	alice := as(t, "alice")
	ready := alice.ready(t, "a.bin", random(t, 1000)).ID
	infected := alice.ask(t, "e.com", eicar, true)
	put(t, infected, eicar)
	alice.await(t, infected.ID, "rejected")
	bySchema := map[string]schemas.Schema{}
	for _, detailType := range []string{"File Ready", "File Rejected", "Audit Event"} {
		s, err := schemas.Event(root, detailType)
		if err != nil {
			t.Fatal(err)
		}
		bySchema[detailType] = s
	}
	// A record is there a moment before its event.
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		seen := map[string]bool{}
		for _, e := range publishedEvents(t, "vouch") {
			var detail struct {
				FileID string
				Actor  struct{ Subject string }
			}
			if err := json.Unmarshal(e.Detail, &detail); err != nil {
				t.Fatal(err)
			}
			if detail.Actor.Subject == "e2e" {
				continue // what a test has written to the table itself, as nothing of Vouch would
			}
			if s, ok := bySchema[e.DetailType]; !ok {
				t.Errorf("an event of an unknown kind was published: %s", e.DetailType)
			} else if err := s.Check(e.envelope()); err != nil {
				t.Errorf("%s %s: %v", e.DetailType, e.Detail, err)
			}
			seen[e.DetailType+detail.FileID] = true
		}
		if t.Failed() || seen["File Ready"+ready] && seen["File Rejected"+infected.ID] {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("an event did not come")
		}
	}
}

// published is an event on a bus, as the stack writes it down.
type published struct {
	Time       time.Time
	Source     string
	DetailType string `json:"detail-type"`
	Detail     json.RawMessage
}

// envelope is what EventBridge makes of it ("Amazon EventBridge events").
func (p published) envelope() map[string]any {
	return map[string]any{
		"version": "0", "id": uuid.NewString(), "detail-type": p.DetailType, "source": p.Source, "account": awsapi.AccountID,
		"time": p.Time.Format(time.RFC3339), "region": stack.Region, "resources": []string{}, "detail": p.Detail,
	}
}

// publishedEvents are the events of a source so far.
func publishedEvents(t *testing.T, source string) (events []published) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "stack", "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	// Behind the last line break is a line that is still being written.
	lines := bufio.NewScanner(bytes.NewReader(data[:bytes.LastIndexByte(data, '\n')+1]))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e published
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%v in %s", err, lines.Text())
		}
		if e.Source == source {
			events = append(events, e)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return events
}
