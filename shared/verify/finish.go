package verify

import (
	"context"
	"fmt"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
)

// Marker acts on the object version that a verdict is about. Both its calls
// return file.ErrNotFound when the version is gone, or no error.
type Marker interface {
	// Tag marks the version with an outcome that the bucket policy can read.
	Tag(ctx context.Context, key, versionID string, outcome file.Outcome) error

	// DeleteVersion removes the version for good.
	DeleteVersion(ctx context.Context, key, versionID string) error
}

// Publisher tells subscribers of an end state, at least once.
type Publisher interface {
	Publish(ctx context.Context, f file.File) error
}

// Receipts signs the statement that the version pinned on f, whose checksum f
// carries, was verified with the verdict v.
type Receipts interface {
	Issue(ctx context.Context, f file.File, v file.Verdict) (string, error)
}

// VerdictRecords is what the Finisher needs of the records.
type VerdictRecords interface {
	Records

	// Renew replaces the verdict of a ready record, as file.Renewal says.
	Renew(ctx context.Context, id string, n file.Renewal) (file.File, error)

	// Settle takes a record that still has f's revision off the sweeper's list,
	// and otherwise leaves it alone: whoever wrote it has also decided that. It
	// counts as no revision, since nothing that anybody is told of changes.
	Settle(ctx context.Context, f file.File) error

	// Postpone sets SweepAt (the zero time: never again) of a record that still has
	// f's revision, and otherwise leaves it alone: whoever wrote it has also set a
	// new SweepAt. It counts as a revision.
	Postpone(ctx context.Context, f file.File, sweepAt time.Time) error
}

// Finisher writes the verdict.
type Finisher struct {
	Records  VerdictRecords
	Objects  Marker
	Events   Publisher
	Receipts Receipts // used by Ready only
	Scanners Scanners // used by Ready only
	Policy   policy.Policy
	Now      func() time.Time
}

// Ready makes the verified version available: the tag that opens it first,
// then the record with its receipt, then the event. Tried again after a crash
// between any two of them, it goes on where it stopped, so that whoever sees a
// ready record can download, and the event follows every ready record at least
// once; until it is out, the record stays on the sweeper's list. It is an error
// to be asked for it with a verdict that does not carry the word of every scanner
// that must be asked.
//
// For a job that is a re-scan, the file is ready and stays so, with v as its new
// verdict and a new receipt; no event follows, since nothing a subscriber acts
// on has changed.
func (x Finisher) Ready(ctx context.Context, j Job, checksum string, v *file.Verdict) (Result, error) {
	f, err := read(ctx, x.Records, j)
	if err != nil {
		return Result{}, err
	}
	if j.Rescan {
		return x.renew(ctx, j, f, checksum, v)
	}
	if about(f, j) && f.Status == file.Rejected {
		// The sweeper gave up on the file, maybe while an attempt of this step
		// tagged it.
		return x.Rejected(ctx, j, f.Reason, f.Verdict)
	}
	if !about(f, j) || !(f.Status == file.Verifying || f.Status == file.Ready) {
		return Result{Outcome: Superseded}, nil
	}
	if f.Status == file.Verifying {
		if f, err = x.open(ctx, f, checksum, v); err != nil {
			return Result{}, fmt.Errorf("mark file %s ready: %w", j.FileID, err)
		}
		if f.Status == file.Rejected && f.VersionID == j.VersionID {
			// The sweeper gave up on the file between the tag and the record, and
			// its tag may have come before ours.
			return x.Rejected(ctx, j, f.Reason, f.Verdict)
		}
		if f.Status != file.Ready || f.VersionID != j.VersionID {
			return Result{Outcome: Superseded}, nil
		}
	}
	if err := x.announce(ctx, f); err != nil {
		return Result{}, err
	}
	return Result{Outcome: Passed, Verdict: f.Verdict}, nil
}

// Announce publishes that a file is ready, where that is still outstanding: the
// workflow gave up on it, or is at it. The record is read again, for the
// sweeper's list may be of a moment ago.
func (x Finisher) Announce(ctx context.Context, j Job) error {
	f, err := read(ctx, x.Records, j)
	if err != nil {
		return err
	}
	if !about(f, j) || f.Status != file.Ready || f.SweepAt.IsZero() {
		return nil
	}
	return x.announce(ctx, f)
}

// announce publishes the end state of f, and then takes f off the sweeper's list.
func (x Finisher) announce(ctx context.Context, f file.File) error {
	if err := x.Events.Publish(ctx, f); err != nil {
		return fmt.Errorf("publish that %s is %s: %w", f.ID, f.Status, err)
	}
	if f.SweepAt.IsZero() {
		return nil
	}
	if err := x.Records.Settle(ctx, f); err != nil {
		return fmt.Errorf("take %s off the sweeper's list: %w", f.ID, err)
	}
	return nil
}

// open tags the version pinned on f and writes the record, or returns the
// record as another has left it.
func (x Finisher) open(ctx context.Context, f file.File, checksum string, v *file.Verdict) (file.File, error) {
	if err := file.CheckChecksum(checksum); err != nil {
		return file.File{}, err
	}
	if err := x.Scanners.check(v); err != nil {
		return file.File{}, err
	}
	receipt, err := x.receipt(ctx, f, checksum, v)
	if err != nil {
		return file.File{}, err
	}
	if err := x.Objects.Tag(ctx, f.Key, f.VersionID, v.Outcome); err != nil {
		return file.File{}, fmt.Errorf("tag the object: %w", err)
	}
	return x.change(ctx, f, file.Change{To: file.Ready, ChecksumSHA256: checksum, Verdict: v, Receipt: receipt})
}

// receipt issues the receipt of a verdict on the version pinned on f.
func (x Finisher) receipt(ctx context.Context, f file.File, checksum string, v *file.Verdict) (string, error) {
	f.ChecksumSHA256 = checksum
	receipt, err := x.Receipts.Issue(ctx, f, *v)
	if err != nil {
		return "", fmt.Errorf("issue the receipt: %w", err)
	}
	return receipt, nil
}

// Rejected closes the file for reason: the record first, so that nothing can
// make it ready any more, then the bytes, then the event. It can be tried again
// like Ready. The verdict is nil where verification did not get as far as one.
//
// Until the bytes are out of reach and the event is out, the record stays on the
// sweeper's list: its tag may say clean, and the sweeper itself may stop half way.
//
// A job that is a re-scan revokes a ready file, and only for what was found: to
// be asked to revoke one because no verdict could be had is an error.
func (x Finisher) Rejected(ctx context.Context, j Job, reason file.Reason, v *file.Verdict) (Result, error) {
	if !reason.Valid() {
		return Result{}, fmt.Errorf("reject file %s: unknown reason %q", j.FileID, reason)
	}
	if j.Rescan && !found(reason, v) {
		return Result{}, fmt.Errorf("revoke file %s: nothing was found in it (%s)", j.FileID, reason)
	}
	f, err := read(ctx, x.Records, j)
	if err != nil {
		return Result{}, err
	}
	if !about(f, j) {
		return Result{Outcome: Superseded}, nil
	}
	if f.Status == file.Uploaded && !j.Rescan { // the workflow gave up before its first step
		if f, err = beginVerifying(ctx, x.Records, f, x.Now().UTC(), x.Policy); err != nil {
			return Result{}, err
		}
	}
	if underway(f, j) {
		c := file.Change{To: file.Rejected, Reason: reason, Verdict: v, Discard: x.Policy.RejectedBytes == policy.DeleteRejected}
		if f, err = x.change(ctx, f, c); err != nil {
			return Result{}, fmt.Errorf("mark file %s rejected: %w", j.FileID, err)
		}
	}
	if f.Status != file.Rejected || f.VersionID != j.VersionID {
		return Result{Outcome: Superseded}, nil
	}
	if f, err = x.reopen(ctx, j, f); err != nil {
		return Result{}, fmt.Errorf("put %s on the sweeper's list once more: %w", j.FileID, err)
	}
	if !about(f, j) || f.Status != file.Rejected {
		return Result{Outcome: Superseded}, nil
	}
	if f, err = x.shut(ctx, j, f); err != nil {
		return Result{}, fmt.Errorf("put the object of %s out of reach: %w", j.FileID, err)
	}
	if err := x.announce(ctx, f); err != nil {
		return Result{}, err
	}
	return Result{Outcome: Failed, Reason: f.Reason, Verdict: f.Verdict}, nil
}

// reopen puts a rejected record back on the sweeper's list that an earlier attempt has
// taken off it, and returns it as it is then. Whoever tags the version once more could
// otherwise undo, and die before they see it, what a hold has tagged meanwhile, and
// nobody would look at the file again: from here on a hold leaves the list as it is.
func (x Finisher) reopen(ctx context.Context, j Job, f file.File) (file.File, error) {
	for range retags {
		if !about(f, j) || f.Status != file.Rejected || !f.SweepAt.IsZero() {
			return f, nil
		}
		if err := x.Records.Postpone(ctx, f, x.Now().UTC().Add(x.Policy.VerifyWithin)); err != nil {
			return file.File{}, err
		}
		var err error
		if f, err = read(ctx, x.Records, j); err != nil {
			return file.File{}, err
		}
	}
	return file.File{}, fmt.Errorf("it was written by others %d times meanwhile", retags)
}

// retags is how often a rejected version is tagged anew because its file was put on
// hold or released meanwhile.
const retags = 4

// shut puts the bytes of a rejected file out of reach, and on hold out of reach of
// whatever would delete them, and returns the record that it went by. What is to
// become of them the record says: a hold that came before the rejection keeps them,
// and none comes behind Discarded.
//
// The tag follows the record, which is read once more behind it: a file that was put
// on hold since has a version that says held, whoever tagged it last.
func (x Finisher) shut(ctx context.Context, j Job, f file.File) (file.File, error) {
	if f.Discarded {
		return f, gone(x.Objects.DeleteVersion(ctx, f.Key, f.VersionID))
	}
	for range retags {
		outcome := file.Refused
		if f.Hold != nil {
			outcome = file.Held
		}
		if err := gone(x.Objects.Tag(ctx, f.Key, f.VersionID, outcome)); err != nil {
			return file.File{}, err
		}
		now, err := read(ctx, x.Records, j)
		if err != nil {
			return file.File{}, err
		}
		if now.Status != file.Rejected || (now.Hold == nil) == (f.Hold == nil) {
			return f, nil // or deleted: its bytes go with it
		}
		f = now
	}
	return file.File{}, fmt.Errorf("it was put on hold and released %d times meanwhile", retags)
}

// gone is err, or nil where err says that there is no such version any more.
func gone(err error) error {
	if file.CodeOf(err) == file.CodeNotFound {
		return nil
	}
	return err
}

// change writes an end state, unless the file has moved on since f was read. It
// stays on the sweeper's list until it is announced.
func (x Finisher) change(ctx context.Context, f file.File, c file.Change) (file.File, error) {
	c.At = x.Now().UTC()
	c.SweepAt = c.At.Add(x.Policy.VerifyWithin)
	c.IfStatus, c.IfVersion = f.Status, f.VersionID
	changed, err := x.Records.Change(ctx, f.ID, c)
	if current, moved := file.Conflict(err); moved {
		return current, nil
	}
	return changed, err
}
