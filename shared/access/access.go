// Package access decides who may know of a file. Every call that names a file
// goes through Load, so that a file of somebody else and a file that never was
// are one and the same answer.
package access

import (
	"context"
	"crypto/subtle"

	"github.com/vouch-s3/vouch/shared/file"
)

// Records reads a record by its id and returns file.ErrNotFound when there is none.
type Records interface {
	Get(ctx context.Context, id string) (file.File, error)
}

// Load returns the file with the id if subject owns it. It returns
// file.ErrNotFound when there is no such file, when it is another's, when the
// id has not the form of one, and when there is no subject.
func Load(ctx context.Context, records Records, subject, id string) (file.File, error) {
	if subject == "" || !file.ValidID(id) {
		return file.File{}, file.ErrNotFound
	}
	f, err := records.Get(ctx, id)
	if err != nil {
		return file.File{}, err
	}
	if subtle.ConstantTimeCompare([]byte(f.Owner), []byte(subject)) != 1 {
		return file.File{}, file.ErrNotFound
	}
	return f, nil
}
