package upload

import (
	"context"
	"fmt"

	"github.com/vouch-s3/vouch/shared/file"
)

// Beginner begins an upload in parts under key at the object store, and returns
// the store's id of it.
type Beginner interface {
	BeginUpload(ctx context.Context, key, contentType string) (uploadID string, err error)
}

// begin writes the pending record of f, which is to be sent in parts, and has
// the store begin the upload.
//
// The record is first, so that nothing is begun that nobody knows of. What stops
// in between leaves a record that expires as one whose URL was never used, and
// the store's uploads are then looked for by their key.
func (c Creator) begin(ctx context.Context, f file.File) (file.File, error) {
	f.UploadExpiresAt = f.CreatedAt.Add(c.Policy.UploadLife)
	f.SweepAt = f.UploadExpiresAt.Add(c.Policy.ArrivalGrace)
	if err := c.Records.Create(ctx, f); err != nil {
		return file.File{}, fmt.Errorf("write the record of %s: %w", f.ID, err)
	}
	return c.beginUpload(ctx, f)
}

// beginUpload has the store begin the upload of f, whose record is there.
func (c Creator) beginUpload(ctx context.Context, f file.File) (file.File, error) {
	uploadID, err := c.Uploads.BeginUpload(ctx, f.Key, f.ContentType)
	if err != nil {
		return file.File{}, fmt.Errorf("begin the upload of %s: %w", f.ID, err)
	}
	now := c.Now().UTC()
	expiresAt := now.Add(c.Policy.Multipart.Life)
	begun, err := c.Records.Begin(ctx, f.ID, file.Begun{
		UploadID: uploadID, ExpiresAt: expiresAt, SweepAt: expiresAt.Add(c.Policy.ArrivalGrace), At: now,
	})
	if current, moved := file.Conflict(err); moved && current.Status == file.Pending && current.UploadID == uploadID {
		return current, nil // written by an attempt that was not answered
	}
	if err != nil {
		return file.File{}, fmt.Errorf("write that the upload of %s is begun: %w", f.ID, err)
	}
	return begun, nil
}
