package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
)

// Retention is the answer to SetRetention. ExpiresAt is left out where the file is
// kept as long as nobody deletes it.
type Retention struct {
	ExpiresAt string `json:"expiresAt,omitempty"` // RFC 3339, UTC
}

// Retainer sets how long files are kept: a retention.Retainer.
type Retainer interface {
	Retain(ctx context.Context, p access.Principal, id string, expiresAt time.Time) (file.File, error)
}

// SetRetention answers PUT /files/{id}/retention.
func SetRetention(t Retainer) Handler {
	return func(ctx context.Context, r Request) (Response, error) {
		var until textOrNull
		if err := decodeObject(r.Body, map[string]any{"expiresAt": &until}, "expiresAt"); err != nil {
			return Response{}, err
		}
		var expiresAt time.Time
		if until.text != nil {
			var err error
			if expiresAt, err = timeOf(*until.text, "expiresAt"); err != nil {
				return Response{}, err
			}
		}
		f, err := t.Retain(ctx, r.Principal, r.FileID, expiresAt)
		if err != nil {
			return Response{}, err
		}
		var answer Retention
		if !f.ExpiresAt.IsZero() {
			answer.ExpiresAt = stamp(f.ExpiresAt)
		}
		return Response{Status: http.StatusOK, Body: answer}, nil
	}
}

// textOrNull is a text, or the null that is sent in its place.
type textOrNull struct{ text *string }

func (t *textOrNull) UnmarshalJSON(raw []byte) error { return json.Unmarshal(raw, &t.text) }

func (t *textOrNull) takesNull() {}

// Hold is a hold as administrators see it.
type Hold struct {
	Reason string `json:"reason"`
	By     string `json:"by"`
	At     string `json:"at"` // RFC 3339, UTC
}

// Holder puts files on hold: a retention.Holder.
type Holder interface {
	Place(ctx context.Context, by access.Principal, id, reason string) (held file.File, created bool, err error)
	Release(ctx context.Context, id, reason string) error
}

// PutHold answers PUT /admin/holds/{id}.
func PutHold(h Holder) Handler {
	return Requiring(ScopeAdmin, func(ctx context.Context, r Request) (Response, error) {
		reason, err := reasonOf(r.Body)
		if err != nil {
			return Response{}, err
		}
		f, created, err := h.Place(ctx, r.Principal, r.FileID, reason)
		if err != nil {
			return Response{}, err
		}
		status := http.StatusOK
		if created {
			status = http.StatusCreated
		}
		return Response{Status: status, Body: Hold{Reason: f.Hold.Reason, By: f.Hold.By, At: stamp(f.Hold.At)}}, nil
	})
}

// DeleteHold answers DELETE /admin/holds/{id}.
func DeleteHold(h Holder) Handler {
	return Requiring(ScopeAdmin, func(ctx context.Context, r Request) (Response, error) {
		reason, err := reasonOf(r.Body)
		if err != nil {
			return Response{}, err
		}
		if err := h.Release(ctx, r.FileID, reason); err != nil {
			return Response{}, err
		}
		return Response{Status: http.StatusNoContent}, nil
	})
}

func reasonOf(body []byte) (string, error) {
	var reason string
	err := decodeObject(body, map[string]any{"reason": &reason}, "reason")
	return reason, err
}
