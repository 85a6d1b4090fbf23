package sweep_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/deletion"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/file/filetest"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/quota"
	"github.com/vouch-s3/vouch/shared/sweep"
	"github.com/vouch-s3/vouch/shared/verify"
)

// world remembers what the sweeper does around real records.
type world struct {
	filetest.Records
	now       time.Time
	objects   map[string]file.Object // by key
	running   map[string]bool        // by execution name; false once ended
	cleaned   []string
	aborted   []string // keys of uploads in parts
	tagged    []string
	announced []file.Status
	failTag   error
	failEvent error
}

func (w *world) clock() time.Time { return w.now }

func (w *world) Current(_ context.Context, key string) (file.Object, error) {
	if o, ok := w.objects[key]; ok {
		return o, nil
	}
	return file.Object{}, file.ErrNotFound
}

func (w *world) DeleteVersion(_ context.Context, key, _ string) error {
	delete(w.objects, key)
	return nil
}

func (w *world) DeleteAll(_ context.Context, key string) error {
	delete(w.objects, key)
	w.cleaned = append(w.cleaned, key)
	return nil
}

func (w *world) AbortUploads(_ context.Context, key, _ string) error {
	w.aborted = append(w.aborted, key)
	return nil
}

func (w *world) Tag(_ context.Context, key, _ string, _ file.Outcome) error {
	if w.failTag != nil {
		return w.failTag
	}
	w.tagged = append(w.tagged, key)
	return nil
}

func (w *world) Publish(_ context.Context, f file.File) error {
	if w.failEvent != nil {
		return w.failEvent
	}
	w.announced = append(w.announced, f.Status)
	return nil
}

func (w *world) Start(_ context.Context, name string, _ verify.Job) error {
	if running, known := w.running[name]; known && !running {
		return verify.ErrAlreadyEnded
	}
	w.running[name] = true
	return nil
}

func newWorld() *world {
	return &world{now: time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC), objects: map[string]file.Object{}, running: map[string]bool{}}
}

func (w *world) sweeper() sweep.Sweeper {
	p := policy.Default()
	return sweep.Sweeper{
		Records: w, Objects: w, Uploads: w, Policy: p, Now: w.clock, Limit: 100,
		Expirer:  deletion.Deleter{Records: w, Objects: w, Uploads: w, Policy: p, Now: w.clock},
		Starter:  verify.Starter{Records: w, Objects: w, Workflow: w, Policy: p, Now: w.clock},
		Finisher: verify.Finisher{Records: w, Objects: w, Events: w, Policy: p, Now: w.clock},
	}
}

func (w *world) add(t *testing.T, s file.Status) file.File {
	t.Helper()
	id, err := file.NewID()
	if err != nil {
		t.Fatal(err)
	}
	f := file.File{ID: id, Owner: "alice", Size: 1, Status: s, Key: file.Key("alice", id), CreatedAt: w.now, UploadedAt: w.now, SweepAt: w.now.Add(time.Hour), Revision: 1}
	if s != file.Pending {
		f.VersionID, f.ETag = "v1", "e1"
	}
	if s == file.Rejected {
		f.Reason = file.VerificationFailed
	}
	if err := w.Create(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	return f
}

func (w *world) sweep(t *testing.T) sweep.Report {
	t.Helper()
	r, err := w.sweeper().Sweep(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *world) status(t *testing.T, f file.File) file.Status {
	t.Helper()
	f, err := w.Get(t.Context(), f.ID)
	if err != nil {
		t.Fatal(err)
	}
	return f.Status
}

func TestNothingIsTouchedBeforeItIsDue(t *testing.T) {
	w := newWorld()
	f := w.add(t, file.Pending)
	w.now = w.now.Add(time.Hour - time.Second)
	if r := w.sweep(t); r.Due != 0 || w.status(t, f) != file.Pending {
		t.Errorf("%+v, %s", r, w.status(t, f))
	}
}

func TestAnUploadThatNeverArrivedExpiresAndIsForgotten(t *testing.T) {
	w := newWorld()
	f := w.add(t, file.Pending)
	w.now = w.now.Add(2 * time.Hour)
	if r := w.sweep(t); r.Expired != 1 || w.status(t, f) != file.Expired {
		t.Fatalf("%+v, %s", r, w.status(t, f))
	}
	// Bytes that come all the same, with their event lost, are removed.
	w.objects[f.Key] = file.Object{Key: f.Key, VersionID: "v9", ETag: "e9"}
	w.now = w.now.Add(2 * time.Hour)
	if r := w.sweep(t); r.Cleaned != 1 || len(w.objects) != 0 {
		t.Errorf("%+v, objects %v", r, w.objects)
	}
	if r := w.sweep(t); r.Due != 0 {
		t.Errorf("an end state is still due: %+v", r)
	}
}

// A part's URL may be as young as the upload was old, and a part on its way may
// outlive the abort: the second one comes when no URL lives any more.
func TestAnUploadInPartsThatWasNeverCompletedIsAbortedTwice(t *testing.T) {
	w := newWorld()
	parts := w.addInParts(t)
	w.add(t, file.Deleted) // one that was not sent in parts
	w.now = w.now.Add(2 * time.Hour)
	if r := w.sweep(t); r.Expired != 1 || r.Cleaned != 1 || w.status(t, parts) != file.Expired || !slices.Equal(w.aborted, []string{parts.Key}) {
		t.Fatalf("%+v, %s, aborted %v", r, w.status(t, parts), w.aborted)
	}
	p := policy.Default()
	w.now = w.now.Add(p.UploadLife + p.ArrivalGrace - time.Second)
	if r := w.sweep(t); r.Due != 0 {
		t.Errorf("it is due while a part's URL may live: %+v", r)
	}
	w.now = w.now.Add(time.Second)
	if r := w.sweep(t); r.Cleaned != 1 || !slices.Equal(w.aborted, []string{parts.Key, parts.Key}) || !slices.Contains(w.cleaned, parts.Key) {
		t.Errorf("%+v, aborted %v, cleaned %v", r, w.aborted, w.cleaned)
	}
	if r := w.sweep(t); r.Due != 0 {
		t.Errorf("it is due again: %+v", r)
	}
}

// addInParts keeps a pending file that is sent in parts.
func (w *world) addInParts(t *testing.T) file.File {
	t.Helper()
	id, err := file.NewID()
	if err != nil {
		t.Fatal(err)
	}
	f := file.File{
		ID: id, Owner: "alice", Method: file.Multipart, Size: 1, PartSize: file.MinPartSize, UploadID: "u", Status: file.Pending,
		Key: file.Key("alice", id), CreatedAt: w.now, SweepAt: w.now.Add(time.Hour), Revision: 1,
	}
	if err := w.Create(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAnArrivalWhoseEventWasLostIsVerified(t *testing.T) {
	w := newWorld()
	f := w.add(t, file.Pending)
	w.objects[f.Key] = file.Object{Key: f.Key, VersionID: "v1", ETag: "e1", Size: 1}
	w.now = w.now.Add(2 * time.Hour)
	if r := w.sweep(t); r.Started != 1 || w.status(t, f) != file.Uploaded || len(w.running) != 1 {
		t.Errorf("%+v, %s, running %v", r, w.status(t, f), w.running)
	}
}

func TestALostVerificationIsTriedAgainAndAtLastRejected(t *testing.T) {
	w := newWorld()
	f := w.add(t, file.Verifying)
	w.running[verify.JobFor(f).ExecutionName(0)] = false // it ended without a verdict
	for range 100 {
		w.now = w.now.Add(time.Hour)
		w.sweep(t)
		for name := range w.running {
			w.running[name] = false // each further attempt ends without one too
		}
		if w.status(t, f).Final() {
			break
		}
	}
	if w.status(t, f) != file.Rejected {
		t.Fatalf("the file is %s", w.status(t, f))
	}
	if len(w.running) < 3 {
		t.Errorf("it was tried only %d times", len(w.running))
	}
	if len(w.announced) != 1 || len(w.tagged) != 1 {
		t.Errorf("events %v, tags %v", w.announced, w.tagged)
	}
}

func TestARunningVerificationIsLeftAlone(t *testing.T) {
	w := newWorld()
	f := w.add(t, file.Verifying)
	w.running[verify.JobFor(f).ExecutionName(0)] = true
	w.now = w.now.Add(2 * time.Hour)
	w.sweep(t)
	if len(w.running) != 1 {
		t.Errorf("executions %v", w.running)
	}
	if r := w.sweep(t); r.Due != 0 {
		t.Errorf("it is due again at once: %+v", r)
	}
}

// unreadable is a store one of whose records that are due cannot be read.
type unreadable struct{ *world }

func (u unreadable) Due(ctx context.Context, now time.Time, limit int) ([]file.File, error) {
	due, err := u.world.Due(ctx, now, limit)
	return due, errors.Join(err, errUnread)
}

var errUnread = errors.New("decode record: status \"lost\"")

func TestARecordThatCannotBeReadKeepsNoOtherFromItsTurn(t *testing.T) {
	w := newWorld()
	f := w.add(t, file.Pending)
	w.now = w.now.Add(2 * time.Hour)
	s := w.sweeper()
	s.Records = unreadable{w}
	report, err := s.Sweep(t.Context())
	if !errors.Is(err, errUnread) || report.Expired != 1 || w.status(t, f) != file.Expired {
		t.Errorf("%+v, %v, the other is %s", report, err, w.status(t, f))
	}
}

func TestBytesLeftByADeletionAreRemoved(t *testing.T) {
	w := newWorld()
	f := w.add(t, file.Deleted)
	w.objects[f.Key] = file.Object{Key: f.Key, VersionID: "v1"}
	w.now = w.now.Add(2 * time.Hour)
	if r := w.sweep(t); r.Cleaned != 1 || len(w.objects) != 0 {
		t.Errorf("%+v, objects %v", r, w.objects)
	}
}

// A revocation whose record was written and whose tag was not: it ends with the
// bytes out of reach and the event out, once.
func TestARevocationThatStoppedHalfWayIsEnded(t *testing.T) {
	w := newWorld()
	f := w.add(t, file.Ready)
	job := verify.JobFor(f)
	job.Rescan = true
	verdict := &file.Verdict{Outcome: file.Refused, Findings: []file.Finding{{Code: file.MalwareDetected}}}
	w.failTag = errors.New("throttled")
	if _, err := w.sweeper().Finisher.Rejected(t.Context(), job, file.MalwareDetected, verdict); err == nil {
		t.Fatal("the fault was passed over")
	}
	if w.status(t, f) != file.Rejected || len(w.announced) != 0 {
		t.Fatalf("%s, events %v", w.status(t, f), w.announced)
	}
	w.failTag = nil
	w.now = w.now.Add(time.Hour)
	if r := w.sweep(t); r.Announced != 1 || len(w.tagged) != 1 || len(w.announced) != 1 || w.announced[0] != file.Rejected {
		t.Errorf("%+v, tags %v, events %v", r, w.tagged, w.announced)
	}
	if r := w.sweep(t); r.Due != 0 {
		t.Errorf("it is due again: %+v", r)
	}
}

// The workflow gave up on an end state whose event could not be published. The
// record is the dead letter: the event goes out as soon as it can.
func TestAnEndStateThatNobodyWasToldOfIsTold(t *testing.T) {
	for _, s := range []file.Status{file.Ready, file.Rejected} {
		w := newWorld()
		w.add(t, s)
		w.now = w.now.Add(2 * time.Hour)
		w.failEvent = errors.New("refused")
		if r, err := w.sweeper().Sweep(t.Context()); !errors.Is(err, w.failEvent) || r.Announced != 0 {
			t.Errorf("%s: %+v, %v", s, r, err)
		}
		w.failEvent = nil
		if r := w.sweep(t); r.Announced != 1 || len(w.announced) != 1 || w.announced[0] != s {
			t.Errorf("%s: %+v, events %v", s, r, w.announced)
		}
		if r := w.sweep(t); r.Due != 0 {
			t.Errorf("%s: it is due again: %+v", s, r)
		}
	}
}

// expiring keeps a file that is ready until the time.
func (w *world) expiring(t *testing.T, s file.Status, until time.Time) file.File {
	t.Helper()
	f := w.add(t, s)
	if err := w.Settle(t.Context(), f); err != nil { // it is announced
		t.Fatal(err)
	}
	w.objects[f.Key] = file.Object{Key: f.Key, VersionID: "v1"}
	f, err := w.Retain(t.Context(), f, file.Retention{ExpiresAt: until, Revision: f.Revision, At: w.now})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (w *world) hold(t *testing.T, f file.File, h *file.Hold) {
	t.Helper()
	f, err := w.Get(t.Context(), f.ID)
	if err == nil {
		_, err = w.Hold(t.Context(), f, file.Holding{Hold: h, Revision: f.Revision, At: w.now})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestAFileIsDeletedWhenItsTimeIsOver(t *testing.T) {
	for _, s := range []file.Status{file.Pending, file.Verifying, file.Ready, file.Rejected} {
		w := newWorld()
		f := w.expiring(t, s, w.now.Add(time.Hour))
		w.now = w.now.Add(time.Hour - time.Millisecond)
		if r := w.sweep(t); r.Deleted != 0 || w.status(t, f) != s {
			t.Fatalf("%s, before its time: %+v, %s", s, r, w.status(t, f))
		}
		w.now = w.now.Add(time.Millisecond)
		if r := w.sweep(t); r.Deleted != 1 || w.status(t, f) != file.Deleted || len(w.objects) != 0 {
			t.Errorf("%s: %+v, %s, objects %v", s, r, w.status(t, f), w.objects)
		}
		if r := w.sweep(t); r.Deleted != 0 {
			t.Errorf("%s: it was deleted again: %+v", s, r)
		}
		if used := w.Usage(quota.Account{Kind: quota.Owner, Subject: "alice"}); !used.Zero() {
			t.Errorf("%s: the quota is not given back: %+v", s, used)
		}
	}
}

// What changes how long a file is kept is never forgotten, in whatever order it and
// the sweeper's other work come.
func TestAFileNeverLeavesTheSweepersListBeforeItIsDeleted(t *testing.T) {
	w := newWorld()
	f := w.add(t, file.Ready) // its event is not out
	f, err := w.Retain(t.Context(), f, file.Retention{ExpiresAt: w.now.Add(2 * time.Hour), Revision: f.Revision, At: w.now})
	if err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Hour)
	if r := w.sweep(t); r.Announced != 1 || r.Deleted != 0 {
		t.Fatalf("%+v", r)
	}
	w.hold(t, f, &file.Hold{Reason: "a lawsuit"})
	w.now = w.now.Add(2 * time.Hour)
	if r := w.sweep(t); r.Due != 0 || r.Deleted != 0 || w.status(t, f) != file.Ready {
		t.Errorf("on hold: %+v, %s", r, w.status(t, f))
	}
	if f, err = w.Renew(t.Context(), f.ID, file.Renewal{VersionID: "v1", Verdict: file.Verdict{Outcome: file.Clean, CheckedAt: w.now}, At: w.now}); err != nil {
		t.Fatal(err)
	}
	w.hold(t, f, nil)
	if r := w.sweep(t); r.Deleted != 1 || w.status(t, f) != file.Deleted {
		t.Errorf("released: %+v, %s", r, w.status(t, f))
	}
}

// However many files end at one moment, what waits for its verdict comes first.
func TestWhatIsDueForAnotherReasonComesBeforeFilesWhoseTimeIsOver(t *testing.T) {
	w := newWorld()
	for range 5 {
		w.expiring(t, file.Ready, w.now.Add(time.Minute))
	}
	upload := w.add(t, file.Pending)
	w.now = w.now.Add(2 * time.Hour)
	s := w.sweeper()
	s.Limit = 2
	r, err := s.Sweep(t.Context())
	if err != nil || r.Expired != 1 || r.Deleted != 5 || w.status(t, upload) != file.Expired {
		t.Errorf("%+v, %v", r, err)
	}
	ended, cancel := context.WithTimeout(t.Context(), time.Second) // less than a deletion may take
	defer cancel()
	f := w.expiring(t, file.Ready, w.now)
	if r, err := s.Sweep(ended); err != nil || r.Deleted != 0 || w.status(t, f) != file.Ready {
		t.Errorf("without enough time: %+v, %v", r, err)
	}
}

func TestAFileThatCannotBeDeletedIsAnErrorAndEndsTheRun(t *testing.T) {
	w := newWorld()
	for range 3 {
		w.expiring(t, file.Ready, w.now)
	}
	fault := errors.New("throttled")
	w.BeforeChange = func(string, file.Change) error { return fault }
	s := w.sweeper()
	s.Limit = 1
	if r, err := s.Sweep(t.Context()); !errors.Is(err, fault) || r.Deleted != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// After an hour in which nothing was delivered, all of it is due at once.
func TestARunGoesOnUntilNothingIsDue(t *testing.T) {
	for _, limit := range []int{2, 7, 100} {
		w := newWorld()
		for range 7 {
			w.add(t, file.Pending)
		}
		w.now = w.now.Add(2 * time.Hour)
		s := w.sweeper()
		s.Limit = limit
		if r, err := s.Sweep(t.Context()); err != nil || r.Due != 7 || r.Expired != 7 {
			t.Errorf("%d at a time: %+v, %v", limit, r, err)
		}
	}
}

// What fails stays due, and would be listed again and again.
func TestARunLooksAtNoFileTwice(t *testing.T) {
	w := newWorld()
	for range 5 {
		w.add(t, file.Pending)
	}
	w.now = w.now.Add(2 * time.Hour)
	fault := errors.New("throttled")
	w.BeforeChange = func(string, file.Change) error { return fault }
	s := w.sweeper()
	s.Limit = 5
	if r, err := s.Sweep(t.Context()); !errors.Is(err, fault) || r.Due != 5 || r.Expired != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// looks counts how many files are looked at, and how many at the same time.
type looks struct {
	*world
	mu         sync.Mutex
	now, most  int
	everybody  chan struct{}
	waitForAll int
}

func (l *looks) Current(ctx context.Context, key string) (file.Object, error) {
	l.mu.Lock()
	l.now++
	l.most = max(l.most, l.now)
	if l.now == l.waitForAll {
		close(l.everybody)
	}
	l.mu.Unlock()
	<-l.everybody
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now--
	return file.Object{}, errors.New("not to be told")
}

func TestFilesThatAreDueAreLookedAfterAtTheSameTime(t *testing.T) {
	w := newWorld()
	for range 4 {
		w.add(t, file.Pending)
	}
	w.now = w.now.Add(2 * time.Hour)
	l := &looks{world: w, everybody: make(chan struct{}), waitForAll: 4}
	s := w.sweeper()
	s.Objects, s.AtOnce = l, 4
	if r, err := s.Sweep(t.Context()); err == nil || r.Due != 4 || l.most != 4 {
		t.Errorf("%+v, %v, %d at the same time", r, err, l.most)
	}
}
