package api

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/vouch-s3/vouch/shared/rescan"
)

// Run is the answer to Rescan: a run over the ready files whose verdict is older
// than Before. ID is the name of its execution.
type Run struct {
	ID        string `json:"id"`
	Before    string `json:"before"`    // RFC 3339, UTC
	StartedAt string `json:"startedAt"` // RFC 3339, UTC
}

// Rescan answers POST /admin/rescan.
func Rescan(s rescan.Starter) Handler {
	return func(ctx context.Context, r Request) (Response, error) {
		if err := r.Require(ScopeAdmin); err != nil {
			return Response{}, err
		}
		before, err := beforeOf(r.Body)
		if err != nil {
			return Response{}, err
		}
		run, err := s.Start(ctx, before)
		if err != nil {
			return Response{}, err
		}
		return Response{Status: http.StatusAccepted, Body: Run{ID: run.ID, Before: stamp(run.Before), StartedAt: stamp(run.Started)}}, nil
	}
}

// beforeOf reads the one field of the body; the zero time where it is not there.
func beforeOf(body []byte) (time.Time, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return time.Time{}, nil
	}
	var text *string
	if err := decodeObject(body, map[string]any{"before": &text}); err != nil || text == nil {
		return time.Time{}, err
	}
	return timeOf(*text, "before")
}
