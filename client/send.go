package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// stallAfter is how long a transfer may be without a byte moving before it is given
// up and tried again.
const stallAfter = 90 * time.Second

// errStalled ends a transfer in which nothing moves.
var errStalled = errors.New("nothing has moved for too long")

// watch returns a context that ends when moved is not called for the time that the
// client waits for a byte.
func (c *Client) watch(ctx context.Context) (watched context.Context, moved, end func()) {
	watched, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(c.stall, func() { cancel(errStalled) })
	return watched, func() { timer.Reset(c.stall) }, func() { timer.Stop(); cancel(nil) }
}

// payload is the body of a request to S3: what stands in a source from a byte on.
// It can be taken back, since net/http may go on reading a body when the request
// has been answered ("The Request's Body ... RoundTripper", package net/http).
type payload struct {
	mu     sync.Mutex
	src    io.ReaderAt
	at     int64
	left   int64
	failed error // of the source
	moved  func(n int64)
}

// errTakenBack ends the reading of a payload whose request is over.
var errTakenBack = errors.New("the request is over")

func (p *payload) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.src == nil:
		return 0, errTakenBack
	case p.left == 0:
		return 0, io.EOF
	}
	b = b[:min(int64(len(b)), p.left)]
	if err := readFull(p.src, b, p.at); err != nil {
		p.failed = err
		return 0, err
	}
	p.at += int64(len(b))
	p.left -= int64(len(b))
	p.moved(int64(len(b)))
	return len(b), nil
}

func (p *payload) Close() error { return nil }

// takeBack sees to it that the source is not read any more, and returns the error
// that reading it had, if any.
func (p *payload) takeBack() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.src = nil
	return p.failed
}

// put sends size bytes of src from at on as a presigned request says, once, and
// returns the header of the answer. moved is called with the bytes as they go; on an
// error, with those that went taken away again.
func (c *Client) put(ctx context.Context, in presigned, src io.ReaderAt, at, size int64, moved func(n int64)) (http.Header, error) {
	watched, alive, end := c.watch(ctx)
	defer end()
	var sent int64
	body := &payload{src: src, at: at, left: size, moved: func(n int64) {
		alive()
		sent += n
		moved(n)
	}}
	header, err := c.exchange(watched, in, body, size)
	if failed := body.takeBack(); failed != nil {
		err = failed // rather than what came of it
	}
	if err != nil {
		moved(-sent) // nobody reads the body any more
		if errors.Is(context.Cause(watched), errStalled) {
			err = &connectionError{errStalled}
		} else if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	return header, nil
}

// presigned is a request that a URL was presigned for.
type presigned struct {
	method, url string
	headers     map[string]string
}

// exchange sends one presigned request with exactly its headers.
func (c *Client) exchange(ctx context.Context, in presigned, body io.ReadCloser, size int64) (http.Header, error) {
	req, err := c.storageRequest(ctx, in, body)
	if err != nil {
		return nil, err
	}
	req.ContentLength = size // known, so that nothing is sent chunked
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, cut(ctx, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxStorageError))
	if resp.StatusCode != http.StatusOK {
		return nil, storageErrorOf(resp.StatusCode, resp.Header, text, time.Now())
	}
	if err != nil {
		return nil, cut(ctx, err)
	}
	return resp.Header, nil
}

// storageRequest makes a presigned request.
func (c *Client) storageRequest(ctx context.Context, in presigned, body io.Reader) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, in.method, in.url, body)
	if err != nil {
		return nil, fmt.Errorf("make the request to S3: %w", unnamed(err))
	}
	if req.URL.Scheme != "https" && !c.plain {
		return nil, errors.New("the URL to S3 is not https, though the API's is")
	}
	for name, value := range in.headers {
		switch http.CanonicalHeaderKey(name) {
		case "Content-Length": // net/http sends the body's by itself
		case "Host":
			req.Host = value
		default:
			req.Header.Set(name, value)
		}
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "") // none
	}
	return req, nil
}

// etagOf returns the ETag of an answer of S3 without its quotes.
func etagOf(h http.Header) string { return strings.Trim(h.Get("Etag"), `"`) }
