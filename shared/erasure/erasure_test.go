package erasure_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/erasure"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/quota"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// longAgo is when no URL of then is alive any more.
var longAgo = began.Add(-30 * 24 * time.Hour)

// everything adds a file of the owner for every status and method.
func (w *world) everything(t *testing.T, owner string, created time.Time) int {
	t.Helper()
	n := 0
	for _, s := range file.Statuses() {
		for _, m := range []file.Method{file.Put, file.Form, file.Multipart} {
			w.file(t, owner, s, m, created)
			n++
		}
	}
	return n
}

// nothingLeft holds the world to there being nothing of alice but tombstones.
func (w *world) nothingLeft(t *testing.T) {
	t.Helper()
	tombstones := 0
	for _, f := range w.All() {
		if f.Owner == "bob" {
			continue
		}
		tombstones++
		text, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if f.Status != file.Deleted || strings.Contains(string(text), "secret") || strings.Contains(string(text), "alice") || f.Size != 0 || f.ContentType != "" {
			t.Errorf("there is a record %s", text)
		}
		for _, p := range []access.Principal{{Subject: "alice"}, {Subject: "secret friend"}, {}} {
			if s := access.Of(p, f, w.now); s.Relation != access.None {
				t.Errorf("%+v is %s to a tombstone", p, s.Relation)
			}
		}
		if n := w.histories[f.ID]; n != 0 {
			t.Errorf("%d events of file %s are left", n, f.ID)
		}
	}
	for s := range w.stored {
		if strings.HasPrefix(s.Key, file.KeyPrefix+file.Pseudonym("alice")+"/") {
			t.Errorf("%+v is in the bucket", s)
		}
	}
	for id, n := range w.histories {
		if w.owners[id] == "alice" && n != 0 {
			t.Errorf("%d events of file %s are left", n, id)
		}
	}
	if u := w.Usage(quota.Account{Kind: quota.Owner, Subject: "alice"}); !u.Zero() || w.named["alice"] {
		t.Errorf("alice uses %+v, and has a name on the account: %v", u, w.named["alice"])
	}
}

// create reports whether a file of the owner can be created.
func (w *world) create(t *testing.T, owner string) error {
	t.Helper()
	id, err := file.NewID()
	if err != nil {
		t.Fatal(err)
	}
	return w.Create(t.Context(), file.File{ID: id, Owner: owner, Method: file.Put, Size: 1, Status: file.Pending, Key: file.Key(owner, id), Counted: "owner"})
}

func TestAllOfAnOwnerIsErasedAndNothingOfAnybodyElse(t *testing.T) {
	w := newWorld(t)
	n := w.everything(t, "alice", longAgo)
	w.everything(t, "bob", longAgo)
	before, err := json.Marshal(w.bobs())
	if err != nil {
		t.Fatal(err)
	}
	w.put(file.Key("alice", "no-record-leads-here"), "v1")
	for _, id := range []string{"0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e", "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8f"} {
		w.histories[id], w.owners[id] = 1, "alice" // the record is forgotten since long
	}
	w.put(file.KeyPrefix+file.Pseudonym("alice")+"x/not-alices", "v1")
	others := w.others()

	e := w.erase(t, "alice", false)
	if e.Status != erasure.Finished || e.Owner != "" || e.Held != 0 || e.Round != 1 || e.EndedAt.IsZero() {
		t.Errorf("%+v", e)
	}
	if e.Counts.Files != n || e.Counts.Versions != 1 || e.Counts.Events == 0 {
		t.Errorf("of %d files %+v was removed", n, e.Counts)
	}
	w.nothingLeft(t)
	if after, err := json.Marshal(w.bobs()); err != nil || string(after) != string(before) {
		t.Errorf("bob's files were\n%s\nand are\n%s", before, after)
	}
	if after := w.others(); after != others || others == 1 {
		t.Errorf("there were %d and are %d things of others in the bucket", others, after)
	}
	if err := w.create(t, "alice"); err != nil {
		t.Errorf("the account is not open again: %v", err)
	}
	claims, err := erasure.Verify(e.Statement, w.keys(t))
	if err != nil {
		t.Fatal(err)
	}
	s := claims.Vouch
	if claims.Subject != e.ID || !s.Of("alice") || s.Of("bob") || s.Bucket != "vouch" || s.Removed != e.Counts || s.ProvenAt.Before(s.StartedAt.Add(3*pause)) {
		t.Errorf("the statement is %+v", claims)
	}
}

// others counts what is in the bucket that is not alice's.
func (w *world) others() int {
	n := 0
	for s := range w.stored {
		if !strings.HasPrefix(s.Key, file.KeyPrefix+file.Pseudonym("alice")+"/") {
			n++
		}
	}
	return n
}

func (w *world) bobs() any {
	var files []file.File
	for _, f := range w.All() {
		if f.Owner == "bob" {
			files = append(files, f)
		}
	}
	return []any{files, w.named["bob"], w.Usage(quota.Account{Kind: quota.Owner, Subject: "bob"})}
}

func TestAnOwnerWithoutAnyFileIsErasedAtOnce(t *testing.T) {
	w := newWorld(t)
	e := w.erase(t, "alice", false)
	if e.Status != erasure.Finished || e.Counts != (erasure.Counts{}) || e.Statement == "" || w.now.Sub(began) > time.Minute {
		t.Errorf("after %v: %+v", w.now.Sub(began), e)
	}
}

func TestAnAccountStaysClosedAfterwardsIfThatIsAsked(t *testing.T) {
	w := newWorld(t)
	w.everything(t, "alice", longAgo)
	if e := w.erase(t, "alice", true); e.Status != erasure.Finished {
		t.Errorf("%+v", e)
	}
	w.nothingLeft(t)
	if err := w.create(t, "alice"); err == nil {
		t.Error("the account is open")
	}
	if e := w.erase(t, "alice", false); e.Status != erasure.Finished {
		t.Errorf("%+v", e)
	}
	if err := w.create(t, "alice"); err != nil {
		t.Errorf("an erasure without it opens the account: %v", err)
	}
}

// Whatever call fails, before it has taken effect or after, the step is tried again,
// and the erasure comes to the same end.
func TestAStepThatFailsAnywhereGoesOnWhereItStopped(t *testing.T) {
	for _, late := range []bool{false, true} {
		for n := 1; ; n++ {
			w := newWorld(t)
			w.late = late
			w.file(t, "alice", file.Ready, file.Put, longAgo)
			w.file(t, "alice", file.Pending, file.Multipart, longAgo)
			w.file(t, "alice", file.Deleted, file.Form, longAgo)
			w.put(file.Key("alice", "no-record-leads-here"), "v1")
			e, err := w.starter().Start(t.Context(), "alice", false)
			if err != nil {
				t.Fatal(err)
			}
			w.calls, w.failAt = 0, n
			w.run(t)
			if got := w.erasures[e.ID]; got.Status != erasure.Finished || got.Owner != "" || got.Counts.Files > 3 {
				t.Fatalf("call %d fails (late: %v): %+v", n, late, got)
			}
			w.nothingLeft(t)
			if err := w.create(t, "alice"); err != nil {
				t.Errorf("call %d fails: the account is not open again: %v", n, err)
			}
			if w.calls < n {
				if n < 40 {
					t.Errorf("an erasure makes %d calls only", n)
				}
				break
			}
		}
	}
}

// From its opening on the account is the owner's again: what they send then is not
// erased, whatever fails.
func TestWhatIsSentAfterTheOpeningStays(t *testing.T) {
	w := newWorld(t)
	w.everything(t, "alice", longAgo)
	e, err := w.starter().Start(t.Context(), "alice", false)
	if err != nil {
		t.Fatal(err)
	}
	task := erasure.Task{Erasure: e.ID}
	prove := w.prover()
	opens := 0
	prove.Accounts = opened{accounts{w}, func() {
		if opens++; opens > 1 {
			return
		}
		if err := w.create(t, "alice"); err != nil {
			t.Error(err)
		}
		w.failAt = w.calls + 1 // the end is not written down
	}}
	for at := (erasure.Step{Task: task, Next: erasure.Prove}); at.Next != erasure.Done; {
		run := prove.Look
		if at.Next == erasure.Erase {
			run = w.eraser().Page
		}
		at = w.step(t, run, at.Task)
	}
	left := 0
	for _, f := range w.All() {
		if f.Owner == "alice" && f.Status == file.Pending {
			left++
		}
	}
	if got := w.erasures[e.ID]; got.Status != erasure.Finished || left != 1 || opens != 2 {
		t.Errorf("%d new files are left after %d openings, and the erasure is %+v", left, opens, got)
	}
}

func TestBytesThatAURLOfBeforeBringsAreRemoved(t *testing.T) {
	for _, m := range []file.Method{file.Put, file.Form, file.Multipart} {
		w := newWorld(t)
		f := w.file(t, "alice", file.Pending, m, began)
		waits := 0
		w.onWait = func(w *world) {
			if w.now.Before(began.Add(w.policy.UploadLife + w.policy.ArrivalGrace)) {
				w.put(f.Key, fmt.Sprint("late", waits))
				waits++
			}
		}
		e := w.erase(t, "alice", false)
		w.nothingLeft(t)
		quiet := began.Add(w.policy.UploadLife + w.policy.ArrivalGrace)
		if e.Status != erasure.Finished || waits == 0 || e.EndedAt.Before(quiet) || e.EndedAt.After(quiet.Add(5*time.Minute)) {
			t.Errorf("%s: after %d uploads that were late, at %v: %+v", m, waits, w.now.Sub(began), e)
		}
	}
}

// An index may show a record late, of a file that was created just before the account
// was closed; it may show one that is gone.
func TestARecordThatTheIndexShowsLateIsFoundByTheSecondLook(t *testing.T) {
	w := newWorld(t)
	w.file(t, "alice", file.Ready, file.Put, longAgo)
	late := w.file(t, "alice", file.Ready, file.Put, longAgo)
	w.hidden[late.ID] = true
	waits := 0
	w.onWait = func(w *world) {
		if waits++; waits == 3 {
			delete(w.hidden, late.ID)
		}
	}
	if e := w.erase(t, "alice", false); e.Status != erasure.Finished || e.Round != 2 || e.Counts.Files != 2 {
		t.Errorf("%+v", e)
	}
	w.nothingLeft(t)
}

func TestAFileThatMovesOnMeanwhileIsErasedAllTheSame(t *testing.T) {
	w := newWorld(t)
	f := w.file(t, "alice", file.Verifying, file.Put, longAgo)
	moved := false
	w.BeforeChange = func(id string, c file.Change) error {
		if c.To == file.Deleted && !moved {
			moved = true
			if _, err := w.Records.Change(t.Context(), id, file.Change{To: file.Ready, At: longAgo}); err != nil {
				t.Error(err)
			}
		}
		return nil
	}
	e := w.erase(t, "alice", false)
	if e.Status != erasure.Finished || e.Counts.Files != 1 || !moved {
		t.Errorf("%+v of %s", e, f.ID)
	}
	w.nothingLeft(t)
}

func TestWhatCannotBeProvedIsNoProof(t *testing.T) {
	w := newWorld(t)
	w.everything(t, "alice", longAgo)
	w.drift = quota.Usage{Bytes: 1}
	e := w.erase(t, "alice", false)
	if e.Status != erasure.Failed || e.Statement != "" || e.Owner != "" || e.Round != erasure.MaxRounds || e.EndedAt.IsZero() {
		t.Errorf("%+v", e)
	}
	if err := w.create(t, "alice"); err == nil {
		t.Error("the account of an erasure that failed is open")
	}
	w.drift = quota.Usage{}
	again := w.erase(t, "alice", false)
	if again.ID == e.ID || again.Status != erasure.Finished {
		t.Errorf("asked again: %+v", again)
	}
	w.nothingLeft(t)
}

func TestOfOneOwnerOneErasureGoesOnAtATime(t *testing.T) {
	w := newWorld(t)
	w.everything(t, "alice", longAgo)
	first, err := w.starter().Start(t.Context(), "alice", false)
	if err != nil {
		t.Fatal(err)
	}
	second, err := w.starter().Start(t.Context(), "alice", true)
	if err != nil || second.ID != first.ID || !second.KeepClosed || len(w.running) != 1 {
		t.Errorf("%+v, %v; %d executions", second, err, len(w.running))
	}
	other, err := w.starter().Start(t.Context(), "bob", false)
	if err != nil || other.ID == first.ID {
		t.Errorf("of another owner: %+v, %v", other, err)
	}
	w.run(t)
	if err := w.create(t, "alice"); err == nil {
		t.Error("that the account is to stay closed counts for nothing when it is asked second")
	}
	third, err := w.starter().Start(t.Context(), "alice", false)
	if err != nil || third.ID == first.ID {
		t.Errorf("after its end: %+v, %v", third, err)
	}
}

func TestAnErasureThatWasStoppedGoesOnWhenItIsAskedForAgain(t *testing.T) {
	w := newWorld(t)
	w.everything(t, "alice", longAgo)
	e, err := w.starter().Start(t.Context(), "alice", false)
	if err != nil {
		t.Fatal(err)
	}
	for name := range w.running {
		w.ended[name] = true
	}
	again, err := w.starter().Start(t.Context(), "alice", false)
	if err != nil || again.ID != e.ID || len(w.running) != 2 {
		t.Fatalf("%+v, %v; %v", again, err, w.running)
	}
	w.run(t)
	if got := w.erasures[e.ID]; got.Status != erasure.Finished || got.Part != 1 {
		t.Errorf("%+v", got)
	}
	w.nothingLeft(t)
}

// No execution is handed more steps than its history has room for, and the next one
// begins where it stopped, also if that is tried twice.
func TestAnErasureOfAnySizeStaysWithinTheHistoryOfAnExecution(t *testing.T) {
	const perStep, most = 9 + 3*retries, 25_000
	if erasure.PagesPerExecution*perStep > most {
		t.Errorf("%d steps make %d events", erasure.PagesPerExecution, erasure.PagesPerExecution*perStep)
	}
	w := newWorld(t)
	w.everything(t, "alice", longAgo)
	e, err := w.starter().Start(t.Context(), "alice", false)
	if err != nil {
		t.Fatal(err)
	}
	task := erasure.Task{Erasure: e.ID}
	if at := w.step(t, w.prover().Look, task); at.Next != erasure.Erase {
		t.Fatalf("%+v", at)
	}
	full := w.erasures[e.ID]
	full.Pages = erasure.PagesPerExecution
	w.erasures[e.ID] = full
	w.failAt = w.calls + 3 // the execution is not started
	for range 2 {
		if at := w.step(t, w.eraser().Page, task); at.Next != erasure.Done {
			t.Fatalf("%+v", at)
		}
	}
	if at := w.step(t, w.prover().Look, task); at.Next != erasure.Done {
		t.Errorf("the execution that has handed over goes on: %+v", at)
	}
	if at := w.step(t, erasure.Failer{Ledger: w.starter().Ledger, Now: w.clock}.Fail, task); at.Next != erasure.Done || w.erasures[e.ID].Status != erasure.Erasing {
		t.Errorf("the execution that has handed over fails what goes on in another: %+v", at)
	}
	next, ok := w.running[e.ID+"-part1"]
	if !ok || next != (erasure.Task{Erasure: e.ID, Part: 1}) || len(w.running) != 2 {
		t.Fatalf("%v", w.running)
	}
	w.ended[e.ID+"-part0"] = true
	w.run(t)
	if got := w.erasures[e.ID]; got.Status != erasure.Finished || got.Part != 1 || got.Pages == 0 {
		t.Errorf("%+v", got)
	}
	w.nothingLeft(t)
}

func TestManyFilesAreErasedPageByPage(t *testing.T) {
	w := newWorld(t)
	const n = 2*erasure.PageSize + 1
	for range n {
		w.file(t, "alice", file.Ready, file.Put, longAgo)
	}
	if e := w.erase(t, "alice", false); e.Status != erasure.Finished || e.Counts.Files != n || e.Pages < 6 {
		t.Errorf("%+v", e)
	}
	w.nothingLeft(t)
}

// What the workflow is handed, and answers, is in its history and its logs.
func TestNeitherTheWorkflowNorALogIsToldTheOwner(t *testing.T) {
	var logs bytes.Buffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewJSONHandler(&logs, nil)))
	w := newWorld(t)
	w.drift = quota.Usage{Files: 1} // to have something to say
	w.everything(t, "alice", longAgo)
	e := w.erase(t, "alice", false)
	for name, in := range w.running {
		text, err := json.Marshal(erasure.Step{Task: in, Next: erasure.Done})
		if err != nil || strings.Contains(string(text)+name, "alice") {
			t.Errorf("%s %s, %v", name, text, err)
		}
	}
	if text, err := json.Marshal(e); err != nil || strings.Contains(string(text), "alice") {
		t.Errorf("%s, %v", text, err)
	}
	if logs.Len() == 0 || strings.Contains(logs.String(), "alice") {
		t.Errorf("the log is %s", logs.String())
	}
}

// hold puts a file on hold, or takes the hold off.
func (w *world) hold(t *testing.T, id string, h *file.Hold) {
	t.Helper()
	f, err := w.Records.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Hold(t.Context(), f, file.Holding{Hold: h, Revision: f.Revision, At: w.now}); err != nil {
		t.Fatal(err)
	}
}

func TestAFileOnHoldIsLeftAsItIsAndReported(t *testing.T) {
	w := newWorld(t)
	n := w.everything(t, "alice", longAgo)
	var held []file.File
	for _, s := range []file.Status{file.Ready, file.Rejected, file.Verifying} {
		f := w.file(t, "alice", s, file.Multipart, longAgo)
		w.hold(t, f.ID, &file.Hold{Reason: "a lawsuit", By: "operator", At: longAgo})
		f, err := w.Records.Get(t.Context(), f.ID)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, f)
	}
	e := w.erase(t, "alice", false)
	if e.Status != erasure.Held || e.Held != len(held) || e.Statement != "" || e.Counts.Files != n || e.Owner != "" || e.Round != 1 {
		t.Errorf("%+v", e)
	}
	for _, f := range held {
		if got, err := w.Records.Get(t.Context(), f.ID); err != nil || !reflect.DeepEqual(got, f) || w.histories[f.ID] == 0 || !w.stored[erasure.Stored{Key: f.Key, VersionID: "v1"}] {
			t.Errorf("a file on hold is %+v, %v, with %d events", got, err, w.histories[f.ID])
		}
		w.hold(t, f.ID, nil)
	}
	if err := w.create(t, "alice"); err != nil || !w.named["alice"] {
		t.Errorf("the account is not as it was: %v", err)
	}
	again := w.erase(t, "alice", false)
	if again.Status != erasure.Finished || again.Counts.Files != len(held)+1 || again.Statement == "" {
		t.Errorf("when the holds are released: %+v", again)
	}
	w.nothingLeft(t)
}

func TestAHoldThatComesMeanwhileIsHeeded(t *testing.T) {
	w := newWorld(t)
	f := w.file(t, "alice", file.Ready, file.Put, longAgo)
	w.BeforeChange = func(id string, c file.Change) error {
		if c.To == file.Deleted {
			w.BeforeChange = nil
			w.hold(t, id, &file.Hold{Reason: "a lawsuit", At: longAgo})
		}
		return nil
	}
	if e := w.erase(t, "alice", false); e.Status != erasure.Held || e.Held != 1 || !w.stored[erasure.Stored{Key: f.Key, VersionID: "v1"}] {
		t.Errorf("%+v", e)
	}
}
