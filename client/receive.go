package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ErrCorrupt says that what was downloaded is not what was verified: its length,
// its version or its SHA-256 is another.
var ErrCorrupt = errors.New("the bytes are not those that were verified")

// object is the object version of a ready file, and the URL to it.
type object struct {
	c    *Client
	file File

	mu    sync.Mutex
	link  Link
	until time.Time
	etag  string // of the version; empty until it is known
}

// ready returns the object of a file that is ready.
func (c *Client) ready(ctx context.Context, id string) (*object, error) {
	f, err := c.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	switch {
	case f.Status != StatusReady:
		return &object{file: f}, fmt.Errorf("file %s is %s: %w", id, f.Status, ErrNotReady)
	case f.ChecksumSHA256 == "":
		return &object{file: f}, fmt.Errorf("file %s is ready without a checksum", id)
	}
	return &object{c: c, file: f}, nil
}

// url returns a URL that has not run out, and is not old.
func (o *object) url(ctx context.Context, old string) (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.link.URL != "" && o.link.URL != old && time.Now().Add(urlMargin).Before(o.until) {
		return o.link.URL, nil
	}
	var err error
	o.link, o.until, err = o.c.link(ctx, o.file.ID)
	return o.link.URL, err
}

// same holds all answers to one version.
func (o *object) same(etag string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.etag == "" {
		o.etag = etag
	}
	if etag != o.etag {
		return fmt.Errorf("S3 gives out version %q after %q: %w", etag, o.etag, ErrCorrupt)
	}
	return nil
}

// read reads the bytes from and up to, but not, to, and hands them to take in order.
// It goes on where it was cut off, and renews the URL when it has run out. The bytes
// are take's only until it returns.
func (o *object) read(ctx context.Context, from, to int64, buffer []byte, take func(data []byte, at int64) error) error {
	doing := fmt.Sprintf("receive bytes %d to %d of file %s", from, to-1, o.file.ID)
	at, old := from, ""
	return o.c.onwards(ctx, doing, func() (bool, error) {
		before := at
		for renewals := 0; ; renewals++ {
			link, err := o.url(ctx, old)
			if err != nil {
				return false, err
			}
			err = o.once(ctx, link, &at, to, buffer, take)
			e, ok := errors.AsType[*StorageError](err)
			if ok && renewals < maxRenewals && (e.ranOut() || e.StatusCode == http.StatusForbidden && o.ranOut(link)) {
				o.c.log.Debug("the URL of a download has run out", "file", o.file.ID)
				old = link
				continue
			}
			return at > before, err
		}
	})
}

// ranOut reports whether link's time is over.
func (o *object) ranOut(link string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return link != o.link.URL || !time.Now().Before(o.until)
}

// once makes one request, for what is from *at on, and moves *at along.
func (o *object) once(ctx context.Context, link string, at *int64, to int64, buffer []byte, take func(data []byte, at int64) error) error {
	watched, alive, end := o.c.watch(ctx)
	defer end()
	req, err := o.c.storageRequest(watched, presigned{method: http.MethodGet, url: link}, http.NoBody)
	if err != nil {
		return err
	}
	req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", *at, to-1))
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := o.c.http.Do(req)
	if err != nil {
		return o.failed(ctx, watched, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusPartialContent && resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, maxStorageError)) // the status says enough
		return storageErrorOf(resp.StatusCode, resp.Header, text, time.Now())
	}
	if err := o.same(etagOf(resp.Header)); err != nil {
		return err
	}
	if err := o.isRange(resp, *at, to); err != nil {
		return err
	}
	for *at < to {
		n, err := resp.Body.Read(buffer[:min(int64(len(buffer)), to-*at)])
		alive()
		if n > 0 {
			if err := take(buffer[:n], *at); err != nil {
				return err
			}
			*at += int64(n)
		}
		if err != nil && *at < to {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return o.failed(ctx, watched, err)
		}
	}
	return nil
}

// failed returns the error of a request that was cut off.
func (o *object) failed(ctx, watched context.Context, err error) error {
	if ctx.Err() == nil && errors.Is(context.Cause(watched), errStalled) {
		return &connectionError{errStalled}
	}
	return cut(ctx, err)
}

// isRange sees to it that an answer is of exactly the bytes that were asked for, of
// an object of the file's size (RFC 9110, 14.4).
func (o *object) isRange(resp *http.Response, from, to int64) error {
	if resp.Header.Get("Content-Encoding") != "" {
		return errors.New("S3 answers with a Content-Encoding")
	}
	if resp.StatusCode == http.StatusOK { // the whole of it
		if from != 0 || to != o.file.Size || resp.ContentLength != o.file.Size {
			return fmt.Errorf("S3 answers with %d bytes where a range of %d was asked for: %w", resp.ContentLength, to-from, ErrCorrupt)
		}
		return nil
	}
	field := resp.Header.Get("Content-Range")
	span, total, ok := strings.Cut(strings.TrimPrefix(field, "bytes "), "/")
	if size, err := strconv.ParseInt(total, 10, 64); !ok || err != nil || size != o.file.Size || span != fmt.Sprintf("%d-%d", from, to-1) {
		return fmt.Errorf("S3 answers with the range %q of a file of %d bytes: %w", field, o.file.Size, ErrCorrupt)
	}
	return nil
}
