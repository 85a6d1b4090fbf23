package erasure

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vouch-s3/vouch/shared/deletion"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/verify"
)

const (
	// PageSize is how many records a step looks after.
	PageSize = 250

	// concurrency is how many of them at a time.
	concurrency = 16

	// PagesPerExecution is how many steps an execution is handed. Each makes 9 events
	// of its history, and three more for each retry; 25,000 events end an execution
	// ("Step Functions service quotas", AWS Step Functions Developer Guide).
	PagesPerExecution = 1000

	// Pause is many times what an index of DynamoDB is mostly behind its table.
	Pause = 5 * time.Second

	// CallsEnd is longer than a function may run that notes what it gives out of a
	// file: what it notes at the latest is there when histories are removed.
	CallsEnd = 12 * time.Second

	// races is how often a record is looked at anew that was written meanwhile.
	races = 5
)

// Records are those of all files.
type Records interface {
	deletion.Records

	// List lists an owner's files that are not deleted.
	List(ctx context.Context, q file.Query) (files []file.File, next string, err error)

	// Naming lists up to limit records that name the owner, of every status, behind
	// cursor, and returns where to go on, empty at the end.
	Naming(ctx context.Context, owner, cursor string, limit int) (files []file.File, next string, err error)

	// Forget replaces the record of f, which is deleted, with its Tombstone, which
	// the store may forget itself at purgeAt. It applies only to a record that has
	// still f's revision, and fails with a *file.ConflictError or file.ErrNotFound.
	Forget(ctx context.Context, f file.File, at, purgeAt time.Time) error
}

// Event is one event of a file's history, by its key.
type Event struct{ FileID, ID string }

// Histories are the events that are kept of files.
type Histories interface {
	// Forget removes those of the file, until there is none, and returns how many.
	Forget(ctx context.Context, fileID string) (events int, err error)

	// Naming lists up to limit events of files of the owner, behind cursor, and
	// returns where to go on, empty at the end.
	Naming(ctx context.Context, owner, cursor string, limit int) (page []Event, next string, err error)

	// Remove removes one; removing none is no error.
	Remove(ctx context.Context, e Event) error
}

// Stored is something in the bucket that a key leads to: an object version or a
// delete marker with this VersionID, or an upload in parts with this UploadID.
type Stored struct {
	Key                 string
	VersionID, UploadID string
}

// Bucket holds the objects.
type Bucket interface {
	// Versions lists a page of the versions and delete markers under prefix, behind
	// cursor, and returns where to go on, empty at the end. It is never behind what
	// was written.
	Versions(ctx context.Context, prefix, cursor string) (page []Stored, next string, err error)

	// Uploads lists the uploads in parts likewise.
	Uploads(ctx context.Context, prefix, cursor string) (page []Stored, next string, err error)

	// DeleteVersion removes one version for good; removing none is no error.
	DeleteVersion(ctx context.Context, key, versionID string) error

	// AbortUploads ends every upload in parts under a key, the one with uploadID
	// among them; ending none is no error.
	AbortUploads(ctx context.Context, key, uploadID string) error
}

// Eraser is the step that removes.
type Eraser struct {
	Ledger    Ledger
	Records   Records
	Histories Histories
	Bucket    Bucket
	Deleter   deletion.Deleter
	Workflow  Workflow
	Policy    policy.Policy
	Now       func() time.Time

	Pause time.Duration // between a write and a look by an index
}

// Page removes the next page of what the erasure is to remove. An execution that has
// been handed its share starts the next one in its place, and is done.
func (x Eraser) Page(ctx context.Context, t Task) (Step, error) {
	e, err := x.Ledger.Get(ctx, t.Erasure)
	if err != nil {
		return unknown(t, err)
	}
	if e.Status == Erasing && e.Part == t.Part && e.Pages >= PagesPerExecution {
		if e, err = x.Ledger.Save(ctx, nextPart(e)); err != nil {
			return Step{}, err
		}
	}
	if e.Status != Erasing || e.Part != t.Part {
		return Step{Task: t, Next: Done}, x.handOver(ctx, e)
	}
	wait, err := x.phase(ctx, &e)
	if err != nil {
		return Step{}, fmt.Errorf("erasure %s, %s: %w", e.ID, e.Phase, err)
	}
	e.Pages++
	e.UpdatedAt = x.Now().UTC()
	if e, err = x.Ledger.Save(ctx, e); err != nil {
		return Step{}, fmt.Errorf("write down how far erasure %s is: %w", e.ID, err)
	}
	next := Erase
	switch e.Phase {
	case Closing, Proving, Proven, Leaving:
		next = Prove
	}
	return Step{Task: t, Next: next, Wait: seconds(wait)}, nil
}

// unknown answers for a step that cannot read its erasure with err. One that there is
// none of no retry brings back.
func unknown(t Task, err error) (Step, error) {
	if file.CodeOf(err) == file.CodeNoErasure {
		return Step{Task: t, Next: Fail}, nil
	}
	return Step{}, err
}

// handOver makes sure that the execution runs in which e goes on.
func (x Eraser) handOver(ctx context.Context, e Erasure) error {
	if e.Status != Erasing {
		return nil
	}
	err := x.Workflow.StartErasure(ctx, execution(e), taskOf(e))
	if errors.Is(err, verify.ErrAlreadyEnded) {
		return nil // an earlier attempt of this very step has started it
	}
	return err
}

// phase does the next page of e's phase, and says how long to wait then.
func (x Eraser) phase(ctx context.Context, e *Erasure) (time.Duration, error) {
	switch e.Phase {
	case Deleting:
		return x.deletePage(ctx, e)
	case Clearing:
		return x.clearPage(ctx, e)
	case Sweeping:
		return x.sweepPage(ctx, e)
	case Closing, Proving, Proven, Leaving:
		return 0, nil
	}
	return 0, fmt.Errorf("there is no phase %q", e.Phase)
}

// deletePage deletes a page of the files that are not deleted, and after the last one
// waits for calls to end that may have read a record before it was.
func (x Eraser) deletePage(ctx context.Context, e *Erasure) (time.Duration, error) {
	files, next, err := x.Records.List(ctx, file.Query{Owner: e.Owner, Limit: PageSize, After: e.Cursor})
	if err != nil {
		return 0, err
	}
	err = each(ctx, files, func(f file.File) error { return x.remove(ctx, f) })
	if err != nil {
		return 0, err
	}
	if e.Cursor = next; next != "" {
		return 0, nil
	}
	e.Phase = Clearing
	return CallsEnd, nil
}

// remove deletes f, unless it is under a hold, or its record is forgotten already.
func (x Eraser) remove(ctx context.Context, f file.File) error {
	err := x.Deleter.Remove(ctx, f)
	if code := file.CodeOf(err); code == file.CodeNotFound || code == file.CodeOnHold {
		return nil
	}
	return err
}

// clearPage clears a page of the records that name the owner. Those whose URLs may
// still bring bytes keep what they have until then, and the phase begins anew.
func (x Eraser) clearPage(ctx context.Context, e *Erasure) (time.Duration, error) {
	files, next, err := x.Records.Naming(ctx, e.Owner, e.Cursor, PageSize)
	if err != nil {
		return 0, err
	}
	quiet := make(chan time.Time, len(files))
	removed, err := counted(ctx, files, func(f file.File) (Counts, error) {
		c, quietAt, err := x.clear(ctx, e.Owner, f.ID)
		quiet <- quietAt
		return c, err
	})
	if err != nil {
		return 0, err
	}
	e.Counts = e.Counts.plus(removed)
	close(quiet)
	for at := range quiet {
		if at.After(e.QuietAt) {
			e.QuietAt = at
		}
	}
	if e.Cursor = next; next != "" {
		return 0, nil
	}
	if wait := e.QuietAt.Sub(x.Now()); wait > 0 {
		return wait, nil
	}
	e.Phase = Sweeping
	return 0, nil
}

// clear removes what is kept of a deleted file of the owner: its history, then all but
// the tombstone of its record. The record comes last, since it is what leads to the
// history, and only if nobody has written it since, so that what was written has left
// none. Bytes that have come since the deletion are the sweep's. Where a URL may still
// bring some, it returns until when, and leaves both. A file that was deleted by no
// page is deleted first.
func (x Eraser) clear(ctx context.Context, owner, id string) (removed Counts, quietAt time.Time, err error) {
	for range races {
		f, err := x.Records.Get(ctx, id)
		if file.CodeOf(err) == file.CodeNotFound {
			return removed, time.Time{}, nil // forgotten by its time
		}
		if err != nil {
			return removed, time.Time{}, err
		}
		if f.Owner != owner || held(f) {
			return removed, time.Time{}, nil // the index is behind, or the file is left
		}
		if f.Status != file.Deleted {
			if err := x.remove(ctx, f); err != nil {
				return removed, time.Time{}, err
			}
			continue
		}
		now := x.Now().UTC()
		if quiet := deletion.Quiet(f, x.Policy); quiet.After(now) {
			return removed, quiet, nil
		}
		n, err := x.Histories.Forget(ctx, id)
		removed.Events += n
		if err != nil {
			return removed, time.Time{}, err
		}
		err = x.Records.Forget(ctx, f, now, now.Add(x.Policy.PurgeAfter))
		if err == nil {
			removed.Files++
			return removed, time.Time{}, nil
		}
		if _, moved := file.Conflict(err); !moved && file.CodeOf(err) != file.CodeNotFound {
			return removed, time.Time{}, err
		}
	}
	return removed, time.Time{}, fmt.Errorf("clear the record of file %s: it was written %d times meanwhile", id, races)
}

// seconds rounds d up.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
