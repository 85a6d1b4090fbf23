package verify_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/file/filetest"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/verify"
)

var now = time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

// world is what surrounds the steps: records that keep the real table of
// transitions, and one object, a workflow, tags and events that only remember.
type world struct {
	filetest.Records
	f       file.File
	object  file.Object
	body    string
	missing bool

	started []string
	ended   map[string]bool
	deleted []string
	tags    []file.Outcome
	events  []file.Status

	onTag                                                    func() // before a tag is set
	failTag, failPublish, failScan, failReceipt, failCurrent error

	scan verify.Scan // what the scanner says
}

func newWorld(t *testing.T, status file.Status) *world {
	t.Helper()
	id, err := file.NewID()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{body: "hello", ended: map[string]bool{}, scan: verify.Scan{Engine: engine}}
	w.f = file.File{
		ID: id, Owner: "alice", Filename: "a.txt", ContentType: "text/plain", Size: 5,
		Status: status, Key: file.Key("alice", id), CreatedAt: now, UpdatedAt: now, Revision: 1,
	}
	w.object = file.Object{Key: w.f.Key, VersionID: "v1", ETag: "e1", Size: 5, ContentType: "text/plain", ChecksumSHA256: checksum("hello")}
	if status != file.Pending {
		w.f.VersionID, w.f.ETag = "v1", "e1"
	}
	if err := w.Create(t.Context(), w.f); err != nil {
		t.Fatal(err)
	}
	return w
}

func checksum(s string) string {
	sum := sha256.Sum256([]byte(s))
	return file.EncodeChecksum(sum[:])
}

func (w *world) Start(_ context.Context, name string, _ verify.Job) error {
	if w.ended[name] {
		return verify.ErrAlreadyEnded
	}
	w.started = append(w.started, name)
	return nil
}

func (w *world) Current(context.Context, string) (file.Object, error) {
	if w.missing {
		return file.Object{}, file.ErrNotFound
	}
	return w.object, w.failCurrent
}

func (w *world) Describe(ctx context.Context, _, _ string) (file.Object, error) {
	return w.Current(ctx, "")
}

func (w *world) Open(context.Context, string, string, string) (io.ReadCloser, error) {
	if w.missing {
		return nil, file.ErrNotFound
	}
	return io.NopCloser(strings.NewReader(w.body)), nil
}

func (w *world) DeleteVersion(_ context.Context, _, version string) error {
	w.deleted = append(w.deleted, version)
	return nil
}

func (w *world) Head(_ context.Context, _, _, _ string, n int) ([]byte, error) {
	if w.missing {
		return nil, file.ErrNotFound
	}
	return []byte(w.body[:min(n, len(w.body))]), nil
}

func (w *world) Issue(_ context.Context, f file.File, _ file.Verdict) (string, error) {
	if f.ChecksumSHA256 == "" || f.VersionID == "" {
		return "", errors.New("a receipt of nothing")
	}
	return "receipt for " + f.VersionID, w.failReceipt
}

func (w *world) Tag(_ context.Context, _, _ string, o file.Outcome) error {
	if w.missing {
		return file.ErrNotFound
	}
	if w.onTag != nil {
		w.onTag()
	}
	if w.failTag != nil {
		return w.failTag
	}
	w.tags = append(w.tags, o)
	return nil
}

func (w *world) Publish(_ context.Context, f file.File) error {
	if w.failPublish != nil {
		return w.failPublish
	}
	w.events = append(w.events, f.Status)
	return nil
}

func (w *world) Scan(_ context.Context, r io.Reader) (verify.Scan, error) {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return verify.Scan{}, err
	}
	return w.scan, w.failScan
}

// engine is a scanner whose signatures are an hour old.
var engine = file.Engine{Name: verify.ClamAV, Version: "1.4.6", Database: "27500", DatabaseDate: now.Add(-time.Hour)}

// clean is the verdict on "hello".
func clean() *file.Verdict {
	return &file.Verdict{
		Outcome: file.Clean, DetectedType: "text/plain", Scanners: []file.Engine{engine}, CheckedAt: now,
		Coverage: file.Coverage{Complete: true, Bytes: 5},
	}
}

func (w *world) scanner() verify.Scanner {
	return verify.Scanner{Records: w, Objects: w, Antivirus: w, Policy: policy.Default(), Now: clock}
}

func (w *world) starter() verify.Starter {
	return verify.Starter{Records: w, Objects: w, Workflow: w, Policy: policy.Default(), Now: clock}
}

func (w *world) finisher() verify.Finisher {
	return verify.Finisher{
		Records: w, Objects: w, Events: w, Receipts: w, Scanners: verify.Scanners{verify.ClamAV},
		Policy: policy.Default(), Now: clock,
	}
}

func (w *world) job() verify.Job {
	return verify.Job{FileID: w.f.ID, Key: w.f.Key, VersionID: "v1", ETag: "e1"}
}

func (w *world) status(t *testing.T) file.Status {
	t.Helper()
	f, err := w.Get(t.Context(), w.f.ID)
	if err != nil {
		t.Fatal(err)
	}
	return f.Status
}

func TestADoubledEventStartsOneExecution(t *testing.T) {
	w := newWorld(t, file.Pending)
	for range 3 {
		if _, err := w.starter().Arrived(t.Context(), w.object); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range w.started[1:] {
		if name != w.started[0] {
			t.Errorf("executions %q", w.started)
		}
	}
	if len(w.started[0]) > 80 {
		t.Errorf("the name %q is longer than Step Functions takes", w.started[0])
	}
	if len(w.deleted) != 0 {
		t.Errorf("versions %q were removed", w.deleted)
	}
}

func TestAnEventAfterTheVerdictChangesNothing(t *testing.T) {
	for _, s := range []file.Status{file.Ready, file.Rejected} {
		w := newWorld(t, s)
		if _, err := w.starter().Arrived(t.Context(), w.object); err != nil {
			t.Fatal(err)
		}
		if w.status(t) != s || len(w.started) != 0 || len(w.deleted) != 0 {
			t.Errorf("%s: started %q, deleted %q", s, w.started, w.deleted)
		}
	}
}

func TestAVersionThatWasNotPromisedIsRemovedAndNeverPinned(t *testing.T) {
	for _, s := range []file.Status{file.Uploaded, file.Verifying, file.Ready, file.Rejected, file.Expired, file.Deleted} {
		w := newWorld(t, s)
		stray := w.object
		stray.VersionID = "v2"
		f, err := w.starter().Arrived(t.Context(), stray)
		if err != nil {
			t.Fatal(err)
		}
		if len(w.deleted) != 1 || w.deleted[0] != "v2" || f.VersionID != "v1" || w.status(t) != s {
			t.Errorf("%s: deleted %q, pinned %q", s, w.deleted, f.VersionID)
		}
		for _, name := range w.started { // of the pinned version, which may have been started already
			if name != w.job().ExecutionName(0) {
				t.Errorf("%s: started %q", s, name)
			}
		}
	}
}

// Two versions under one key, v1 before v2, as only a deletion between them or
// an administrator can make them: their events come in any order, late, twice,
// or not at all.
func TestALateEventOfAnOlderVersionNeverWinsOverANewerOne(t *testing.T) {
	const gone = ""
	for name, tt := range map[string]struct {
		events []string // as they come; "v1 v2" is that of v1 while v2 is the newest
		pinned string
		stray  string // removed, at least once; "" for none
	}{
		"in order":                               {[]string{"v1 v1", "v2 v2"}, "v1", "v2"}, // v1 was pinned before there was a v2
		"in order, both late":                    {[]string{"v1 v2", "v2 v2"}, "v2", "v1"},
		"the other way round":                    {[]string{"v2 v2", "v1 v2"}, "v2", "v1"},
		"the newer one's is lost":                {[]string{"v1 v2"}, "v2", "v1"},
		"the older one's is lost":                {[]string{"v2 v2"}, "v2", ""},
		"twice each":                             {[]string{"v1 v2", "v1 v2", "v2 v2", "v2 v2"}, "v2", "v1"},
		"late, after the newer one went as well": {[]string{"v2 v2", "v1 " + gone}, "v2", "v1"},
		"none is shown any more":                 {[]string{"v1 " + gone}, "v1", ""},
		"pinned, and a newer one comes":          {[]string{"v1 v1", "v1 v2", "v2 v2", "v1 v2"}, "v1", "v2"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, file.Pending)
			var last file.File
			for _, e := range tt.events {
				version, newest, _ := strings.Cut(e, " ")
				w.object.VersionID, w.object.ETag, w.missing = newest, "etag of "+newest, newest == gone
				obj := w.object
				obj.VersionID, obj.ETag = version, "etag of "+version
				var err error
				if last, err = w.starter().Arrived(t.Context(), obj); err != nil {
					t.Fatal(err)
				}
			}
			if last.VersionID != tt.pinned || last.ETag != "etag of "+tt.pinned {
				t.Errorf("pinned %q with the ETag %q", last.VersionID, last.ETag)
			}
			for _, v := range w.deleted {
				if v != tt.stray {
					t.Errorf("%s was removed", v)
				}
			}
			if (tt.stray == "") != (len(w.deleted) == 0) {
				t.Errorf("removed %q", w.deleted)
			}
			if len(w.started) == 0 {
				t.Error("nothing was started")
			}
			for _, execution := range w.started {
				if execution != verify.JobFor(last).ExecutionName(0) {
					t.Errorf("started %q", execution)
				}
			}
		})
	}
}

func TestNoVersionIsPinnedWhileItIsNotKnownWhichIsTheNewest(t *testing.T) {
	w := newWorld(t, file.Pending)
	obj := w.object
	w.failCurrent = errors.New("throttled")
	if _, err := w.starter().Arrived(t.Context(), obj); !errors.Is(err, w.failCurrent) || w.status(t) != file.Pending {
		t.Errorf("%v, and the file is %s", err, w.status(t))
	}
	w.failCurrent = nil
	w.object.VersionID = ""
	if _, err := w.starter().Arrived(t.Context(), obj); err == nil || w.status(t) != file.Pending {
		t.Errorf("%v, and the file is %s", err, w.status(t))
	}
}

// What ends the event's way out ends in the sweeper's hands, and not nowhere.
func TestAnEndStateIsOnTheSweepersListUntilItsEventIsOut(t *testing.T) {
	for _, s := range []file.Status{file.Ready, file.Rejected} {
		w := newWorld(t, file.Verifying)
		w.failPublish = errors.New("refused")
		end := func() (verify.Result, error) {
			if s == file.Ready {
				return w.finisher().Ready(t.Context(), w.job(), checksum("hello"), clean())
			}
			return w.finisher().Rejected(t.Context(), w.job(), file.VerificationFailed, nil)
		}
		if _, err := end(); !errors.Is(err, w.failPublish) {
			t.Fatal(err)
		}
		half, err := w.Get(t.Context(), w.f.ID)
		if err != nil || half.Status != s || !half.SweepAt.After(now) {
			t.Errorf("%s: %+v, %v", s, half, err)
		}
		w.failPublish = nil
		if _, err := end(); err != nil {
			t.Fatal(err)
		}
		whole, err := w.Get(t.Context(), w.f.ID)
		if err != nil || !whole.SweepAt.IsZero() || whole.Revision != half.Revision || len(w.events) != 1 || w.events[0] != s {
			t.Errorf("%s: %+v, %v, events %v", s, whole, err, w.events)
		}
	}
}

func TestAForgedKeyReachesNoRecord(t *testing.T) {
	w := newWorld(t, file.Pending)
	for _, key := range []string{"", w.f.ID, "files/other/" + w.f.ID, file.Key("mallory", w.f.ID), "files/x/../" + w.f.ID} {
		obj := w.object
		obj.Key = key
		if _, err := w.starter().Arrived(t.Context(), obj); file.CodeOf(err) != file.CodeNotFound {
			t.Errorf("key %q: %v", key, err)
		}
	}
	if w.status(t) != file.Pending {
		t.Error("the record moved")
	}
}

func TestAnUnversionedObjectIsAnError(t *testing.T) {
	w := newWorld(t, file.Pending)
	w.object.VersionID = ""
	if _, err := w.starter().Arrived(t.Context(), w.object); err == nil {
		t.Error("it was taken")
	}
}

func TestCompleteAnswersByStatus(t *testing.T) {
	for _, tt := range []struct {
		status  file.Status
		missing bool
		subject string
		code    file.Code
		starts  int
	}{
		{status: file.Pending, starts: 1},
		{status: file.Pending, missing: true, code: file.CodeNotUploaded},
		{status: file.Uploaded, starts: 1},
		{status: file.Verifying}, // the execution that says so is on its way
		{status: file.Ready},
		{status: file.Rejected},
		{status: file.Expired, code: file.CodeClosed},
		{status: file.Deleted, code: file.CodeClosed},
		{status: file.Pending, subject: "bob", code: file.CodeNotFound},
		{status: file.Ready, subject: "bob", code: file.CodeNotFound},
	} {
		w := newWorld(t, tt.status)
		w.missing = tt.missing
		subject := "alice"
		if tt.subject != "" {
			subject = tt.subject
		}
		_, err := w.starter().Complete(t.Context(), access.Principal{Subject: subject}, w.f.ID)
		if file.CodeOf(err) != tt.code || (tt.code == "") != (err == nil) || len(w.started) != tt.starts {
			t.Errorf("%s by %s: %v, %d started", tt.status, subject, err, len(w.started))
		}
	}
}

func TestValidateFindsEveryDifferenceToThePromise(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*world)
		want   file.Reason
	}{
		"as promised":        {func(*world) {}, ""},
		"gone":               {func(w *world) { w.missing = true }, file.ObjectMissing},
		"longer":             {func(w *world) { w.object.Size++ }, file.SizeMismatch},
		"another type":       {func(w *world) { w.object.ContentType = "text/html" }, file.ContentTypeMismatch},
		"another ETag":       {func(w *world) { w.object.ETag = "e2" }, file.ObjectChanged},
		"another version":    {func(w *world) { w.object.VersionID = "v2" }, file.ObjectChanged},
		"no stored checksum": {func(w *world) { w.object.ChecksumSHA256 = "" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, file.Uploaded)
			tt.change(w)
			v := verify.Validator{Records: w, Objects: w, Policy: policy.Default(), Now: clock}
			for range 2 { // the second time as a retry
				r, err := v.Validate(t.Context(), w.job())
				if err != nil || r.Reason != tt.want || (r.Outcome == verify.Passed) != (tt.want == "") {
					t.Errorf("%+v, %v; want reason %q", r, err, tt.want)
				}
			}
			if w.status(t) != file.Verifying {
				t.Errorf("the file is %s", w.status(t))
			}
		})
	}
}

func TestValidateHoldsTheObjectToThePromisedChecksum(t *testing.T) {
	w := newWorld(t, file.Uploaded)
	f := w.f
	f.ID, _ = file.NewID()
	f.Key = file.Key("alice", f.ID)
	f.ChecksumSHA256 = checksum("other")
	if err := w.Create(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	v := verify.Validator{Records: w, Objects: w, Policy: policy.Default(), Now: clock}
	r, err := v.Validate(t.Context(), verify.JobFor(f))
	if err != nil || r.Reason != file.ChecksumMismatch {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestStepsStopWhenTheFileHasMovedOn(t *testing.T) {
	for _, s := range []file.Status{file.Deleted, file.Expired} {
		w := newWorld(t, s)
		v := verify.Validator{Records: w, Objects: w, Policy: policy.Default(), Now: clock}
		scan := w.scanner()
		steps := map[string]func() (verify.Result, error){
			"validate": func() (verify.Result, error) { return v.Validate(t.Context(), w.job()) },
			"scan":     func() (verify.Result, error) { return scan.Scan(t.Context(), w.job()) },
			"ready": func() (verify.Result, error) {
				return w.finisher().Ready(t.Context(), w.job(), checksum("hello"), clean())
			},
			"rejected": func() (verify.Result, error) {
				return w.finisher().Rejected(t.Context(), w.job(), file.MalwareDetected, nil)
			},
		}
		for name, step := range steps {
			if r, err := step(); err != nil || r.Outcome != verify.Superseded {
				t.Errorf("%s of a %s file: %+v, %v", name, s, r, err)
			}
		}
		if w.status(t) != s || len(w.tags) != 0 || len(w.events) != 0 {
			t.Errorf("%s became %s; tags %v, events %v", s, w.status(t), w.tags, w.events)
		}
	}
}

func TestAFileWithoutARecordStopsItsWorkflow(t *testing.T) {
	w := newWorld(t, file.Verifying)
	gone := w.job()
	gone.FileID = "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"
	v := verify.Validator{Records: w, Objects: w, Policy: policy.Default(), Now: clock}
	if r, err := v.Validate(t.Context(), gone); err != nil || r.Outcome != verify.Superseded {
		t.Errorf("validate: %+v, %v", r, err)
	}
	if r, err := w.finisher().Rejected(t.Context(), gone, file.VerificationFailed, nil); err != nil || r.Outcome != verify.Superseded {
		t.Errorf("rejected: %+v, %v", r, err)
	}
}

func TestAJobForAnotherVersionNeverDecides(t *testing.T) {
	w := newWorld(t, file.Verifying)
	forged := w.job()
	forged.VersionID = "v2"
	if r, err := w.finisher().Ready(t.Context(), forged, checksum("hello"), clean()); err != nil || r.Outcome != verify.Superseded {
		t.Errorf("ready: %+v, %v", r, err)
	}
	if r, err := w.finisher().Rejected(t.Context(), forged, file.MalwareDetected, nil); err != nil || r.Outcome != verify.Superseded {
		t.Errorf("rejected: %+v, %v", r, err)
	}
	if w.status(t) != file.Verifying {
		t.Errorf("the file is %s", w.status(t))
	}
}

func TestOnlyAVerifyingFileBecomesReady(t *testing.T) {
	for _, s := range []file.Status{file.Pending, file.Uploaded, file.Rejected, file.Expired, file.Deleted} {
		w := newWorld(t, s)
		w.finisher().Ready(t.Context(), w.job(), checksum("hello"), clean())
		if w.status(t) != s || len(w.tags) != 0 {
			t.Errorf("%s became %s, tags %v", s, w.status(t), w.tags)
		}
	}
}

func TestAnEndStateSurvivesACrashBetweenAnyTwoOfItsWrites(t *testing.T) {
	crash := errors.New("crash")
	for name, tt := range map[string]struct {
		to   file.Status
		mark func(*world) (verify.Result, error)
	}{
		"ready": {file.Ready, func(w *world) (verify.Result, error) {
			return w.finisher().Ready(context.Background(), w.job(), checksum("hello"), clean())
		}},
		"rejected": {file.Rejected, func(w *world) (verify.Result, error) {
			return w.finisher().Rejected(context.Background(), w.job(), file.MalwareDetected, nil)
		}},
	} {
		for _, fault := range []func(*world, error){
			func(w *world, err error) { w.failTag = err },
			func(w *world, err error) {
				w.BeforeChange = func(string, file.Change) error { return err }
			},
			func(w *world, err error) { w.failPublish = err },
		} {
			w := newWorld(t, file.Verifying)
			fault(w, crash)
			if _, err := tt.mark(w); !errors.Is(err, crash) {
				t.Fatalf("%s: %v", name, err)
			}
			if w.status(t) == file.Ready && len(w.tags) == 0 {
				t.Errorf("%s: the record is ready before the tag", name)
			}
			fault(w, nil)
			if _, err := tt.mark(w); err != nil {
				t.Fatalf("%s again: %v", name, err)
			}
			if w.status(t) != tt.to || len(w.tags) == 0 || len(w.events) == 0 || w.events[0] != tt.to {
				t.Errorf("%s: status %s, tags %v, events %v", name, w.status(t), w.tags, w.events)
			}
		}
	}
}

func TestADeletionWhileMarkingReadyWins(t *testing.T) {
	w := newWorld(t, file.Verifying)
	w.BeforeChange = func(id string, c file.Change) error {
		if c.To == file.Ready {
			_, err := w.Change(context.Background(), id, file.Change{To: file.Deleted, At: now})
			return err
		}
		return nil
	}
	r, err := w.finisher().Ready(t.Context(), w.job(), checksum("hello"), clean())
	if err != nil || r.Outcome != verify.Superseded || w.status(t) != file.Deleted || len(w.events) != 0 {
		t.Errorf("%+v, %v; status %s, events %v", r, err, w.status(t), w.events)
	}
}

func TestARejectionWhileMarkingReadyLeavesNoTagThatSaysClean(t *testing.T) {
	w := newWorld(t, file.Verifying)
	w.BeforeChange = func(id string, c file.Change) error {
		if c.To == file.Ready {
			_, err := w.Change(context.Background(), id, file.Change{To: file.Rejected, At: now, Reason: file.VerificationFailed})
			return err
		}
		return nil
	}
	r, err := w.finisher().Ready(t.Context(), w.job(), checksum("hello"), clean())
	if err != nil || r.Outcome != verify.Failed || w.status(t) != file.Rejected {
		t.Errorf("%+v, %v; status %s", r, err, w.status(t))
	}
	if last := w.tags[len(w.tags)-1]; last != file.Refused {
		t.Errorf("the last tag says %s", last)
	}
}

// The first attempt tagged the version and died; the sweeper has given up on the
// file in between.
func TestAnAttemptAfterARejectionTakesBackTheTagOfTheOneBefore(t *testing.T) {
	w := newWorld(t, file.Verifying)
	if _, err := w.Change(t.Context(), w.f.ID, file.Change{To: file.Rejected, At: now, Reason: file.VerificationFailed}); err != nil {
		t.Fatal(err)
	}
	r, err := w.finisher().Ready(t.Context(), w.job(), checksum("hello"), clean())
	if err != nil || r.Outcome != verify.Failed {
		t.Fatalf("%+v, %v", r, err)
	}
	if len(w.tags) != 1 || w.tags[0] != file.Refused || w.status(t) != file.Rejected {
		t.Errorf("tags %q, %s", w.tags, w.status(t))
	}
}

func TestRejectedIsReachedEvenIfNoStepEverRan(t *testing.T) {
	w := newWorld(t, file.Uploaded)
	r, err := w.finisher().Rejected(t.Context(), w.job(), file.VerificationFailed, nil)
	if err != nil || r.Outcome != verify.Failed || w.status(t) != file.Rejected {
		t.Errorf("%+v, %v; status %s", r, err, w.status(t))
	}
}

// The list of what is due may be of a moment ago.
func TestNothingIsAnnouncedThatIsNotSoAnyMore(t *testing.T) {
	for name, change := range map[string]func(*world) error{
		"deleted": func(w *world) error {
			_, err := w.Change(t.Context(), w.f.ID, file.Change{To: file.Deleted, At: now, SweepAt: now})
			return err
		},
		"revoked": func(w *world) error {
			_, err := w.Change(t.Context(), w.f.ID, file.Change{To: file.Rejected, At: now, SweepAt: now, Reason: file.MalwareDetected})
			return err
		},
		"told already": func(w *world) error { return w.Settle(t.Context(), w.f) },
	} {
		w := newWorld(t, file.Ready)
		if err := w.Postpone(t.Context(), w.f, now); err != nil {
			t.Fatal(err)
		}
		var err error
		if w.f, err = w.Get(t.Context(), w.f.ID); err != nil {
			t.Fatal(err)
		}
		if err := change(w); err != nil {
			t.Fatal(err)
		}
		if err := w.finisher().Announce(t.Context(), w.job()); err != nil || len(w.events) != 0 {
			t.Errorf("%s: %v, events %v", name, err, w.events)
		}
	}
}
