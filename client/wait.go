package client

import (
	"context"
	"fmt"
	"net/http"
)

// Wait asks for a file until it has an end state, as often as the answers ask for
// (Retry-After), and returns it; that it is rejected is no error here. changed, which
// may be nil, is called with the file as it is first seen and after every change.
func (c *Client) Wait(ctx context.Context, id string, changed func(File)) (File, error) {
	var f File
	etag := ""
	for unchanged := 0; ; {
		now, a, err := c.get(ctx, id, etag)
		if err != nil {
			return f, err
		}
		if a.status != http.StatusNotModified {
			f, etag, unchanged = now, a.header.Get("ETag"), 0
			if changed != nil {
				changed(f)
			}
			if f.Status.Final() {
				return f, nil
			}
		}
		delay := retryAfter(a.header, a.at)
		if delay == 0 { // a 304 need not say
			delay = c.poll << min(unchanged, 2)
		}
		unchanged++
		if err := sleep(ctx, delay); err != nil {
			return f, fmt.Errorf("wait for file %s, which is %s: %w", id, f.Status, interrupted(ctx, err))
		}
	}
}
