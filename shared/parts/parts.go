// Package parts is how a file that is sent in parts gets to S3: the URLs that its
// parts are sent to, the list of those that are there, and the one call that puts
// them together, after which the file goes the way of every other.
package parts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
)

// What the object store says of an upload in parts that is neither success nor a
// failure of its own.
var (
	ErrNoUpload     = errors.New("there is no such upload in parts")                  // put together before, or aborted
	ErrObjectExists = errors.New("there is an object under that key")                 // whoever put it there
	ErrBusy         = errors.New("the object is being written at the same time")      // by another call
	ErrPartChanged  = errors.New("a part is not as it was listed")                    // it was sent again
	ErrBadChecksum  = errors.New("the parts together do not have the checksum given") // nothing was put together
)

// Holder lists the parts that the object store holds.
type Holder interface {
	// Held returns a page of the parts with a number over after, by their number,
	// and whether there are more. It returns ErrNoUpload when the store has no
	// such upload (any more).
	Held(ctx context.Context, key, uploadID string, after int) (held []file.Part, more bool, err error)
}

// open returns the file with the id if p may send its bytes and parts of it may
// be sent at now. It returns file.ErrNotFound and file.CodeForbidden as access.Load
// does, and a *file.Error with file.CodeNotMultipart or file.CodeClosed.
func open(ctx context.Context, records access.Records, p access.Principal, id string, now time.Time) (file.File, error) {
	f, err := access.Load(ctx, records, p, id, access.Send, now)
	switch {
	case err != nil:
		return file.File{}, err
	case f.Method != file.Multipart:
		return file.File{}, notMultipart(f)
	case f.Status != file.Pending:
		return file.File{}, closed(f, fmt.Sprintf("The file is %s.", f.Status))
	}
	return f, live(f, now)
}

// live says whether the upload of f, which is pending, was begun and has not
// expired at now, and neither has the file.
func live(f file.File, now time.Time) error {
	switch {
	case f.UploadID == "":
		return closed(f, "The upload was never begun.")
	case !now.Before(f.UploadExpiresAt):
		return closed(f, "The upload has expired.")
	case f.Over(now):
		return closed(f, "The file's time is over.")
	}
	return nil
}

func closed(f file.File, detail string) error {
	return &file.Error{Code: file.CodeClosed, Status: f.Status, Detail: detail, Accepted: "a new upload"}
}

func notMultipart(f file.File) error {
	return &file.Error{
		Code: file.CodeNotMultipart, Status: f.Status,
		Detail: fmt.Sprintf("The file is sent by %s.", f.Method), Accepted: "a file of the method " + string(file.Multipart),
	}
}

// gone is that the store has no upload for f, which is pending, though it had.
func gone(f file.File) error {
	return closed(f, "S3 does not have the upload any more: it is being put together, or was given up.")
}
