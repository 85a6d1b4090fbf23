package schemas

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/google/uuid"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/eventbus"
	"github.com/vouch-s3/vouch/shared/file"
)

const root = "../.."

var paths = map[string]string{
	"File Ready":    root + "/events/schemas/file-ready.schema.json",
	"File Rejected": root + "/events/schemas/file-rejected.schema.json",
	"Audit Event":   root + "/events/schemas/audit-event.schema.json",
}

// bus keeps the last event that was put, as EventBridge delivers it.
type bus struct{ delivered map[string]any }

func (b *bus) PutEvents(_ context.Context, in *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	e := in.Entries[0]
	b.delivered = map[string]any{
		"version": "0", "id": uuid.NewString(), "detail-type": *e.DetailType, "source": *e.Source, "account": "123456789012",
		"time": e.Time.UTC().Format(time.RFC3339), "region": "eu-west-1", "resources": []string{}, "detail": json.RawMessage(*e.Detail),
	}
	return &eventbridge.PutEventsOutput{}, nil
}

// publish returns the event of f as a subscriber gets it.
func publish(t *testing.T, f file.File) map[string]any {
	t.Helper()
	var b bus
	if err := eventbus.New(&b, "files", "vouch-filesbucket").Publish(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	return b.delivered
}

func ended(s file.Status) file.File {
	const id = "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"
	return file.File{
		ID: id, Owner: "alice", Filename: "Résumé.pdf", ContentType: "application/pdf", Size: 1, Status: s,
		ChecksumSHA256: "u1H2ULRs4+cT4Mzkgh4vDDoaQsvE1j5/0bqdONgEp8o=",
		Key:            file.Key("alice", id), VersionID: "v1", ETag: "e1", Revision: 4, UpdatedAt: time.Now(),
	}
}

// full returns a verdict that leaves nothing out.
func full(outcome file.Outcome) *file.Verdict {
	now := time.Now().UTC()
	v := &file.Verdict{
		Outcome: outcome, DetectedType: "application/pdf", CheckedAt: now, DurationMillis: 12,
		Coverage: file.Coverage{Complete: true, Bytes: 1, Unpacked: 2, Entries: 3, Depth: 4, Limits: []file.Reason{file.ArchiveDepth}},
		Scanners: []file.Engine{{Name: "clamav", Version: "1.4.3", Database: "27830", DatabaseDate: now}, {Name: "guardduty"}},
	}
	for _, r := range file.Reasons()[:file.MaxFindings] {
		v.Findings = append(v.Findings, file.Finding{Code: r, Where: "a.zip!/b", Detail: "Win.Test.EICAR_HDB-1"})
	}
	return v
}

func TestEveryEventIsAsItsSchemaSaysAndAsNoOtherDoes(t *testing.T) {
	type event struct {
		name string
		file file.File
	}
	var events []event
	for _, outcome := range []file.Outcome{file.Clean, file.Flagged, file.Unscanned} {
		f := ended(file.Ready)
		f.Verdict, f.Receipt = full(outcome), "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"
		events = append(events, event{"ready " + string(outcome), f})
	}
	bare := ended(file.Ready)
	bare.Verdict = &file.Verdict{Outcome: file.Unscanned}
	ofTenant := ended(file.Ready)
	ofTenant.Owner = access.Principal{Subject: "alice", Tenant: "acme"}.Owner()
	if detail, err := json.Marshal(publish(t, ofTenant)["detail"]); err != nil || !strings.Contains(string(detail), `"owner":"alice","tenant":"acme"`) {
		t.Errorf("the event of a tenant's file: %s, %v", detail, err)
	}
	events = append(events, event{"of a tenant", ofTenant}, event{"ready without a verdict or receipt", ended(file.Ready)}, event{"ready with a bare verdict", bare})
	for _, reason := range file.Reasons() {
		f := ended(file.Rejected)
		f.Reason = reason
		events = append(events, event{string(reason), f})
		f.Verdict, f.ChecksumSHA256 = full(file.Refused), ""
		events = append(events, event{string(reason) + " with a verdict", f})
	}
	for _, e := range events {
		got := publish(t, e.file)
		for detailType := range paths {
			s, err := Event(root, detailType)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Check(got); (err == nil) != (detailType == got["detail-type"]) {
				t.Errorf("%s, by the schema of %s: %v", e.name, detailType, err)
			}
		}
	}
}

func TestAnEventThatIsNotWhatItSaysIsRefused(t *testing.T) {
	ready := ended(file.Ready)
	ready.Verdict = full(file.Clean)
	rejected := ended(file.Rejected)
	rejected.Reason = file.MalwareDetected
	refused := full(file.Refused)
	for name, tt := range map[string]struct {
		of     file.File
		change func(event, detail map[string]any)
	}{
		"another source":              {ready, func(e, _ map[string]any) { e["source"] = "aws.s3" }},
		"no time":                     {ready, func(e, _ map[string]any) { delete(e, "time") }},
		"an unknown member":           {ready, func(_, d map[string]any) { d["url"] = "https://example.com" }},
		"no version":                  {ready, func(_, d map[string]any) { d["versionId"] = "" }},
		"another status":              {ready, func(_, d map[string]any) { d["status"] = "rejected" }},
		"ready for a reason":          {ready, func(_, d map[string]any) { d["reason"] = "polyglot" }},
		"ready though refused":        {ready, func(_, d map[string]any) { d["verdict"] = refused }},
		"ready without a checksum":    {ready, func(_, d map[string]any) { delete(d, "checksumSHA256") }},
		"a receipt that is none":      {ready, func(_, d map[string]any) { d["receipt"] = "signed" }},
		"a time that is none":         {ready, func(_, d map[string]any) { d["at"] = "yesterday" }},
		"an unknown reason":           {rejected, func(_, d map[string]any) { d["reason"] = "ugly" }},
		"rejected for no reason":      {rejected, func(_, d map[string]any) { delete(d, "reason") }},
		"rejected with a receipt":     {rejected, func(_, d map[string]any) { d["receipt"] = "e30.e30.e30" }},
		"rejected though it is clean": {rejected, func(_, d map[string]any) { d["verdict"] = full(file.Clean) }},
	} {
		event := publish(t, tt.of)
		var detail map[string]any
		if err := json.Unmarshal(event["detail"].(json.RawMessage), &detail); err != nil {
			t.Fatal(err)
		}
		event["detail"] = detail
		s, err := Event(root, event["detail-type"].(string))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check(event); err != nil {
			t.Fatalf("%s: it was wrong before: %v", name, err)
		}
		tt.change(event, detail)
		if s.Check(event) == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
}

func TestTheSchemasOfEventsHaveTheMembersAndValuesOfTheCode(t *testing.T) {
	var outcomes []file.Outcome
	for detailType, leftOut := range map[string]string{"File Ready": ".reason", "File Rejected": ".receipt"} {
		d := document(t, paths[detailType])
		fields{root: d, tag: "json", leftOut: []string{leftOut}}.hold(t, "", at(t, d, "properties", "detail").(map[string]any), reflect.TypeFor[eventbus.Detail]())
		if got := texts[file.Reason](t, at(t, d, "$defs", "reason", "enum")); !slices.Equal(got, file.Reasons()) {
			t.Errorf("%s: the reasons are %v, not %v", detailType, got, file.Reasons())
		}
		if got := texts[file.Check](t, at(t, d, "$defs", "verdict", "properties", "checks", "items", "enum")); !slices.Equal(got, file.Checks()) {
			t.Errorf("%s: the checks are %v, not %v", detailType, got, file.Checks())
		}
		outcomes = append(outcomes, texts[file.Outcome](t, at(t, d, "$defs", "verdict", "properties", "outcome", "enum"))...)
		if got := at(t, d, "$defs", "verdict", "properties", "findings", "maxItems"); got != float64(file.MaxFindings) {
			t.Errorf("%s: at most %v findings", detailType, got)
		}
	}
	slices.Sort(outcomes)
	if want := []file.Outcome{file.Clean, file.Flagged, file.Refused, file.Unscanned}; !slices.Equal(outcomes, want) {
		t.Errorf("the outcomes are %v, want %v", outcomes, want)
	}
}

func TestTheSchemasOfEventsDifferOnlyWhereTheEventsDo(t *testing.T) {
	ready, rejected := document(t, paths["File Ready"]), document(t, paths["File Rejected"])
	for _, d := range []map[string]any{ready, rejected} {
		delete(at(t, d, "$defs", "verdict", "properties").(map[string]any), "outcome")
	}
	if !reflect.DeepEqual(ready["$defs"], rejected["$defs"]) {
		t.Error("they describe verdicts differently")
	}
}

func TestTheExamplesOfEventsAreRight(t *testing.T) {
	for _, detailType := range slices.Sorted(maps.Keys(paths)) {
		s, err := Event(root, detailType)
		if err != nil {
			t.Fatal(err)
		}
		examples, _ := document(t, paths[detailType])["examples"].([]any)
		if len(examples) == 0 {
			t.Errorf("%s has no example", detailType)
		}
		for _, e := range examples {
			if err := s.Check(e); err != nil {
				t.Errorf("the example of %s: %v", detailType, err)
			}
		}
	}
	doc, err := os.ReadFile(root + "/docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for block := range strings.SplitSeq(string(doc), "```json\n") {
		text, _, closed := strings.Cut(block, "```")
		var example map[string]any
		if !closed || json.Unmarshal([]byte(text), &example) != nil || example["detail-type"] == nil {
			continue
		}
		detailType, ok := example["detail-type"].(string)
		if !ok {
			continue // a pattern that subscribes to events
		}
		shown++
		s, err := Event(root, detailType)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check(example); err != nil {
			t.Errorf("the example in docs/events.md: %v", err)
		}
	}
	if shown == 0 {
		t.Error("docs/events.md shows no event")
	}
}
