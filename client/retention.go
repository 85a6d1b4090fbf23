package client

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Retain has a file kept until expiresAt, from when on nothing of it is given out and
// it is deleted; the zero time for as long as nobody deletes it. It takes the file's
// owner or a grant to manage it. It returns until when the file is kept, in whole
// milliseconds.
func (c *Client) Retain(ctx context.Context, id string, expiresAt time.Time) (time.Time, error) {
	doing := "say how long file " + id + " is kept"
	path, err := pathOf(id, "/retention")
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", doing, err)
	}
	var body struct {
		ExpiresAt *time.Time `json:"expiresAt"` // null is a value of its own
	}
	if !expiresAt.IsZero() {
		body.ExpiresAt = &expiresAt
	}
	var kept struct {
		ExpiresAt time.Time `json:"expiresAt"`
	}
	_, err = c.do(ctx, call{doing: doing, method: http.MethodPut, path: path, body: body}, &kept)
	return kept.ExpiresAt, err
}

// Hold is what keeps anybody from deleting a file (docs/retention.md).
type Hold struct {
	Reason string    `json:"reason"`
	By     string    `json:"by"` // the subject who put it on
	At     time.Time `json:"at"`
}

// Hold puts a file on hold, whosever it is, in the place of a hold for another
// reason. It takes a token with the scope files:admin. The reason is 1 to 512 bytes.
func (c *Client) Hold(ctx context.Context, id, reason string) (Hold, error) {
	var h Hold
	err := c.hold(ctx, "put file "+id+" on hold", http.MethodPut, id, reason, &h)
	return h, err
}

// Release takes the hold off a file, whosever it is, for a reason that is kept in its
// history. It takes a token with the scope files:admin. Releasing what is not on hold
// is no error.
func (c *Client) Release(ctx context.Context, id, reason string) error {
	return c.hold(ctx, "release file "+id, http.MethodDelete, id, reason, nil)
}

func (c *Client) hold(ctx context.Context, doing, method, id, reason string, out any) error {
	if err := checkID(id); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	body := struct {
		Reason string `json:"reason"`
	}{reason}
	_, err := c.do(ctx, call{doing: doing, method: method, path: "/admin/holds/" + id, body: body}, out)
	return err
}
