package file

import (
	"slices"
	"time"
)

// Hold keeps a file: nobody deletes it, and nothing of it goes by itself, until
// the hold is released.
type Hold struct {
	Reason string
	By     string // the subject who put it on
	At     time.Time
}

// MaxReasonBytes is the longest reason of a hold or a release, in bytes of UTF-8.
const MaxReasonBytes = 512

// Over reports whether f is past its time at now. Nothing of it is presigned any
// more then, be it on hold or not.
func (f File) Over(now time.Time) bool { return !f.ExpiresAt.IsZero() && !now.Before(f.ExpiresAt) }

// DeleteAt is when f is deleted by itself: at the end of its time, but not while it
// is on hold, and not where nothing is left to delete. The zero time is for never.
// A store lists by it, and by nothing else, what retention deletes.
func (f File) DeleteAt() time.Time {
	if f.Hold != nil || !slices.Contains(Shareable(), f.Status) {
		return time.Time{}
	}
	return f.ExpiresAt
}

// Holdable lists the statuses in which a file can be on hold: those in which it has
// bytes. What has not arrived expires by itself.
func Holdable() []Status { return []Status{Uploaded, Verifying, Ready, Rejected} }

// Retention is how long a file is to be kept from now on. It is no Change, since no
// status follows another: a store applies it only to a record that still has this
// Revision and is neither expired nor deleted, and otherwise fails with a
// *ConflictError that carries the record as it stands.
type Retention struct {
	ExpiresAt time.Time // of whole milliseconds; the zero time for as long as nobody deletes it
	Revision  int64
	At        time.Time
}

// AllowsRetention reports whether r may be applied to f as f stands.
func (f File) AllowsRetention(r Retention) bool {
	return f.Revision == r.Revision && slices.Contains(Shareable(), f.Status)
}

// Retained returns what r makes of f.
func (f File) Retained(r Retention) File {
	f.ExpiresAt, f.UpdatedAt = r.ExpiresAt, r.At
	f.Revision++
	return f
}

// Holding puts a hold on a file, in the place of the one that it has, or takes it
// off. It is no Change either: a store applies it only to a record that still has
// this Revision, is in one of Holdable and is not Discarded, and otherwise fails
// with a *ConflictError that carries the record as it stands.
type Holding struct {
	Hold     *Hold  // nil takes it off
	Reason   string // why it is taken off; told to the trail only
	Revision int64
	At       time.Time

	// SweepAt is when the sweeper looks at a record next that has nothing else
	// left to do; it changes none that has.
	SweepAt time.Time
}

// AllowsHolding reports whether h may be applied to f as f stands.
func (f File) AllowsHolding(h Holding) bool {
	return f.Revision == h.Revision && slices.Contains(Holdable(), f.Status) && !f.Discarded
}

// Holds returns what h makes of f.
func (f File) Holds(h Holding) File {
	f.Hold, f.UpdatedAt = h.Hold, h.At
	if f.SweepAt.IsZero() {
		f.SweepAt = h.SweepAt
	}
	f.Revision++
	return f
}
