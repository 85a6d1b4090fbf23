package client

import (
	"context"
	"net/http"
	"time"
)

// Usage is what one's own files use of the quotas (docs/quotas.md).
type Usage struct {
	AccountUsage

	// Tenant is what the files of all owners of one's tenant use together; nil where
	// there are no tenants, or nothing is counted for them.
	Tenant *AccountUsage `json:"tenant,omitempty"`
}

// AccountUsage is what is used of each quota.
type AccountUsage struct {
	Bytes        Used `json:"bytes"`
	Files        Used `json:"files"`
	Pending      Used `json:"pending"`      // uploads whose bytes have not arrived
	UploadsToday Used `json:"uploadsToday"` // that were asked for since midnight, UTC
}

// Used is how much of a quota is used.
type Used struct {
	Used      int64     `json:"used"`
	Limit     *int64    `json:"limit,omitempty"`     // nil where there is none
	Remaining *int64    `json:"remaining,omitempty"` // nil where there is no limit
	ResetsAt  time.Time `json:"resetsAt,omitzero"`   // when nothing is used any more, where time alone frees it
}

// Usage returns what one's own files, and those of one's tenant, use at this moment,
// pending uploads with all the bytes that may still come.
func (c *Client) Usage(ctx context.Context) (Usage, error) {
	var u Usage
	_, err := c.do(ctx, call{doing: "get what is used", method: http.MethodGet, path: "/usage"}, &u)
	return u, err
}
