package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vouch-s3/vouch/client"
	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/eventbus"
)

// An entry is an event of a history in the API's answer.
type entry struct {
	ID, Actor, RequestID, Action, Outcome, VersionID, Status, Reason, Call, Subject, Type, Level string
	At, ExpiresAt                                                                                time.Time
	URLs                                                                                         int
}

// short writes what an entry tells of.
func (e entry) short() string {
	text := e.Actor + " " + e.Action
	for _, more := range []string{e.Status, e.Reason, e.Call, e.Subject, e.Level} {
		if more != "" {
			text += " " + more
		}
	}
	return text
}

// history reads the whole history of a file, oldest first, so many at a time.
func (u user) history(t *testing.T, id, outcome string, limit int) (all []entry) {
	t.Helper()
	for cursor := ""; ; {
		path := fmt.Sprintf("/files/%s/history?outcome=%s&limit=%d", id, outcome, limit)
		if cursor != "" {
			path += "&cursor=" + cursor
		}
		r := u.call(t, "GET", path, "")
		if r.status != http.StatusOK {
			t.Fatalf("GET %s: %d %s", path, r.status, r.body)
		}
		var page struct {
			Events     []entry
			NextCursor string
		}
		r.into(t, &page)
		if len(page.Events) > limit {
			t.Fatalf("a page of %d has %d events", limit, len(page.Events))
		}
		all = append(all, page.Events...)
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	slices.Reverse(all)
	return all
}

func shorts(entries []entry) (all []string) {
	for _, e := range entries {
		all = append(all, e.short())
	}
	return all
}

// told reads the events of the trail of a file that were published, in the order of
// the trail, and how often each was.
func told(t *testing.T, dir, id string) (events []eventbus.AuditDetail, times map[string]int) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	times = map[string]int{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e struct {
			DetailType string `json:"detail-type"`
			Detail     eventbus.AuditDetail
		}
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.DetailType != eventbus.AuditType || e.Detail.FileID != id {
			continue // among them a line that a kill has cut off
		}
		if times[e.Detail.EventID]++; times[e.Detail.EventID] == 1 {
			events = append(events, e.Detail)
		}
	}
	slices.SortFunc(events, func(a, b eventbus.AuditDetail) int { return strings.Compare(a.EventID, b.EventID) })
	return events, times
}

// awaitTold waits until so many events of a file were published.
func awaitTold(t *testing.T, dir, id string, n int) (events []eventbus.AuditDetail, times map[string]int) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if events, times = told(t, dir, id); len(events) >= n {
			return events, times
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d events of %d were published", len(events), n)
		}
	}
}

func TestTheWholeLifeOfAFileIsInItsHistoryAndOnTheBus(t *testing.T) {
	alice, bob, mallory := as(t, "alice"), as(t, "bob"), as(t, "mallory")
	data := random(t, 1000)
	f := alice.ready(t, "a-secret-name.bin", data)
	alice.share(t, f.ID, "bob", "read")
	if status, _, body := fetch(t, bob.link(t, f.ID)); status != http.StatusOK || !bytes.Equal(body, data) {
		t.Fatalf("the download: %d", status)
	}
	for who, want := range map[user]int{bob: http.StatusForbidden, mallory: http.StatusNotFound} {
		if r := who.call(t, "DELETE", "/files/"+f.ID, ""); r.status != want {
			t.Fatalf("%s deletes: %d %s", who.name, r.status, r.body)
		}
	}
	if r := alice.call(t, "DELETE", "/files/"+f.ID+"/grants/bob", ""); r.status != http.StatusNoContent {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if r := bob.call(t, "POST", "/files/"+f.ID+"/download", ""); r.status != http.StatusNotFound {
		t.Fatalf("the download of what is not shared any more: %d %s", r.status, r.body)
	}
	for range 2 { // the second time it is done already
		if r := alice.call(t, "DELETE", "/files/"+f.ID, ""); r.status != http.StatusNoContent {
			t.Fatalf("%d %s", r.status, r.body)
		}
	}

	done := []string{
		"alice status-changed pending", "alice upload-presigned", ":vouch/start-verification status-changed uploaded",
		":vouch/validate-object status-changed verifying", ":vouch/mark-ready status-changed ready", "alice grant-put bob read",
		"bob download-presigned", "alice grant-removed bob", "alice status-changed deleted",
	}
	for _, limit := range []int{1, 4, 100} {
		if got := shorts(alice.history(t, f.ID, "done", limit)); !slices.Equal(got, done) {
			t.Errorf("%d at a time:\n%s\nwant\n%s", limit, strings.Join(got, "\n"), strings.Join(done, "\n"))
		}
	}
	denied := shorts(alice.history(t, f.ID, "denied", 2))
	slices.Sort(denied[:2]) // in the order of a map
	if want := []string{"bob access-denied forbidden delete", "mallory access-denied not-found delete", "bob access-denied not-found download"}; !slices.Equal(denied, want) {
		t.Errorf("%v was denied", denied)
	}
	entries := alice.history(t, f.ID, "done", 100)
	for i, e := range entries {
		if e.RequestID == "" || e.Outcome != "done" || e.At.IsZero() || i > 1 && e.VersionID == "" || strings.HasSuffix(e.Action, "presigned") && (e.URLs != 1 || !e.ExpiresAt.After(e.At)) {
			t.Errorf("%+v", e)
		}
	}
	// The answer to a call names its request.
	if r := alice.call(t, "GET", "/files/"+f.ID+"/history", ""); r.header.Get("Apigw-Requestid") == "" && entries[0].RequestID == entries[5].RequestID {
		t.Error("two calls have one id")
	}

	events, times := awaitTold(t, filepath.Join(dir, "stack"), f.ID, len(done)+3)
	var gotDone, gotDenied []string
	for _, e := range events {
		text := entry{Actor: e.Actor.Subject, Action: string(e.Action), Status: string(e.Status), Reason: e.Reason, Call: e.Call, Level: string(e.Level)}
		if e.Grantee != nil {
			text.Subject = e.Grantee.Name
		}
		if e.Outcome == audit.Denied {
			gotDenied = append(gotDenied, text.short())
		} else {
			gotDone = append(gotDone, text.short())
		}
		if (e.Owner == "alice") != (e.Outcome == audit.Done) || times[e.EventID] != 1 {
			t.Errorf("published %d times: %+v", times[e.EventID], e)
		}
	}
	if !slices.Equal(gotDone, done) || len(gotDenied) != 3 {
		t.Errorf("a subscriber has seen\n%s\nand\n%s", strings.Join(gotDone, "\n"), strings.Join(gotDenied, "\n"))
	}
	if ids := alice.history(t, f.ID, "done", 100); ids[0].ID != events[0].EventID {
		t.Errorf("the history begins with %s, and the bus with %s", ids[0].ID, events[0].EventID)
	}
}

func TestOnlyTheOwnerReadsAHistoryAndWhoeverTriesIsInIt(t *testing.T) {
	alice := as(t, "alice")
	f := alice.ready(t, "a.bin", random(t, 1000))
	alice.share(t, f.ID, "carol", "manage")
	for who, want := range map[string]int{"carol": http.StatusForbidden, "mallory": http.StatusNotFound} {
		if r := as(t, who).call(t, "GET", "/files/"+f.ID+"/history", ""); r.status != want {
			t.Errorf("%s: %d %s", who, r.status, r.body)
		}
	}
	if got := shorts(alice.history(t, f.ID, "denied", 9)); len(got) != 2 || !strings.Contains(strings.Join(got, ","), "carol access-denied forbidden history") {
		t.Errorf("%v", got)
	}
	for _, query := range []string{"outcome=all", "limit=0", "limit=101", "cursor=x", "cursor=../" + f.ID, "after=1"} {
		if r := alice.call(t, "GET", "/files/"+f.ID+"/history?"+query, ""); r.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", query, r.status, r.body)
		}
	}
	// A cursor of another file shows nothing of it.
	other := alice.ready(t, "b.bin", random(t, 1000))
	last := alice.history(t, other.ID, "done", 100)[4].ID
	r := alice.call(t, "GET", "/files/"+f.ID+"/history?cursor="+last, "")
	var page struct{ Events []entry }
	if r.into(t, &page); r.status != http.StatusOK || slices.ContainsFunc(page.Events, func(e entry) bool { return e.ID > last }) {
		t.Errorf("%d %s", r.status, r.body)
	}
}

// A stranger who knows the id can make denials as fast as the API takes them. They
// hide nothing of what was done, and end sooner.
func TestAFloodOfDenialsHidesNothing(t *testing.T) {
	alice, mallory := as(t, "alice"), as(t, "mallory")
	f := alice.ready(t, "a.bin", random(t, 1000))
	before := alice.history(t, f.ID, "done", 100)
	for range 40 {
		mallory.call(t, "GET", "/files/"+f.ID, "")
	}
	if got := alice.history(t, f.ID, "done", 100); !slices.Equal(shorts(got), shorts(before)) {
		t.Errorf("%v", shorts(got))
	}
	if got := alice.history(t, f.ID, "denied", 7); len(got) != 40 {
		t.Errorf("%d denials", len(got))
	}
	if audit.DenialKeptFor >= audit.KeptFor {
		t.Error("denials are kept for as long as what was done")
	}
}

// What is missing, and what is somebody else's, leave the same trail.
func TestADenialOfAFileThatIsNotThereIsKeptAsThatOfAnothers(t *testing.T) {
	alice, mallory := as(t, "alice"), as(t, "mallory")
	f := alice.ready(t, "a.bin", random(t, 1000))
	const missing = "0195f3a2-7c1e-7b4a-9d5e-000000000000"
	read := func(id string) (kept []audit.Event) {
		events, _, err := dynamo.NewHistory(dynamodb.NewFromConfig(local.Admin()), historyTable).List(t.Context(), audit.Query{FileID: id, Outcome: audit.Denied, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			e.ID, e.At, e.FileID, e.Actor.RequestID = "", time.Time{}, "", ""
			kept = append(kept, e)
		}
		return kept
	}
	begun := len(read(missing))
	for _, id := range []string{f.ID, missing, "x", strings.ToUpper(f.ID)} {
		if r := mallory.call(t, "GET", "/files/"+id, ""); r.status != http.StatusNotFound {
			t.Fatalf("%s: %d %s", id, r.status, r.body)
		}
	}
	of, none := read(f.ID), read(missing)
	if len(of) != 1 || len(none) != begun+1 || of[0] != none[0] {
		t.Errorf("%+v and %+v", of, none)
	}
	items, err := dynamodb.NewFromConfig(local.Admin()).Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(historyTable)})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range items.Items {
		if e, err := dynamo.DecodeEvent(item); err != nil || e.FileID == "x" {
			t.Errorf("%+v, %v", e, err)
		}
	}
}

// Nothing that opens a door, and nothing that the uploader calls theirs, is in the
// trail, on the bus as an Audit Event, or in its lines of the log.
func TestTheTrailHoldsNoURLNoTokenAndNoFilename(t *testing.T) {
	alice := as(t, "alice")
	f := alice.ready(t, "a-telling-filename.bin", random(t, 1000))
	link := alice.link(t, f.ID)
	created := alice.ask(t, "another-telling-filename.bin", []byte("x"), false)
	secrets := map[string]string{
		"a filename": "telling-filename", "a URL": "http", "a signature": "X-Amz-", "a token": alice.token, "a checksum": f.ChecksumSHA256,
		"the download's query": link[strings.Index(link, "?"):], "the upload's query": created.Upload.URL[strings.Index(created.Upload.URL, "?"):],
	}
	awaitTold(t, filepath.Join(dir, "stack"), f.ID, 6)
	var told, logged, kept bytes.Buffer
	for name, to := range map[string]*bytes.Buffer{"events.jsonl": &told, "functions.log": &logged} {
		data, err := os.ReadFile(filepath.Join(dir, "stack", name))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if (strings.Contains(line, `"Audit Event"`) || strings.Contains(line, `"msg":"audit"`)) && (strings.Contains(line, f.ID) || strings.Contains(line, created.ID)) {
				to.WriteString(line)
			}
		}
	}
	pages := dynamodb.NewScanPaginator(dynamodb.NewFromConfig(local.Admin()), &dynamodb.ScanInput{TableName: aws.String(historyTable)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			if e, err := dynamo.DecodeEvent(item); err != nil || e.FileID != f.ID && e.FileID != created.ID {
				continue // of other tests, in which people are called what they like
			}
			for name, v := range item {
				fmt.Fprintf(&kept, "%s %+v\n", name, v)
			}
		}
	}
	for where, text := range map[string]string{"the bus": told.String(), "the log": logged.String(), "the table": kept.String()} {
		if strings.Count(text, "\n") < 6 {
			t.Errorf("%s says next to nothing: %s", where, text)
		}
		for what, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %s", where, what)
			}
		}
	}
}

// The SDK walks the pages, and ends with the error there is.
func TestTheSDKReadsAHistory(t *testing.T) {
	alice := as(t, "alice")
	f := alice.ready(t, "a.bin", random(t, 1000))
	var got []string
	for e, err := range alice.sdk(t).History(t.Context(), f.ID, client.HistoryOptions{PageSize: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(e.Status))
	}
	if want := []string{"ready", "verifying", "uploaded", "", "pending"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	for e, err := range as(t, "mallory").sdk(t).History(t.Context(), f.ID, client.HistoryOptions{}) {
		if err == nil {
			t.Errorf("a stranger sees %+v", e)
		}
	}
}

// Functions and the whole stack are killed while files live: each event is there
// once in the history, and was published at least once.
func TestAKilledStackTellsOfEachEventOnce(t *testing.T) {
	p := newProcess(t, "history")
	p.start(t)
	alice := p.as(t, "alice")
	var ids []string
	for round := range 3 {
		for i := range 5 {
			data := random(t, 1000)
			f := alice.ask(t, fmt.Sprintf("%d-%d.bin", round, i), data, true)
			ids = append(ids, f.ID)
			if status, code := put(t, f, data); status != http.StatusOK {
				t.Fatalf("PUT: %d %s", status, code)
			}
			if i == 2 {
				alice.call(t, "DELETE", "/files/"+f.ID, "")
			}
		}
		p.kill(t) // in the middle of what all of them have begun
		p.start(t)
	}
	for i, id := range ids {
		want := "ready"
		if i%5 == 2 {
			want = "deleted"
		} else if r := alice.call(t, "POST", "/files/"+id+"/complete", ""); r.status != http.StatusAccepted { // S3's event may have died with the stack
			t.Fatalf("complete: %d %s", r.status, r.body)
		}
		alice.await(t, id, want)
	}
	for _, id := range ids {
		var last string
		events := alice.history(t, id, "done", 100)
		for _, e := range events {
			if e.Action == "status-changed" {
				if e.Status == last || e.Status == "pending" && last != "" {
					t.Errorf("file %s: %v", id, shorts(events))
				}
				last = e.Status
			}
		}
		if now := alice.get(t, id).Status; last != now {
			t.Errorf("file %s is %s: %v", id, now, shorts(events))
		}
		published, _ := awaitTold(t, p.dir, id, len(events))
		if len(published) != len(events) {
			t.Errorf("file %s: %d events in its history, %d on the bus", id, len(events), len(published))
		}
	}
}
