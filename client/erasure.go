package client

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Owner is somebody who owns files, as their tokens name them.
type Owner struct {
	Subject string
	Tenant  string // empty where there are no tenants
}

// The statuses of an Erasure. All but the first are ends.
const (
	Erasing         = "erasing"
	ErasureFinished = "finished" // nothing is left; there is a Statement
	ErasureHeld     = "held"     // nothing is left but files under a legal hold
	ErasureFailed   = "failed"   // it was given up; ask for it again
)

// Erasure is how far it is that all is erased that is kept of an owner
// (docs/erasure.md).
type Erasure struct {
	ID         string        `json:"id"`
	Status     string        `json:"status"`
	Pseudonym  string        `json:"pseudonym"` // of the owner, as in object keys
	KeepClosed bool          `json:"keepClosed"`
	StartedAt  time.Time     `json:"startedAt"`
	UpdatedAt  time.Time     `json:"updatedAt"`
	EndedAt    time.Time     `json:"endedAt,omitzero"`
	WaitsUntil time.Time     `json:"waitsUntil,omitzero"` // when no URL of the owner can bring bytes any more, while that is to come
	Removed    ErasureCounts `json:"removed"`
	Held       int           `json:"held"`                // files that were left
	Statement  string        `json:"statement,omitempty"` // a JWS in compact form, which package erasure verifies
}

// ErasureCounts are what an erasure has removed so far.
type ErasureCounts struct {
	Files    int `json:"files"`
	Versions int `json:"versions"` // of objects, that the deletion of files had left, or that came after it
	Uploads  int `json:"uploads"`  // in parts, likewise
	Events   int `json:"events"`   // of the files' histories
}

// Erase begins to erase all that is kept of the owner, and has their account take no
// uploads until that has ended; with keepClosed not after it either. While an erasure
// of the same owner goes on, it is that one which is returned. It takes a token with
// the scope files:admin.
func (c *Client) Erase(ctx context.Context, o Owner, keepClosed bool) (Erasure, error) {
	body := struct {
		Subject    string `json:"subject"`
		Tenant     string `json:"tenant,omitempty"`
		KeepClosed bool   `json:"keepClosed,omitempty"`
	}{o.Subject, o.Tenant, keepClosed}
	var e Erasure
	_, err := c.do(ctx, call{doing: "erase an owner", method: http.MethodPost, path: "/admin/erasures", body: body}, &e)
	return e, err
}

// Erasure returns the erasure with the id as it stands.
func (c *Client) Erasure(ctx context.Context, id string) (Erasure, error) {
	e, _, err := c.erasure(ctx, id)
	return e, err
}

// WaitErasure asks for an erasure until it has ended, as often as the answers ask for
// (Retry-After), and returns it; that it has failed is no error here.
func (c *Client) WaitErasure(ctx context.Context, id string) (Erasure, error) {
	for {
		e, a, err := c.erasure(ctx, id)
		if err != nil || e.Status != Erasing {
			return e, err
		}
		if err := sleep(ctx, max(retryAfter(a.header, a.at), c.poll)); err != nil {
			return e, fmt.Errorf("wait for erasure %s: %w", id, interrupted(ctx, err))
		}
	}
}

func (c *Client) erasure(ctx context.Context, id string) (Erasure, answer, error) {
	doing := "get erasure " + id
	if err := checkID(id); err != nil {
		return Erasure{}, answer{}, fmt.Errorf("%s: %w", doing, err)
	}
	var e Erasure
	a, err := c.do(ctx, call{doing: doing, method: http.MethodGet, path: "/admin/erasures/" + id}, &e)
	return e, a, err
}
