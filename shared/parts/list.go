package parts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
)

// Lister tells an owner which parts are there.
type Lister struct {
	Records access.Records
	Uploads Holder
	Now     func() time.Time
}

// List returns the file and a page of its parts that S3 holds with a number over
// after, by their number, and whether there are more. It returns file.ErrNotFound
// as access.Load does, and otherwise refuses with a *file.Error what
// file.CodeNotMultipart and CodeClosed say.
func (l Lister) List(ctx context.Context, p access.Principal, id string, after int) (f file.File, held []file.Part, more bool, err error) {
	if f, err = open(ctx, l.Records, p, id, l.Now()); err != nil {
		return file.File{}, nil, false, err
	}
	held, more, err = l.Uploads.Held(ctx, f.Key, f.UploadID, after)
	if errors.Is(err, ErrNoUpload) {
		return file.File{}, nil, false, gone(f)
	}
	if err != nil {
		return file.File{}, nil, false, fmt.Errorf("list the parts of %s: %w", id, err)
	}
	return f, held, more, nil
}
