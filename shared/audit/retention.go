package audit

import (
	"context"

	"github.com/vouch-s3/vouch/shared/file"
)

// Retained returns the event that f is kept until what it says now.
func Retained(ctx context.Context, f file.File) (Event, error) {
	e, err := Of(ctx, f, RetentionSet, f.UpdatedAt)
	e.ExpiresAt = f.ExpiresAt
	return e, err
}

// Held returns the event that f was put on the hold that it has, or, where it has
// none, released from one for the reason.
func Held(ctx context.Context, f file.File, reason string) (Event, error) {
	if f.Hold == nil {
		e, err := Of(ctx, f, HoldReleased, f.UpdatedAt)
		e.Reason = reason
		return e, err
	}
	e, err := Of(ctx, f, HoldPlaced, f.UpdatedAt)
	e.Reason = f.Hold.Reason
	return e, err
}
