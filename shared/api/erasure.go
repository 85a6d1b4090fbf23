package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/erasure"
	"github.com/vouch-s3/vouch/shared/file"
)

// Erasure is an erasure as administrators see it. It does not name the owner: who
// has the name can hold it against the pseudonym.
type Erasure struct {
	ID         string         `json:"id"`
	Status     erasure.Status `json:"status"`
	Pseudonym  string         `json:"pseudonym"`
	KeepClosed bool           `json:"keepClosed"`
	StartedAt  string         `json:"startedAt"` // RFC 3339, UTC
	UpdatedAt  string         `json:"updatedAt"`
	EndedAt    string         `json:"endedAt,omitempty"`

	// WaitsUntil is when the last URL that was given out to the owner can bring no
	// bytes any more, while that is still to come.
	WaitsUntil string `json:"waitsUntil,omitempty"`

	Removed   erasure.Counts `json:"removed"`
	Held      int            `json:"held"`                // files that were left, under a legal hold
	Statement string         `json:"statement,omitempty"` // a JWS in compact form
}

// erasureLooks is how soon it is worth to look at an erasure again.
const erasureLooks = 10 * time.Second

// EraserOfOwners begins erasures.
type EraserOfOwners interface {
	Start(ctx context.Context, owner string, keepClosed bool) (erasure.Erasure, error)
}

// EraseOwner answers POST /admin/erasures. Where there are tenants the body must
// name one, and otherwise none.
func EraseOwner(s EraserOfOwners, tenants bool, now func() time.Time) Handler {
	return func(ctx context.Context, r Request) (Response, error) {
		if err := r.Require(ScopeAdmin); err != nil {
			return Response{}, err
		}
		var p access.Principal
		var tenant *string
		var keepClosed bool
		err := decodeObject(r.Body, map[string]any{"subject": &p.Subject, "tenant": &tenant, "keepClosed": &keepClosed}, "subject")
		if err != nil {
			return Response{}, err
		}
		refuse := func(field, detail, accepted string) (Response, error) {
			return Response{}, &file.Error{Code: file.CodeInvalidRequest, Field: field, Detail: detail, Accepted: accepted}
		}
		switch {
		case !file.ValidName(p.Subject):
			return refuse("subject", "It cannot be the name of an owner.", "the value of the claim that owns files, as their tokens have it")
		case tenants && (tenant == nil || !file.ValidName(*tenant)):
			return refuse("tenant", "It cannot be the name of a tenant, or is missing.", "the owner's tenant, as their tokens have it")
		case !tenants && tenant != nil:
			return refuse("tenant", "There are no tenants here.", "the subject alone")
		case tenants:
			p.Tenant = *tenant
		}
		e, err := s.Start(ctx, p.Owner(), keepClosed)
		if err != nil {
			return Response{}, err
		}
		h := erasureHeader(e)
		h["Location"] = "/admin/erasures/" + e.ID
		return Response{Status: http.StatusAccepted, Header: h, Body: erasureView(e, now())}, nil
	}
}

// Erasures reads erasures.
type Erasures interface {
	Get(ctx context.Context, id string) (erasure.Erasure, error)
}

// GetErasure answers GET /admin/erasures/{id}.
func GetErasure(s Erasures, now func() time.Time) Handler {
	return func(ctx context.Context, r Request) (Response, error) {
		if err := r.Require(ScopeAdmin); err != nil {
			return Response{}, err
		}
		if !file.ValidID(r.FileID) {
			return Response{}, erasure.ErrNotFound
		}
		e, err := s.Get(ctx, r.FileID)
		if err != nil {
			return Response{}, err
		}
		return Response{Status: http.StatusOK, Header: erasureHeader(e), Body: erasureView(e, now())}, nil
	}
}

func erasureHeader(e erasure.Erasure) map[string]string {
	if e.Status == erasure.Erasing {
		return map[string]string{"Retry-After": strconv.Itoa(int(erasureLooks.Seconds()))}
	}
	return map[string]string{}
}

func erasureView(e erasure.Erasure, now time.Time) Erasure {
	v := Erasure{
		ID: e.ID, Status: e.Status, Pseudonym: e.Pseudonym, KeepClosed: e.KeepClosed,
		StartedAt: stamp(e.StartedAt), UpdatedAt: stamp(e.UpdatedAt),
		Removed: e.Counts, Held: e.Held, Statement: e.Statement,
	}
	if !e.EndedAt.IsZero() {
		v.EndedAt = stamp(e.EndedAt)
	}
	if e.QuietAt.After(now) {
		v.WaitsUntil = stamp(e.QuietAt)
	}
	return v
}
