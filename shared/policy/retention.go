package policy

import (
	"fmt"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// FirstExpiry returns until when a file is kept that is created now: until asked, or
// as the policy chooses where that is the zero time. The *file.Error it returns, of
// file.CodeInvalidExpiry, says what would be accepted.
func (p Policy) FirstExpiry(asked, now time.Time) (time.Time, error) {
	switch {
	case !asked.IsZero():
		return p.Expiry(asked, now, now)
	case p.Retention.Default == 0:
		return time.Time{}, nil
	}
	return now.Add(p.Retention.Default).Truncate(time.Millisecond), nil
}

// Expiry returns until when a file is kept that was created at that time: until
// asked, in whole milliseconds, or for the zero time as long as nobody deletes it.
// The *file.Error it returns, of file.CodeInvalidExpiry, says what would be accepted.
func (p Policy) Expiry(asked, created, now time.Time) (time.Time, error) {
	asked = asked.UTC().Truncate(time.Millisecond)
	refuse := func(detail string) error {
		accepted := "a time to come, or none"
		if p.Retention.Max != 0 {
			accepted = "a time to come, until " + created.Add(p.Retention.Max).UTC().Truncate(time.Second).Format(time.RFC3339)
		}
		return &file.Error{Code: file.CodeInvalidExpiry, Field: "expiresAt", Detail: detail, Accepted: accepted}
	}
	switch {
	case asked.IsZero() && p.Retention.Max != 0:
		return time.Time{}, refuse(fmt.Sprintf("No file is kept for longer than %v.", p.Retention.Max))
	case asked.IsZero():
		return time.Time{}, nil
	case !asked.After(now):
		return time.Time{}, refuse("It is over already.")
	case p.Retention.Max != 0 && asked.After(created.Add(p.Retention.Max)):
		return time.Time{}, refuse(fmt.Sprintf("No file is kept for longer than %v.", p.Retention.Max))
	}
	return asked, nil
}
