package verify_test

import (
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/verify"
)

// hold puts the file on hold, or takes the hold off.
func (w *world) hold(t *testing.T, h *file.Hold) {
	t.Helper()
	f, err := w.Get(t.Context(), w.f.ID)
	if err == nil {
		_, err = w.Hold(t.Context(), f, file.Holding{Hold: h, Revision: f.Revision, At: now})
	}
	if err != nil {
		t.Fatal(err)
	}
}

var lawsuit = &file.Hold{Reason: "a lawsuit", By: "operator", At: now}

// Neither the policy nor the bucket's rule takes the bytes of a rejected file that
// is on hold: they are not deleted, and no tag says rejected.
func TestTheBytesOfARejectedFileOnHoldAreKept(t *testing.T) {
	for _, bytes := range []policy.RejectedBytes{policy.KeepRejected, policy.DeleteRejected} {
		for _, revoked := range []bool{false, true} {
			w, job, verdict := newWorld(t, file.Verifying), verify.Job{}, (*file.Verdict)(nil)
			if revoked {
				w = newReady(t)
				job, verdict = w.rejob(), bad()
			} else {
				job = w.job()
			}
			w.hold(t, lawsuit)
			x := w.finisher()
			x.Policy.RejectedBytes = bytes
			for range 2 { // and so when it is tried again
				if r, err := x.Rejected(t.Context(), job, file.MalwareDetected, verdict); err != nil || r.Outcome != verify.Failed && r.Outcome != verify.Superseded {
					t.Fatalf("%+v, %v", r, err)
				}
			}
			f := w.record(t)
			if f.Status != file.Rejected || f.Hold == nil || f.Discarded || len(w.deleted) != 0 || len(w.tags) == 0 || w.tags[len(w.tags)-1] != file.Held {
				t.Errorf("%s, revoked %v: %+v, deleted %v, tags %v", bytes, revoked, f, w.deleted, w.tags)
			}
		}
	}
}

// A hold that is placed or released while a version is tagged leaves the record on
// the sweeper's list, which tags it once more.
func TestAHoldWhileARejectedVersionIsTaggedIsCaughtUpWith(t *testing.T) {
	for _, placed := range []bool{true, false} {
		w := newWorld(t, file.Verifying)
		if !placed {
			w.hold(t, lawsuit)
		}
		first := true
		w.onTag = func() {
			if first {
				first = false
				if placed {
					w.hold(t, lawsuit)
				} else {
					w.hold(t, nil)
				}
			}
		}
		x := w.finisher()
		if _, err := x.Rejected(t.Context(), w.job(), file.MalwareDetected, nil); err != nil {
			t.Fatal(err)
		}
		f := w.record(t)
		if f.SweepAt.IsZero() {
			t.Fatalf("placed %v: nobody looks at it any more: %+v", placed, f)
		}
		if _, err := x.Rejected(t.Context(), verify.JobFor(f), f.Reason, f.Verdict); err != nil { // as the sweeper does
			t.Fatal(err)
		}
		want := file.Refused
		if placed {
			want = file.Held
		}
		if last := w.tags[len(w.tags)-1]; last != want || !w.record(t).SweepAt.IsZero() {
			t.Errorf("placed %v: tags %v, %+v", placed, w.tags, w.record(t))
		}
	}
}

// The record says which came first, so that no hold is answered for bytes that are
// being deleted.
func TestAHoldThatComesAfterTheRejectionOfBytesToDeleteIsRefused(t *testing.T) {
	w := newWorld(t, file.Verifying)
	x := w.finisher()
	x.Policy.RejectedBytes = policy.DeleteRejected
	if _, err := x.Rejected(t.Context(), w.job(), file.MalwareDetected, nil); err != nil {
		t.Fatal(err)
	}
	f := w.record(t)
	_, err := w.Hold(t.Context(), f, file.Holding{Hold: lawsuit, Revision: f.Revision, At: now.Add(time.Second)})
	if _, conflict := file.Conflict(err); !conflict || len(w.deleted) != 1 {
		t.Errorf("%v, deleted %v", err, w.deleted)
	}
}
