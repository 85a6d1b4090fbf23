// Package retention says how long a file is kept: until a time that its owner, or
// whoever manages it, sets within the policy; and for as long as an administrator has
// it on hold, whatever that time is.
package retention

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
)

// Records reads records, and writes how long one is kept.
type Records interface {
	access.Records

	// Retain applies r to the record f as file.Retention says.
	Retain(ctx context.Context, f file.File, r file.Retention) (file.File, error)
}

// Retainer sets how long files are kept.
type Retainer struct {
	Records Records
	Policy  policy.Policy
	Now     func() time.Time
}

// Retain has the file kept until expiresAt, or for the zero time as long as nobody
// deletes it, and returns it. What is so already is left as it is.
//
// It returns file.ErrNotFound and file.CodeForbidden as access.Load does, and a
// *file.Error with file.CodeInvalidExpiry as policy.Policy.Expiry does; or
// file.CodeClosed for a file that is expired or deleted, or whose time is over: it
// may be deleted at any moment, and nothing brings it back.
func (t Retainer) Retain(ctx context.Context, p access.Principal, id string, expiresAt time.Time) (retained file.File, err error) {
	doing := "write how long file " + id + " is kept"
	err = file.Anew(doing, func() error {
		now := t.Now().UTC()
		f, err := access.Load(ctx, t.Records, p, id, access.SetRetention, now)
		if err != nil {
			return err
		}
		if !slices.Contains(file.Shareable(), f.Status) {
			return closed(f, fmt.Sprintf("The file is %s.", f.Status))
		}
		if f.Over(now) {
			return closed(f, "The file's time is over.")
		}
		until, err := t.Policy.Expiry(expiresAt, f.CreatedAt, now)
		if err != nil {
			return err
		}
		if retained = f; f.ExpiresAt.Equal(until) {
			return nil
		}
		retained, err = t.Records.Retain(ctx, f, file.Retention{ExpiresAt: until, Revision: f.Revision, At: now})
		if err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		return nil
	})
	return retained, err
}

func closed(f file.File, detail string) error {
	return &file.Error{Code: file.CodeClosed, Status: f.Status, Detail: detail, Accepted: "a file that there is, and is to be"}
}
