package upload

import (
	"context"
	"fmt"
	"time"

	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/file"
)

// resume answers for f, which an attempt before has made and may not have told
// anybody of. It is the same file and ends when it would have: what is signed
// anew lives as long as the first was to.
func (c Creator) resume(ctx context.Context, owner string, f file.File) (file.File, Instructions, error) {
	if f.Owner != owner {
		return file.File{}, Instructions{}, fmt.Errorf("file %s of an attempt before is another's", f.ID)
	}
	life := f.UploadExpiresAt.Sub(c.Now()).Truncate(time.Second) // as URLs count it
	if f.Status != file.Pending || life <= 0 || f.Over(c.Now()) {
		return file.File{}, Instructions{}, &file.Error{
			Code: file.CodeClosed, Detail: "The file that was asked for with this key takes no bytes any more.",
			Accepted: "another Idempotency-Key, for another file", Status: f.Status,
		}
	}
	if f.Method != file.Multipart {
		instructions, err := c.presign(ctx, f, life)
		if err != nil {
			return file.File{}, Instructions{}, fmt.Errorf("presign the upload of %s: %w", f.ID, err)
		}
		if err := c.note(ctx, f, instructions); err != nil {
			return file.File{}, Instructions{}, err
		}
		return f, instructions, nil
	}
	if f.UploadID == "" {
		// S3 may have begun an upload that was not noted. Nobody can have sent it
		// anything, and the bucket's lifecycle ends it.
		var err error
		if f, err = c.beginUpload(ctx, f); err != nil {
			return file.File{}, Instructions{}, err
		}
	}
	return f, Instructions{}, nil
}

// note has the trail tell of what was signed once more, before it is given out.
func (c Creator) note(ctx context.Context, f file.File, i Instructions) error {
	e, err := audit.Of(ctx, f, audit.UploadPresigned, c.Now())
	if err != nil {
		return err
	}
	e.ExpiresAt, e.URLs = i.ExpiresAt, 1
	if err := c.Records.Note(ctx, e); err != nil {
		return fmt.Errorf("note the upload of %s: %w", f.ID, err)
	}
	return nil
}
