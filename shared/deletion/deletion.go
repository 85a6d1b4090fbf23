// Package deletion takes a file away for good, at any point of its life.
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
// error. It returns file.ErrNotFound and file.CodeForbidden as access.Load does.
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

// Remove is Delete for whoever has decided already that f is to go.
func (d Deleter) Remove(ctx context.Context, f file.File) error {
	if f.Status != file.Deleted {
		now := d.Now().UTC()
		dead := later(now, f.UploadExpiresAt)
		if f.Method == file.Multipart {
			dead = now.Add(d.Policy.UploadLife)
		}
		_, err := d.Records.Change(ctx, f.ID, file.Change{
			To:      file.Deleted,
			At:      now,
			SweepAt: dead.Add(d.Policy.ArrivalGrace),
			PurgeAt: now.Add(d.Policy.PurgeAfter),
		})
		if current, moved := file.Conflict(err); moved && current.Status == file.Deleted {
			err = nil // somebody was quicker
		}
		if err != nil {
			return fmt.Errorf("mark file %s deleted: %w", f.ID, err)
		}
	}
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

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
