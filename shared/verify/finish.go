package verify

import (
	"context"
	"fmt"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
)

// Tagger marks one object version with a verdict that the bucket policy can
// read. It returns file.ErrNotFound when the version is gone.
type Tagger interface {
	Tag(ctx context.Context, key, versionID string, verdict file.Status) error
}

// Publisher tells subscribers of an end state, at least once.
type Publisher interface {
	Publish(ctx context.Context, f file.File) error
}

// Finisher writes the verdict.
type Finisher struct {
	Records Records
	Objects Tagger
	Events  Publisher
	Policy  policy.Policy
	Now     func() time.Time
}

// Ready makes the verified version available: the tag that opens it first,
// then the record, then the event. Tried again after a crash between any two
// of them, it goes on where it stopped, so that whoever sees a ready record
// can download, and the event follows every ready record at least once.
func (x Finisher) Ready(ctx context.Context, j Job, checksum string) (Result, error) {
	f, err := read(ctx, x.Records, j)
	if err != nil {
		return Result{}, err
	}
	if f.VersionID != j.VersionID || f.Key != j.Key || !(f.Status == file.Verifying || f.Status == file.Ready) {
		return Result{Outcome: Superseded}, nil
	}
	if f.Status == file.Verifying {
		if err := file.CheckChecksum(checksum); err != nil {
			return Result{}, fmt.Errorf("mark file %s ready: %w", j.FileID, err)
		}
		if err := x.Objects.Tag(ctx, j.Key, j.VersionID, file.Ready); err != nil {
			return Result{}, fmt.Errorf("tag the object of %s: %w", j.FileID, err)
		}
		f, err = x.change(ctx, f, file.Change{To: file.Ready, ChecksumSHA256: checksum})
		if err != nil {
			return Result{}, err
		}
		if f.Status == file.Rejected && f.VersionID == j.VersionID {
			// The sweeper gave up on the file between the tag and the record, and
			// its tag may have come before ours.
			return x.Rejected(ctx, j, f.Reason)
		}
		if f.Status != file.Ready || f.VersionID != j.VersionID {
			return Result{Outcome: Superseded}, nil
		}
	}
	if err := x.Events.Publish(ctx, f); err != nil {
		return Result{}, fmt.Errorf("publish that %s is ready: %w", j.FileID, err)
	}
	return Result{Outcome: Passed}, nil
}

// Rejected closes the file for reason: the record first, so that nothing can
// make it ready any more, then the tag, then the event. It can be tried again
// like Ready.
func (x Finisher) Rejected(ctx context.Context, j Job, reason file.Reason) (Result, error) {
	if !reason.Valid() {
		return Result{}, fmt.Errorf("reject file %s: unknown reason %q", j.FileID, reason)
	}
	f, err := read(ctx, x.Records, j)
	if err != nil {
		return Result{}, err
	}
	if f.VersionID != j.VersionID || f.Key != j.Key {
		return Result{Outcome: Superseded}, nil
	}
	if f.Status == file.Uploaded { // the workflow gave up before its first step
		if f, err = beginVerifying(ctx, x.Records, f, x.Now().UTC(), x.Policy); err != nil {
			return Result{}, err
		}
	}
	if f.Status == file.Verifying {
		if f, err = x.change(ctx, f, file.Change{To: file.Rejected, Reason: reason}); err != nil {
			return Result{}, err
		}
	}
	if f.Status != file.Rejected || f.VersionID != j.VersionID {
		return Result{Outcome: Superseded}, nil
	}
	err = x.Objects.Tag(ctx, j.Key, j.VersionID, file.Rejected)
	if err != nil && file.CodeOf(err) != file.CodeNotFound {
		return Result{}, fmt.Errorf("tag the object of %s: %w", j.FileID, err)
	}
	if err := x.Events.Publish(ctx, f); err != nil {
		return Result{}, fmt.Errorf("publish that %s is rejected: %w", j.FileID, err)
	}
	return Result{Outcome: Failed, Reason: f.Reason}, nil
}

func (x Finisher) change(ctx context.Context, f file.File, c file.Change) (file.File, error) {
	c.At = x.Now().UTC()
	c.IfVersion = f.VersionID
	changed, err := x.Records.Change(ctx, f.ID, c)
	if current, moved := file.Conflict(err); moved {
		return current, nil
	}
	if err != nil {
		return file.File{}, fmt.Errorf("mark file %s %s: %w", f.ID, c.To, err)
	}
	return changed, nil
}
