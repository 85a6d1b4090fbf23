package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/audit/audittest"
	"github.com/vouch-s3/vouch/shared/clamd"
	"github.com/vouch-s3/vouch/shared/eventbus"
	domain "github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/verify"
)

// A file that nobody knew anything bad of when it was uploaded is taken back
// once the scanner does, whatever was handed out before, and no other is.
func TestARescanRevokesWhatIsKnownBadToday(t *testing.T) {
	alice := as(t, "alice")
	marker := []byte("vouch-rescan-" + hex.EncodeToString(random(t, 16)))
	bad := alice.ready(t, "bad.bin", append(random(t, 1000), marker...))
	good := alice.ready(t, "good.bin", random(t, 1000))
	url := alice.link(t, bad.ID)
	if status, _, _ := fetch(t, url); status != http.StatusOK {
		t.Fatalf("the URL before: %d", status)
	}
	before := record(t, good.ID)

	teach(t, marker)
	if r := alice.call(t, "POST", "/admin/rescan", ""); r.status != http.StatusForbidden {
		t.Errorf("an ordinary token: %d %s", r.status, r.body)
	}
	run := rescan(t, "")
	deadline := time.Now().Add(time.Minute)
	for alice.get(t, bad.ID).Status == "ready" && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
	}
	if got := alice.await(t, bad.ID, "rejected"); got.Reason != "malware-detected" {
		t.Errorf("the reason is %s", got.Reason)
	}
	r := alice.call(t, "POST", "/files/"+bad.ID+"/download", "")
	var p problem
	if r.into(t, &p); r.status != http.StatusConflict || p.FileStatus != "rejected" {
		t.Errorf("a download of the revoked file: %d %s", r.status, r.body)
	}
	awaitRun(t, run.ID)
	if status, _, _ := fetch(t, url); status != http.StatusForbidden {
		t.Errorf("the URL that was presigned before: %d", status)
	}
	revoked := record(t, bad.ID)
	if v := revoked.Verdict; v == nil || v.Outcome != "rejected" || revoked.Receipt != "" || !revoked.SweepAt.IsZero() {
		t.Errorf("the record of the revoked file is %+v with the verdict %+v", revoked, v)
	}
	events := eventsOf(t, bad.ID)
	if len(events) != 2 || events[0].Status != "ready" || events[1].Status != "rejected" || events[1].Reason != "malware-detected" || events[1].Revision != revoked.Revision {
		t.Errorf("the events are %+v, the revision %d", events, revoked.Revision)
	}

	after := record(t, good.ID)
	if after.Status != "ready" || !after.Verdict.CheckedAt.After(before.Verdict.CheckedAt) || after.Revision != before.Revision+1 {
		t.Errorf("the other file was %+v and is %+v", before, after)
	}
	if status, _, body := fetch(t, alice.link(t, good.ID)); status != http.StatusOK || checksum(body) != good.ChecksumSHA256 {
		t.Errorf("the other file: %d", status)
	}
	if events := eventsOf(t, good.ID); len(events) != 1 {
		t.Errorf("the events of the other file are %+v", events)
	}
	// A run for the same time finds nothing left to do. That the first one has
	// ended is known within moments only.
	again := rescan(t, fmt.Sprintf(`{"before":%q}`, run.Before))
	for again.ID == run.ID && time.Now().Before(deadline) {
		time.Sleep(100 * time.Millisecond)
		again = rescan(t, fmt.Sprintf(`{"before":%q}`, run.Before))
	}
	if again.ID != run.ID+"-1" || again.Before != run.Before {
		t.Errorf("after the run %+v there is %+v", run, again)
	}
	awaitRun(t, again.ID)
	if last := record(t, good.ID); last.Revision != after.Revision {
		t.Errorf("the other file was verified again: %+v", last)
	}
}

func TestARescanIsRefusedWhatItCannotDo(t *testing.T) {
	admin := administrator(t)
	for body, field := range map[string]string{
		`{"before":"yesterday"}`:            "before",
		`{"before":"2999-01-01T00:00:00Z"}`: "before",
		`{"before":null}`:                   "before",
		`{"after":"x"}`:                     "after",
		`[]`:                                "",
	} {
		r := admin.call(t, "POST", "/admin/rescan", body)
		var p problem
		if r.into(t, &p); r.status != http.StatusBadRequest || p.Field != field || p.Accepted == "" {
			t.Errorf("%s: %d %s", body, r.status, r.body)
		}
	}
	if r := admin.call(t, "GET", "/files", ""); r.status != http.StatusForbidden {
		t.Errorf("the administrator's token lists files: %d", r.status)
	}
}

// The store itself holds renewals to their terms, whoever writes.
func TestTheStoreRenewsOnlyTheVerdictsOfReadyFiles(t *testing.T) {
	old := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, s := range domain.Statuses() {
		f := storeFile(t, s, old)
		renewal := domain.Renewal{VersionID: "v1", Verdict: domain.Verdict{Outcome: domain.Flagged, CheckedAt: old.Add(time.Hour)}, Receipt: "new", At: old.Add(time.Hour)}
		for name, change := range map[string]func(*domain.Renewal){
			"another version":     func(r *domain.Renewal) { r.VersionID = "v2" },
			"a verdict as old":    func(r *domain.Renewal) { r.Verdict.CheckedAt = old },
			"a verdict of before": func(r *domain.Renewal) { r.Verdict.CheckedAt = old.Add(-time.Hour) },
		} {
			bad := renewal
			change(&bad)
			if _, err := records().Renew(t.Context(), f.ID, bad); err == nil {
				t.Errorf("%s: %s was taken", s, name)
			} else if current, conflict := domain.Conflict(err); !conflict || current.Revision != 1 {
				t.Errorf("%s: %s: %v", s, name, err)
			}
		}
		got, err := records().Renew(t.Context(), f.ID, renewal)
		if _, conflict := domain.Conflict(err); s != domain.Ready && !conflict {
			t.Errorf("a %s record was renewed: %+v, %v", s, got, err)
		}
		if s == domain.Ready && (err != nil || got.Status != s || got.Receipt != "new" || got.Verdict.Outcome != domain.Flagged || got.Revision != 2) {
			t.Errorf("%+v, %v", got, err)
		}
		if s == domain.Ready { // and what is not ready any more has no receipt
			if got, err = records().Change(audittest.As(t, "e2e"), f.ID, domain.Change{To: domain.Rejected, At: old, SweepAt: old}); err != nil || got.Receipt != "" {
				t.Errorf("%+v, %v", got, err)
			}
			if err := records().Settle(t.Context(), got); err != nil {
				t.Error(err)
			}
			if settled := record(t, f.ID); !settled.SweepAt.IsZero() || settled.Revision != got.Revision {
				t.Errorf("%+v was settled as %+v", got, settled)
			}
		}
	}
	if _, err := records().Renew(t.Context(), "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e", domain.Renewal{VersionID: "v1"}); domain.CodeOf(err) != domain.CodeNotFound {
		t.Errorf("a renewal of no record: %v", err)
	}
}

// Files that leave the list while it is read, because they were renewed or
// revoked, hide none of the others.
func TestTheFilesOfARescanAreListedOnceEach(t *testing.T) {
	old := time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)
	want := map[string]bool{}
	for i := range 50 {
		f := storeFile(t, domain.Ready, old.Add(time.Duration(i/10)*time.Second)) // ten of each age
		want[f.ID] = true
	}
	storeFile(t, domain.Ready, old.Add(time.Hour))
	storeFile(t, domain.Verifying, old)
	cursor, pages := "", 0
	for {
		jobs, next, err := records().Unchecked(t.Context(), old.Add(time.Hour), cursor, 7)
		if err != nil || len(jobs) > 7 {
			t.Fatalf("%d jobs, %v", len(jobs), err)
		}
		pages++
		for i, j := range jobs {
			if !want[j.FileID] || j != verify.JobFor(record(t, j.FileID)) {
				t.Errorf("%+v is not listed for the first time, or not as it is", j)
			}
			delete(want, j.FileID)
			if i%3 != 0 { // the others keep the age of their verdict
				v := domain.Verdict{Outcome: domain.Clean, CheckedAt: time.Now()}
				if _, err := records().Renew(t.Context(), j.FileID, domain.Renewal{VersionID: "v1", Verdict: v, At: time.Now()}); err != nil {
					t.Error(err)
				}
			}
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if len(want) != 0 || pages < 8 {
		t.Errorf("%d files were not listed in %d pages", len(want), pages)
	}
}

// storeFile is a record with a verdict of that time, without an object, until
// the test ends.
func storeFile(t *testing.T, s domain.Status, checkedAt time.Time) domain.File {
	t.Helper()
	id, err := domain.NewID()
	if err != nil {
		t.Fatal(err)
	}
	f := domain.File{
		ID: id, Owner: "store-test", Filename: "a", ContentType: "text/plain", Size: 1, Status: s, Key: domain.Key("store-test", id),
		VersionID: "v1", ETag: "e", CreatedAt: checkedAt, UpdatedAt: checkedAt, UploadExpiresAt: checkedAt, Revision: 1,
		Verdict: &domain.Verdict{Outcome: domain.Clean, CheckedAt: checkedAt},
	}
	if s == domain.Rejected {
		f.Reason = domain.VerificationFailed // as every event of a rejection says one
	}
	if err := records().Create(audittest.As(t, "e2e"), f); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := records().Change(audit.With(context.Background(), audit.Actor{Subject: "e2e"}), id, domain.Change{To: domain.Deleted, At: time.Now()})
		if _, conflict := domain.Conflict(err); err != nil && !conflict {
			t.Error(err)
		}
	})
	return f
}

func administrator(t *testing.T) user {
	t.Helper()
	token, err := local.AdminToken("operator", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return user{"operator", token, local.APIURL()}
}

type scanRun struct{ ID, Before, StartedAt string }

// rescan starts a run.
func rescan(t *testing.T, body string) scanRun {
	t.Helper()
	r := administrator(t).call(t, "POST", "/admin/rescan", body)
	if r.status != http.StatusAccepted {
		t.Fatalf("POST /admin/rescan: %d %s", r.status, r.body)
	}
	var started scanRun
	r.into(t, &started)
	return started
}

// awaitRun waits until a run has ended, and fails if it did not end well.
func awaitRun(t *testing.T, id string) {
	t.Helper()
	arn := strings.Replace(local.Template.Outputs["RescanStateMachineArn"], ":stateMachine:", ":execution:", 1) + ":" + id
	deadline := time.Now().Add(time.Minute)
	for {
		out, err := sfn.NewFromConfig(local.Admin()).DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
		if err != nil {
			t.Fatal(err)
		}
		if out.Status == types.ExecutionStatusSucceeded {
			return
		}
		if out.Status != types.ExecutionStatusRunning || time.Now().After(deadline) {
			t.Fatalf("run %s is %s: %s %s", id, out.Status, aws.ToString(out.Error), aws.ToString(out.Cause))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// teach gives the scanner a signature for marker, until the test ends.
func teach(t *testing.T, marker []byte) {
	t.Helper()
	path := filepath.Join(dir, "stack", "clamd", "database", "rescan.ndb")
	if err := os.WriteFile(path, []byte("Vouch.Rescan.Test:0:*:"+hex.EncodeToString(marker)+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
		reload(t, marker, false)
	})
	reload(t, marker, true)
}

// reload makes the scanner read its database again (RELOAD, clamd(8)), which it
// does while it goes on scanning with the old one.
func reload(t *testing.T, marker []byte, known bool) {
	t.Helper()
	conn, err := net.Dial("tcp", local.ClamdAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("zRELOAD\x00")); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		scan, err := clamd.Client{Addr: local.ClamdAddr()}.Scan(context.Background(), bytes.NewReader(marker))
		if err == nil && scan.Infected == known {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the scanner has not reloaded: %+v, %v", scan, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

type event struct {
	FileID, Status, Reason string
	Revision               int64
}

// eventsOf reads what was published of a file.
func eventsOf(t *testing.T, id string) []event {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "stack", "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var events []event
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var line struct {
			Source     string
			DetailType string `json:"detail-type"`
			Detail     event
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if line.Source == "vouch" && line.DetailType != eventbus.AuditType && line.Detail.FileID == id {
			events = append(events, line.Detail)
		}
	}
	return events
}
