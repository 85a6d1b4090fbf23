package retention

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
)

// HoldRecords reads records, and writes holds.
type HoldRecords interface {
	// Get reads a record, or returns file.ErrNotFound.
	Get(ctx context.Context, id string) (file.File, error)

	// Hold applies h to the record f as file.Holding says.
	Hold(ctx context.Context, f file.File, h file.Holding) (file.File, error)

	// Settle takes a record that still has f's revision off the sweeper's list,
	// and otherwise leaves it alone.
	Settle(ctx context.Context, f file.File) error
}

// Tagger marks one version of an object, or returns file.ErrNotFound where it is gone.
type Tagger interface {
	Tag(ctx context.Context, key, versionID string, outcome file.Outcome) error
}

// Holder puts files on hold. Who may is for its caller to say: a hold reaches the
// files of every owner.
type Holder struct {
	Records HoldRecords
	Objects Tagger
	Policy  policy.Policy
	Now     func() time.Time
}

// Place puts the file with the id on hold for a reason, in the place of a hold for
// another reason, and reports whether it had none. From its answer on nothing deletes
// the file or its bytes. A hold that is there already is left as it is.
//
// It returns file.ErrNotFound, a *file.Error with file.CodeInvalidRequest for what is
// no reason, file.CodeNotUploaded where there are no bytes yet, and file.CodeClosed
// where they are gone, or their deletion has begun.
func (h Holder) Place(ctx context.Context, by access.Principal, id, reason string) (held file.File, created bool, err error) {
	if err := checkReason(reason); err != nil {
		return file.File{}, false, err
	}
	before, held, err := h.change(ctx, id, reason, func(f file.File, now time.Time) (*file.Hold, error) {
		if f.Hold != nil && f.Hold.Reason == reason {
			return f.Hold, nil
		}
		return &file.Hold{Reason: reason, By: by.Subject, At: now.Truncate(time.Millisecond)}, holdable(f)
	})
	if err == nil && held.Hold == nil {
		err = closed(held, "The file is rejected, and its bytes are gone.")
	}
	if err != nil {
		return file.File{}, false, err
	}
	return held, before.Hold == nil, nil
}

// Release takes the hold off for a reason, so that whoever may delete the file can,
// its time ends it, and what is rejected goes the way of all that is. It is no error
// that there is none. It returns file.ErrNotFound, and a *file.Error with
// file.CodeInvalidRequest for what is no reason.
func (h Holder) Release(ctx context.Context, id, reason string) error {
	if err := checkReason(reason); err != nil {
		return err
	}
	_, _, err := h.change(ctx, id, reason, func(file.File, time.Time) (*file.Hold, error) { return nil, nil })
	return err
}

// change replaces the hold of a file by the one that decide returns, nil for none, and
// writes nothing where that is the one it has. It returns the record as decide went
// by it, and as it is then.
func (h Holder) change(ctx context.Context, id, reason string, decide func(f file.File, now time.Time) (*file.Hold, error)) (before, after file.File, err error) {
	if !file.ValidID(id) {
		return file.File{}, file.File{}, file.ErrNotFound
	}
	doing := "write the hold of file " + id
	err = file.Anew(doing, func() error {
		now := h.Now().UTC()
		f, err := h.Records.Get(ctx, id)
		if err != nil {
			return err
		}
		hold, err := decide(f, now)
		before, after = f, f
		if err != nil || hold == f.Hold {
			return err
		}
		after, err = h.write(ctx, f, hold, reason, now)
		if err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		return nil
	})
	return before, after, err
}

// write puts the hold on f, or takes it off. The version of a rejected file has a tag
// by which the object store forgets it, or a tag that says it must not: so the tag is
// changed too, and the record is on the sweeper's list until it is. Where it was on
// that list already, it stays there, and whoever is at it tags the version: if they
// have read the record before, they cannot take it off, and it is tagged once more.
func (h Holder) write(ctx context.Context, f file.File, hold *file.Hold, reason string, now time.Time) (file.File, error) {
	holding := file.Holding{Hold: hold, Reason: reason, Revision: f.Revision, At: now}
	tagged := f.Status == file.Rejected && (f.Hold == nil) != (hold == nil)
	if tagged {
		holding.SweepAt = now.Add(h.Policy.VerifyWithin)
	}
	held, err := h.Records.Hold(ctx, f, holding)
	if err != nil || !tagged || !f.SweepAt.IsZero() {
		return held, err
	}
	outcome := file.Refused
	if hold != nil {
		outcome = file.Held
	}
	err = h.Objects.Tag(ctx, f.Key, f.VersionID, outcome)
	if file.CodeOf(err) == file.CodeNotFound {
		// The object store has forgotten the version. A hold on it would say that
		// something is kept.
		err = nil
		if hold != nil {
			held, err = h.Records.Hold(ctx, held, file.Holding{Reason: forgotten, Revision: held.Revision, At: now})
		}
	}
	if err != nil {
		return file.File{}, fmt.Errorf("tag the object: %w", err)
	}
	if err := h.Records.Settle(ctx, held); err != nil {
		return file.File{}, fmt.Errorf("take it off the sweeper's list: %w", err)
	}
	return held, nil
}

// forgotten is why a hold is taken off again that nobody has been told of.
const forgotten = "the object store has no such version any more"

// holdable says whether f can be on hold.
func holdable(f file.File) error {
	switch {
	case f.Status == file.Pending:
		return &file.Error{
			Code: file.CodeNotUploaded, Status: f.Status,
			Detail: "No bytes have arrived for this file.", Accepted: "a file that has bytes to keep",
		}
	case !slices.Contains(file.Holdable(), f.Status):
		return closed(f, fmt.Sprintf("The file is %s.", f.Status))
	case f.Discarded:
		return closed(f, "The file is rejected, and its bytes are deleted.")
	}
	return nil
}

func checkReason(reason string) error {
	if reason == "" || len(reason) > file.MaxReasonBytes || !utf8.ValidString(reason) || strings.ContainsFunc(reason, unicode.IsControl) {
		return &file.Error{
			Code: file.CodeInvalidRequest, Field: "reason", Detail: "That is no reason.",
			Accepted: fmt.Sprintf("1 to %d bytes of UTF-8 without control characters", file.MaxReasonBytes),
		}
	}
	return nil
}
