// Package deletion takes a file away for good, at any point of its life: for whoever
// may delete it, or because its time is over.
package deletion

import (
	"context"
	"fmt"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
)

// Records reads and changes records.
type Records interface {
	access.Records
	Change(ctx context.Context, id string, c file.Change) (file.File, error)
}

// Objects removes every version of an object; removing none is no error.
type Objects interface {
	DeleteAll(ctx context.Context, key string) error
}

// Uploads ends every upload in parts under a key, the one with uploadID, which may
// be empty, among them; ending none is no error.
type Uploads interface {
	AbortUploads(ctx context.Context, key, uploadID string) error
}

// Deleter deletes files.
type Deleter struct {
	Records Records
	Objects Objects
	Uploads Uploads
	Policy  policy.Policy
	Now     func() time.Time
}

// Delete marks the file deleted and then removes its bytes, so that from the
// first moment no URL to them is given out any more. Deleting twice is no
// error. It returns file.ErrNotFound and file.CodeForbidden as access.Load does, and
// a *file.Error with file.CodeOnHold for a file on hold.
//
// Should the removal fail, or bytes still arrive by an upload URL that lives
// on, the sweeper removes them once that URL is dead. Parts have URLs of their
// own, which live shorter than their upload.
func (d Deleter) Delete(ctx context.Context, p access.Principal, id string) error {
	f, err := access.Load(ctx, d.Records, p, id, access.Delete, d.Now())
	if err != nil {
		return err
	}
	return d.Remove(ctx, f)
}

// Remove is Delete for whoever has decided already that f is to go. It removes none
// that is on hold either.
func (d Deleter) Remove(ctx context.Context, f file.File) error {
	if f.Status != file.Deleted {
		err := d.mark(ctx, f, file.Change{})
		if current, moved := file.Conflict(err); moved {
			switch {
			case current.Hold != nil:
				return onHold(current)
			case current.Status == file.Deleted:
				err = nil // somebody was quicker
			}
		}
		if err != nil {
			return fmt.Errorf("mark file %s deleted: %w", f.ID, err)
		}
	}
	return d.remove(ctx, f)
}

// Expire deletes the file with the id in the same way if its time is over and no
// hold is on it, and reports whether it did. Whether that is so it decides by the
// record as it is now, and the record is deleted only if nobody has written it
// since: a hold, or a longer time, that was answered before is never passed over.
func (d Deleter) Expire(ctx context.Context, id string) (bool, error) {
	f, err := d.Records.Get(ctx, id)
	if file.CodeOf(err) == file.CodeNotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if at := f.DeleteAt(); at.IsZero() || at.After(d.Now()) {
		return false, nil
	}
	err = d.mark(ctx, f, file.Change{IfRevision: f.Revision})
	if _, moved := file.Conflict(err); moved {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("mark file %s deleted: %w", id, err)
	}
	return true, d.remove(ctx, f)
}

// mark writes that f is deleted, by a change that is conditional as c is.
func (d Deleter) mark(ctx context.Context, f file.File, c file.Change) error {
	now := d.Now().UTC()
	dead := later(now, f.UploadExpiresAt)
	if f.Method == file.Multipart {
		dead = now.Add(d.Policy.UploadLife)
	}
	c.To, c.At = file.Deleted, now
	c.SweepAt, c.PurgeAt = dead.Add(d.Policy.ArrivalGrace), now.Add(d.Policy.PurgeAfter)
	_, err := d.Records.Change(ctx, f.ID, c)
	return err
}

// remove removes what there is of f, whose record says that it is deleted. No hold
// can come between.
func (d Deleter) remove(ctx context.Context, f file.File) error {
	if f.Method == file.Multipart {
		if err := d.Uploads.AbortUploads(ctx, f.Key, f.UploadID); err != nil {
			return fmt.Errorf("abort the upload of file %s: %w", f.ID, err)
		}
	}
	if err := d.Objects.DeleteAll(ctx, f.Key); err != nil {
		return fmt.Errorf("delete the object of file %s: %w", f.ID, err)
	}
	return nil
}

// Quiet is when no bytes of f can arrive any more that were sent by a URL, if f is
// deleted or has a status that takes none: when the last URL is dead, and what was
// begun in its life has had time to end. The last URL of a part is as young as the
// last moment at which the file was still waiting for parts.
func Quiet(f file.File, p policy.Policy) time.Time {
	dead := f.UploadExpiresAt
	if f.Method == file.Multipart {
		last := f.UpdatedAt
		if !f.UploadedAt.IsZero() {
			last = f.UploadedAt
		}
		if last.After(f.UploadExpiresAt) {
			last = f.UploadExpiresAt
		}
		dead = last.Add(p.UploadLife)
	}
	return dead.Add(p.ArrivalGrace)
}

func onHold(f file.File) error {
	return &file.Error{
		Code: file.CodeOnHold, Status: f.Status,
		Detail: "The file is on hold, and is not deleted.", Accepted: "the same call once an administrator has released the hold",
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
