package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Action is what was done to a file, or tried (docs/audit.md).
type Action string

// The actions.
const (
	ActionUploadPresigned   Action = "upload-presigned"   // a URL or form that takes its bytes was given out
	ActionPartsPresigned    Action = "parts-presigned"    // URLs that take parts were
	ActionDownloadPresigned Action = "download-presigned" // a URL that gives its bytes was
	ActionStatusChanged     Action = "status-changed"     // it became Status
	ActionGrantPut          Action = "grant-put"
	ActionGrantRemoved      Action = "grant-removed"
	ActionRetentionSet      Action = "retention-set"
	ActionHoldPlaced        Action = "hold-placed"
	ActionHoldReleased      Action = "hold-released"
	ActionAccessDenied      Action = "access-denied" // Call was refused
)

// Event is one thing that was done to a file, or that somebody was denied.
type Event struct {
	ID        string    `json:"id"` // the events of a file sort by it
	At        time.Time `json:"at"`
	Actor     string    `json:"actor,omitempty"` // a subject, or a function of Vouch; empty for somebody of another tenant
	RequestID string    `json:"requestId,omitempty"`
	Action    Action    `json:"action"`
	Outcome   string    `json:"outcome"` // done or denied
	VersionID string    `json:"versionId,omitempty"`
	Status    Status    `json:"status,omitempty"`
	Reason    string    `json:"reason,omitempty"`

	// Call is what was denied, by its name in docs/access.md.
	Call string `json:"call,omitempty"`

	// Subject and Type are whom a grant was for.
	Subject string      `json:"subject,omitempty"`
	Type    GranteeType `json:"type,omitempty"`
	Level   Level       `json:"level,omitempty"`

	ExpiresAt time.Time `json:"expiresAt,omitzero"` // of the URLs, the grant or the file
	URLs      int       `json:"urls,omitempty"`     // how many were given out
}

// HistoryOptions says what History lists.
type HistoryOptions struct {
	Denied   bool // what was denied, in place of what was done
	PageSize int  // events a call, 1 to 100; 0: the server chooses
}

// History lists what was done to a file, and by whom, newest first, a page at a
// time as it is asked for. It takes the file's owner. The last pair of an iteration
// that fails has the error.
func (c *Client) History(ctx context.Context, id string, o HistoryOptions) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		doing := "list the history of file " + id
		path, err := pathOf(id, "/history")
		if err != nil {
			yield(Event{}, fmt.Errorf("%s: %w", doing, err))
			return
		}
		query := url.Values{}
		if o.Denied {
			query.Set("outcome", "denied")
		}
		if o.PageSize > 0 {
			query.Set("limit", strconv.Itoa(o.PageSize))
		}
		for {
			var page struct {
				Events     []Event `json:"events"`
				NextCursor string  `json:"nextCursor"`
			}
			full := path
			if len(query) > 0 {
				full += "?" + query.Encode()
			}
			if _, err := c.do(ctx, call{doing: doing, method: http.MethodGet, path: full}, &page); err != nil {
				yield(Event{}, err)
				return
			}
			for _, e := range page.Events {
				if !yield(e, nil) {
					return
				}
			}
			if page.NextCursor == "" {
				return
			}
			query.Set("cursor", page.NextCursor)
		}
	}
}
