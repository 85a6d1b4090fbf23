package audit

import (
	"context"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// Created returns the events of f as a new record. Where it is not sent in parts,
// what its bytes are sent by is given out with it.
func Created(ctx context.Context, f file.File) ([]Event, error) {
	made, err := Changed(ctx, f)
	if err != nil || f.Method == file.Multipart {
		return []Event{made}, err
	}
	presigned, err := Of(ctx, f, UploadPresigned, f.CreatedAt)
	presigned.ExpiresAt, presigned.URLs = f.UploadExpiresAt, 1
	return []Event{made, presigned}, err
}

// Changed returns the event that the status of f has become what it is.
func Changed(ctx context.Context, f file.File) (Event, error) {
	e, err := Of(ctx, f, StatusChanged, f.UpdatedAt)
	e.Status = f.Status
	if f.Status == file.Rejected {
		e.Reason = string(f.Reason)
	}
	return e, err
}

// Shared returns the events of the grants that f had becoming those of s: of each
// that is new or another than before, and of each that counted and is gone.
func Shared(ctx context.Context, f file.File, s file.Sharing) ([]Event, error) {
	var events []Event
	add := func(a Action, g file.Grant) error {
		e, err := Of(ctx, f, a, s.At)
		e.Grantee = g.Grantee
		if a == GrantPut {
			e.Level, e.ExpiresAt = g.Level, g.ExpiresAt
		}
		events = append(events, e)
		return err
	}
	before, after := byGrantee(f.Grants), byGrantee(s.Grants)
	for _, g := range s.Grants {
		if had, ok := before[g.Grantee]; !ok || had.Level != g.Level || !had.ExpiresAt.Equal(g.ExpiresAt) {
			if err := add(GrantPut, g); err != nil {
				return nil, err
			}
		}
	}
	for _, g := range f.Grants {
		if _, kept := after[g.Grantee]; !kept && g.Live(s.At) {
			if err := add(GrantRemoved, g); err != nil {
				return nil, err
			}
		}
	}
	return events, nil
}

func byGrantee(grants []file.Grant) map[file.Grantee]file.Grant {
	m := make(map[file.Grantee]file.Grant, len(grants))
	for _, g := range grants {
		m[g.Grantee] = g
	}
	return m
}

// Refused returns the event that whoever acts in ctx was denied a call on the file
// with the id, which may be no file's: it is the same either way.
func Refused(ctx context.Context, fileID, call string, code file.Code, at time.Time) (Event, error) {
	e, err := begin(ctx, fileID, AccessDenied, at)
	e.Outcome, e.Call, e.Reason = Denied, call, string(code)
	return e, err
}
