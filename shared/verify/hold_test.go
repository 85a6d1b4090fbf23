package verify_test

import (
	"errors"
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

// A hold that is placed or released while a version is tagged by the record of
// before has it tagged once more, and where that fails the sweeper has it on its list.
func TestAHoldWhileARejectedVersionIsTaggedIsCaughtUpWith(t *testing.T) {
	for _, placed := range []bool{true, false} {
		for _, fails := range []bool{false, true} {
			w := newWorld(t, file.Verifying)
			if !placed {
				w.hold(t, lawsuit)
			}
			fault, tags := errors.New("throttled"), 0
			w.onTag = func() {
				if tags++; tags > 1 {
					if fails {
						w.failTag = fault
					}
					return
				}
				if placed {
					w.hold(t, lawsuit)
				} else {
					w.hold(t, nil)
				}
			}
			x := w.finisher()
			_, err := x.Rejected(t.Context(), w.job(), file.MalwareDetected, nil)
			f := w.record(t)
			if fails != errors.Is(err, fault) || f.SweepAt.IsZero() == fails {
				t.Fatalf("placed %v, fails %v: %v, %+v", placed, fails, err, f)
			}
			if w.failTag = nil; fails {
				w.onTag = nil
				if _, err := x.Rejected(t.Context(), verify.JobFor(f), f.Reason, f.Verdict); err != nil { // as the sweeper does
					t.Fatal(err)
				}
			}
			want := file.Refused
			if placed {
				want = file.Held
			}
			if last := w.tags[len(w.tags)-1]; last != want || !w.record(t).SweepAt.IsZero() || len(w.events) != 1 {
				t.Errorf("placed %v, fails %v: tags %v, events %v, %+v", placed, fails, w.tags, w.events, w.record(t))
			}
		}
	}
}

// An attempt that is late has read the record before the hold, which the one before
// has settled: nobody would look at it any more.
func TestALateAttemptTakesNoHoldBack(t *testing.T) {
	w := newWorld(t, file.Verifying)
	x := w.finisher()
	if _, err := x.Rejected(t.Context(), w.job(), file.MalwareDetected, nil); err != nil {
		t.Fatal(err)
	}
	first := true
	w.onTag = func() {
		if first {
			first = false
			w.hold(t, lawsuit)
		}
	}
	if _, err := x.Rejected(t.Context(), w.job(), file.MalwareDetected, nil); err != nil {
		t.Fatal(err)
	}
	if last := w.tags[len(w.tags)-1]; last != file.Held {
		t.Errorf("tags %v", w.tags)
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
