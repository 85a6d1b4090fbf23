package file

import (
	"slices"
	"testing"
	"time"
)

// Retention deletes what is past its time and is there, and nothing on hold: spelt
// out status by status.
func TestRetentionDeletesWhatIsThereAndOnNoHold(t *testing.T) {
	at := time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)
	for status, deletes := range map[Status]bool{
		Pending: true, Uploaded: true, Verifying: true, Ready: true, Rejected: true, Expired: false, Deleted: false,
	} {
		for _, hold := range []*Hold{nil, {Reason: "a lawsuit"}} {
			for _, expires := range []time.Time{{}, at} {
				f := File{Status: status, ExpiresAt: expires, Hold: hold}
				want := time.Time{}
				if deletes && hold == nil {
					want = expires
				}
				if got := f.DeleteAt(); !got.Equal(want) {
					t.Errorf("%s, hold %v, kept until %v: deleted at %v", status, hold != nil, expires, got)
				}
				if over := f.Over(at); over != expires.Equal(at) || f.Over(at.Add(-1)) {
					t.Errorf("kept until %v: over %v", expires, over)
				}
			}
		}
	}
}

func TestAFileOnHoldBecomesAnythingButDeleted(t *testing.T) {
	for _, from := range Statuses() {
		for _, to := range Statuses() {
			held := File{Status: from, Hold: &Hold{Reason: "a lawsuit"}}.Allows(Change{To: to})
			if want := from.CanBecome(to) && to != Deleted; held != want {
				t.Errorf("on hold: %s to %s: %v, want %v", from, to, held, want)
			}
		}
	}
}

func TestAChangeOfARevisionIsOfThatOnly(t *testing.T) {
	f := File{Status: Ready, Revision: 3}
	for revision, want := range map[int64]bool{0: true, 2: false, 3: true, 4: false} {
		if got := f.Allows(Change{To: Deleted, IfRevision: revision}); got != want {
			t.Errorf("revision %d: %v", revision, got)
		}
	}
}

// Which of a hold and the deletion of rejected bytes was first, the record says.
func TestAHoldAndTheDeletionOfRejectedBytesExcludeEachOther(t *testing.T) {
	discard := Change{To: Rejected, Discard: true}
	hold := Holding{Hold: &Hold{Reason: "a lawsuit"}, Revision: 2}
	f := File{Status: Ready, Revision: 1}
	discarded := f.After(discard)
	if !discarded.Discarded || discarded.AllowsHolding(hold) {
		t.Errorf("discarded first: %+v can be held", discarded)
	}
	hold.Revision = 1
	held := f.Holds(hold).After(discard)
	if held.Discarded || held.Hold == nil {
		t.Errorf("held first: %+v", held)
	}
	if kept := f.After(Change{To: Rejected}); kept.Discarded || !kept.AllowsHolding(Holding{Revision: 2}) {
		t.Errorf("%+v", kept)
	}
}

func TestAHoldIsForTheRevisionThatWasReadAndForWhatHasBytes(t *testing.T) {
	for _, s := range Statuses() {
		f := File{Status: s, Revision: 3}
		want := slices.Contains([]Status{Uploaded, Verifying, Ready, Rejected}, s)
		if got := f.AllowsHolding(Holding{Revision: 3}); got != want {
			t.Errorf("%s: %v", s, got)
		}
		if f.AllowsHolding(Holding{Revision: 2}) {
			t.Errorf("%s: by an older revision", s)
		}
	}
}

// A hold puts a record on the sweeper's list that is not on it, and takes none off
// it nor makes it wait.
func TestAHoldNeverDelaysTheSweeper(t *testing.T) {
	at := time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)
	for _, tt := range []struct{ is, asked, want time.Time }{
		{time.Time{}, time.Time{}, time.Time{}}, {time.Time{}, at, at}, {at, time.Time{}, at}, {at, at.Add(time.Hour), at},
	} {
		if got := (File{Status: Rejected, SweepAt: tt.is}).Holds(Holding{SweepAt: tt.asked}); !got.SweepAt.Equal(tt.want) {
			t.Errorf("%v with %v: %v", tt.is, tt.asked, got.SweepAt)
		}
	}
}
