package audit

import (
	"context"
	"log/slog"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// Trail keeps events that tell of no change of a record. Those of changes are
// kept by the very write that makes the change.
type Trail interface {
	// Note keeps e. What e tells of must not be done, or given to anybody, unless
	// it returns nil.
	Note(ctx context.Context, e Event) error
}

// How long events are kept. The longer is a year, as is asked of audit trails
// (PCI DSS 4.0, 10.5.1), and a month on top to act in. What somebody was denied
// anybody can make up as much of as the API takes.
const (
	KeptFor       = 400 * 24 * time.Hour
	DenialKeptFor = 30 * 24 * time.Hour
)

// KeptUntil is when e may be forgotten.
func (e Event) KeptUntil() time.Time {
	if e.Outcome == Denied {
		return e.At.Add(DenialKeptFor)
	}
	return e.At.Add(KeptFor)
}

// Log writes e as one line, once it is kept. An owner is named by the pseudonym
// that object keys have too, and a grantee not at all: the logs of others' calls are
// not to name them. Why a hold was placed or released is somebody's own words, and left out.
func Log(ctx context.Context, e Event) {
	attributes := []slog.Attr{
		slog.String("eventId", e.ID), slog.Time("at", e.At), slog.String("actor", e.Actor.Subject), slog.String("requestId", e.Actor.RequestID),
		slog.String("action", string(e.Action)), slog.String("outcome", string(e.Outcome)), slog.String("fileId", e.FileID),
	}
	if e.Owner != "" {
		attributes = append(attributes, slog.String("owner", file.Pseudonym(e.Owner)))
	}
	reason := e.Reason
	if e.Action == HoldPlaced || e.Action == HoldReleased {
		reason = ""
	}
	if e.Grantee != (file.Grantee{}) {
		attributes = append(attributes, slog.String("granteeType", string(e.Grantee.Type)))
	}
	for _, a := range []struct{ name, value string }{
		{"tenant", e.Actor.Tenant},
		{"versionId", e.VersionID},
		{"status", string(e.Status)},
		{"reason", reason},
		{"call", e.Call},
		{"level", string(e.Level)},
	} {
		if a.value != "" {
			attributes = append(attributes, slog.String(a.name, a.value))
		}
	}
	if e.URLs != 0 {
		attributes = append(attributes, slog.Int("urls", e.URLs))
	}
	if !e.ExpiresAt.IsZero() {
		attributes = append(attributes, slog.Time("expiresAt", e.ExpiresAt))
	}
	slog.LogAttrs(ctx, slog.LevelInfo, "audit", attributes...)
}

// Query asks for a page of the trail of a file, newest first.
type Query struct {
	FileID  string
	Outcome Outcome // what was done, or what was denied
	Limit   int     // 1 and up

	// After is the id of the last event of the page before; empty for the first.
	After string
}
