package canary

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/vouch-s3/vouch/shared/upload"
)

// put sends data as the instructions say, and returns S3's status.
func (c Canary) put(ctx context.Context, in upload.Instructions, data []byte) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, in.Method, in.URL, bytes.NewReader(data))
	if err != nil {
		return 0, fmt.Errorf("make the upload's request: %w", unnamed(err))
	}
	for name, value := range in.Headers {
		if name != "Content-Length" { // net/http sends the body's length by itself
			req.Header.Set(name, value)
		}
	}
	status, _, _, err = c.exchange(req, 0)
	return status, err
}

// get fetches a URL, and up to limit bytes of what it has to give.
func (c Canary) get(ctx context.Context, address string, limit int) (status int, header http.Header, body []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return 0, nil, nil, fmt.Errorf("make the download's request: %w", unnamed(err))
	}
	return c.exchange(req, limit)
}

func (c Canary) exchange(req *http.Request, limit int) (status int, header http.Header, body []byte, err error) {
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return 0, nil, nil, fmt.Errorf("%s to S3: %w", req.Method, unnamed(err))
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(io.LimitReader(resp.Body, int64(limit))); err != nil {
		return 0, nil, nil, fmt.Errorf("read what S3 answers: %w", err)
	}
	return resp.StatusCode, resp.Header, body, nil
}

// unnamed takes the URL out of an error: a presigned URL is a secret, and
// errors are logged.
func unnamed(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
