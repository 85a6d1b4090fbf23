package retention_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/file/filetest"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/policy/override"
	"github.com/vouch-s3/vouch/shared/retention"
)

var now = time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)

var alice, bob, operator = access.Principal{Subject: "alice"}, access.Principal{Subject: "bob"}, access.Principal{Subject: "operator"}

// world is one record of alice's and the tags that its version was given.
type world struct {
	filetest.Records
	t    *testing.T
	f    file.File
	tags []file.Outcome
	gone bool
}

func newWorld(t *testing.T, f file.File) *world {
	t.Helper()
	id, err := file.NewID()
	if err != nil {
		t.Fatal(err)
	}
	f.ID, f.Owner, f.Key, f.CreatedAt, f.Revision = id, "alice", file.Key("alice", id), now.Add(-time.Hour), 1
	w := &world{t: t, f: f}
	if err := w.Create(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) Tag(_ context.Context, _, _ string, o file.Outcome) error {
	if w.gone {
		return file.ErrNotFound
	}
	w.tags = append(w.tags, o)
	return nil
}

func (w *world) retainer(differs string) retention.Retainer {
	w.t.Helper()
	p, err := override.Load(differs)
	if err != nil {
		w.t.Fatal(err)
	}
	return retention.Retainer{Records: w, Policy: p, Now: func() time.Time { return now }}
}

func (w *world) holder() retention.Holder {
	return retention.Holder{Records: w, Objects: w, Policy: policy.Default(), Now: func() time.Time { return now }}
}

func (w *world) record() file.File {
	w.t.Helper()
	f, err := w.Get(w.t.Context(), w.f.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

func TestAFileIsKeptUntilWhatWasSetLastAndNotWrittenTwice(t *testing.T) {
	w := newWorld(t, file.File{Status: file.Ready})
	r := w.retainer("")
	for i, at := range []time.Time{now.Add(time.Hour), now.Add(time.Hour), now.Add(time.Minute), {}, {}} {
		f, err := r.Retain(t.Context(), alice, w.f.ID, at)
		if err != nil || !f.ExpiresAt.Equal(at) || f.Status != file.Ready {
			t.Errorf("%d: %+v, %v", i, f, err)
		}
	}
	if f := w.record(); f.Revision != 4 || !f.ExpiresAt.IsZero() {
		t.Errorf("%+v", f)
	}
}

func TestHowLongAFileIsKeptIsForItsOwnerAndWhoManagesIt(t *testing.T) {
	grant := func(name string, l file.Level) file.Grant {
		return file.Grant{Grantee: file.Grantee{Type: file.Subject, Name: name}, Level: l}
	}
	for name, tt := range map[string]struct {
		who    access.Principal
		grants []file.Grant
		want   file.Code
	}{
		"the owner":  {alice, nil, ""},
		"a manager":  {bob, []file.Grant{grant("bob", file.Manage)}, ""},
		"a reader":   {bob, []file.Grant{grant("bob", file.Read)}, file.CodeForbidden},
		"a stranger": {bob, nil, file.CodeNotFound},
	} {
		w := newWorld(t, file.File{Status: file.Ready, Grants: tt.grants})
		_, err := w.retainer("").Retain(t.Context(), tt.who, w.f.ID, now.Add(time.Hour))
		if file.CodeOf(err) != tt.want || (err == nil) == w.record().ExpiresAt.IsZero() {
			t.Errorf("%s: %v, %+v", name, err, w.record())
		}
	}
}

func TestWhatIsOverStaysOver(t *testing.T) {
	for name, f := range map[string]file.File{
		"expired": {Status: file.Expired}, "deleted": {Status: file.Deleted},
		"over": {Status: file.Ready, ExpiresAt: now}, "over, and on hold": {Status: file.Ready, ExpiresAt: now, Hold: &file.Hold{Reason: "x"}},
	} {
		w := newWorld(t, f)
		if _, err := w.retainer("").Retain(t.Context(), alice, w.f.ID, now.Add(time.Hour)); file.CodeOf(err) != file.CodeClosed || w.record().Revision != 1 {
			t.Errorf("%s: %v, %+v", name, err, w.record())
		}
	}
}

func TestNoFileIsKeptLongerThanThePolicySaysHoweverOftenItIsAsked(t *testing.T) {
	w := newWorld(t, file.File{Status: file.Ready, ExpiresAt: now.Add(time.Hour)})
	r := w.retainer("retention: {default: 1h, max: 2h}")
	if _, err := r.Retain(t.Context(), alice, w.f.ID, now.Add(time.Hour)); err != nil { // it is an hour old
		t.Error(err)
	}
	for _, at := range []time.Time{now.Add(time.Hour + time.Second), {}, now, now.Add(-time.Second)} {
		if _, err := r.Retain(t.Context(), alice, w.f.ID, at); file.CodeOf(err) != file.CodeInvalidExpiry {
			t.Errorf("%v: %v", at, err)
		}
	}
}

// Whatever is written meanwhile, what is decided is decided by the record as it is.
func TestHowLongAFileIsKeptIsDecidedByTheRecordThatIsWritten(t *testing.T) {
	w := newWorld(t, file.File{Status: file.Verifying})
	w.BeforeRetain = func(id string, _ file.Retention) error {
		w.BeforeRetain = nil
		_, err := w.Change(t.Context(), id, file.Change{To: file.Deleted, At: now})
		return err
	}
	if _, err := w.retainer("").Retain(t.Context(), alice, w.f.ID, now.Add(time.Hour)); file.CodeOf(err) != file.CodeClosed {
		t.Errorf("deleted meanwhile: %v", err)
	}
	w = newWorld(t, file.File{Status: file.Verifying})
	w.BeforeRetain = func(string, file.Retention) error { return w.Postpone(t.Context(), w.record(), now) }
	if _, err := w.retainer("").Retain(t.Context(), alice, w.f.ID, now.Add(time.Hour)); err == nil || file.CodeOf(err) != "" {
		t.Errorf("written again and again: %v", err)
	}
}

func TestAHoldIsPlacedOnceReplacedAndReleased(t *testing.T) {
	w := newWorld(t, file.File{Status: file.Ready})
	h := w.holder()
	f, created, err := h.Place(t.Context(), operator, w.f.ID, "a lawsuit")
	if err != nil || !created || *f.Hold != (file.Hold{Reason: "a lawsuit", By: "operator", At: now}) || f.Revision != 2 {
		t.Fatalf("%+v, %v, %v", f, created, err)
	}
	if f, created, err = h.Place(t.Context(), bob, w.f.ID, "a lawsuit"); err != nil || created || f.Hold.By != "operator" || f.Revision != 2 {
		t.Errorf("again: %+v, %v, %v", f, created, err)
	}
	if f, created, err = h.Place(t.Context(), bob, w.f.ID, "another"); err != nil || created || f.Hold.By != "bob" || f.Revision != 3 {
		t.Errorf("for another reason: %+v, %v, %v", f, created, err)
	}
	for range 2 {
		if err := h.Release(t.Context(), w.f.ID, "it is settled"); err != nil || w.record().Hold != nil || w.record().Revision != 4 {
			t.Errorf("%v, %+v", err, w.record())
		}
	}
	if len(w.tags) != 0 || !w.record().SweepAt.IsZero() {
		t.Errorf("a version that nothing would delete was tagged %v: %+v", w.tags, w.record())
	}
}

func TestAHoldIsForWhatHasBytes(t *testing.T) {
	for name, tt := range map[string]struct {
		f    file.File
		want file.Code
	}{
		"pending":   {file.File{Status: file.Pending}, file.CodeNotUploaded},
		"uploaded":  {file.File{Status: file.Uploaded}, ""},
		"verifying": {file.File{Status: file.Verifying}, ""},
		"ready":     {file.File{Status: file.Ready}, ""},
		"rejected":  {file.File{Status: file.Rejected}, ""},
		"over":      {file.File{Status: file.Ready, ExpiresAt: now}, ""},
		"discarded": {file.File{Status: file.Rejected, Discarded: true}, file.CodeClosed},
		"expired":   {file.File{Status: file.Expired}, file.CodeClosed},
		"deleted":   {file.File{Status: file.Deleted}, file.CodeClosed},
	} {
		w := newWorld(t, tt.f)
		_, _, err := w.holder().Place(t.Context(), operator, w.f.ID, "a lawsuit")
		if file.CodeOf(err) != tt.want || (err == nil) != (w.record().Hold != nil) {
			t.Errorf("%s: %v, %+v", name, err, w.record())
		}
	}
	w := newWorld(t, file.File{Status: file.Ready})
	for _, id := range []string{"", "x", "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"} {
		if _, _, err := w.holder().Place(t.Context(), operator, id, "a lawsuit"); file.CodeOf(err) != file.CodeNotFound {
			t.Errorf("%q: %v", id, err)
		}
		if err := w.holder().Release(t.Context(), id, "it is settled"); file.CodeOf(err) != file.CodeNotFound {
			t.Errorf("%q, released: %v", id, err)
		}
	}
}

func TestAHoldAndItsReleaseHaveAReason(t *testing.T) {
	w := newWorld(t, file.File{Status: file.Ready})
	for _, reason := range []string{"", "a\nb", "\x1b[31m", "\xff", strings.Repeat("x", file.MaxReasonBytes+1)} {
		_, _, err := w.holder().Place(t.Context(), operator, w.f.ID, reason)
		released := w.holder().Release(t.Context(), w.f.ID, reason)
		if file.CodeOf(err) != file.CodeInvalidRequest || file.CodeOf(released) != file.CodeInvalidRequest || w.record().Revision != 1 {
			t.Errorf("%q: %v, %v", reason, err, released)
		}
	}
}

// The tag decides what the object store forgets by itself. It is changed before the
// hold is answered, and where that fails the sweeper has it on its list.
func TestARejectedVersionIsTaggedWithItsHoldAndItsRelease(t *testing.T) {
	w := newWorld(t, file.File{Status: file.Rejected, VersionID: "v1"})
	if _, _, err := w.holder().Place(t.Context(), operator, w.f.ID, "a lawsuit"); err != nil || len(w.tags) != 1 || w.tags[0] != file.Held {
		t.Fatalf("%v, tags %v", err, w.tags)
	}
	if _, _, err := w.holder().Place(t.Context(), operator, w.f.ID, "another"); err != nil || len(w.tags) != 1 {
		t.Errorf("another reason: %v, tags %v", err, w.tags)
	}
	if err := w.holder().Release(t.Context(), w.f.ID, "it is settled"); err != nil || len(w.tags) != 2 || w.tags[1] != file.Refused || !w.record().SweepAt.IsZero() {
		t.Errorf("%v, tags %v, %+v", err, w.tags, w.record())
	}
	for _, at := range []time.Time{now.Add(time.Minute), now.Add(-time.Minute)} {
		w := newWorld(t, file.File{Status: file.Rejected, VersionID: "v1", SweepAt: at})
		if _, _, err := w.holder().Place(t.Context(), operator, w.f.ID, "a lawsuit"); err != nil || len(w.tags) != 0 || !w.record().SweepAt.Equal(at) {
			t.Errorf("somebody is at it: %v, tags %v, %+v", err, w.tags, w.record())
		}
	}
}

// failing is a tagger that cannot be reached.
type failing struct{ error }

func (f failing) Tag(context.Context, string, string, file.Outcome) error { return f.error }

func TestATagThatCouldNotBeSetIsLeftToTheSweeper(t *testing.T) {
	w := newWorld(t, file.File{Status: file.Rejected, VersionID: "v1"})
	h := w.holder()
	fault := errors.New("throttled")
	h.Objects = failing{fault}
	if _, _, err := h.Place(t.Context(), operator, w.f.ID, "a lawsuit"); !errors.Is(err, fault) {
		t.Errorf("the fault was passed over: %v", err)
	}
	if f := w.record(); f.Hold == nil || !f.SweepAt.After(now) {
		t.Errorf("%+v", f)
	}
}

func TestAHoldOnBytesThatAreGoneIsRefusedAndLeavesNone(t *testing.T) {
	w := newWorld(t, file.File{Status: file.Rejected, VersionID: "v1"})
	w.gone = true
	if _, _, err := w.holder().Place(t.Context(), operator, w.f.ID, "a lawsuit"); file.CodeOf(err) != file.CodeClosed {
		t.Errorf("%v", err)
	}
	if f := w.record(); f.Hold != nil || !f.SweepAt.IsZero() {
		t.Errorf("%+v", f)
	}
}

// The write is conditional on the record that was read, so that of a hold and a
// deletion that meet exactly one comes about.
func TestAHoldThatComesAfterADeletionHasBegunIsRefused(t *testing.T) {
	w := newWorld(t, file.File{Status: file.Ready})
	w.BeforeHold = func(id string, _ file.Holding) error {
		w.BeforeHold = nil
		_, err := w.Change(t.Context(), id, file.Change{To: file.Deleted, At: now})
		return err
	}
	if _, _, err := w.holder().Place(t.Context(), operator, w.f.ID, "a lawsuit"); file.CodeOf(err) != file.CodeClosed || w.record().Hold != nil {
		t.Errorf("%v, %+v", err, w.record())
	}
	w = newWorld(t, file.File{Status: file.Ready})
	w.BeforeHold = func(id string, _ file.Holding) error { // a revocation meanwhile
		w.BeforeHold = nil
		_, err := w.Change(t.Context(), id, file.Change{To: file.Rejected, At: now, SweepAt: now.Add(time.Hour)})
		return err
	}
	if f, created, err := w.holder().Place(t.Context(), operator, w.f.ID, "a lawsuit"); err != nil || !created || f.Status != file.Rejected {
		t.Errorf("%+v, %v, %v", f, created, err)
	}
}
