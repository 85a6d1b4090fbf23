package client

import (
	"context"
	"crypto/rand"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Create asks to upload a file. Nothing is kept of what is refused. However often it
// has to be sent, one call makes one file: it has an Idempotency-Key of its own. No
// other call of a Client needs one, for each can be carried out twice as well as once.
func (c *Client) Create(ctx context.Context, f NewFile) (Created, error) {
	created, _, err := c.create(ctx, f)
	return created, err
}

func (c *Client) create(ctx context.Context, f NewFile) (created Created, a answer, err error) {
	a, err = c.do(ctx, call{
		doing: "ask to upload " + strconv.Quote(f.Filename), method: http.MethodPost, path: "/files", body: f,
		header: map[string]string{"Idempotency-Key": strconv.Quote(rand.Text())},
	}, &created)
	return created, a, err
}

// Get returns a file, its verdict and receipt included.
func (c *Client) Get(ctx context.Context, id string) (File, error) {
	f, _, err := c.get(ctx, id, "")
	return f, err
}

// get returns a file unless its ETag is still etag.
func (c *Client) get(ctx context.Context, id, etag string) (f File, a answer, err error) {
	doing := "get file " + id
	path, err := pathOf(id)
	if err != nil {
		return File{}, answer{}, fmt.Errorf("%s: %w", doing, err)
	}
	in := call{doing: doing, method: http.MethodGet, path: path}
	if etag != "" {
		in.header = map[string]string{"If-None-Match": etag}
	}
	a, err = c.do(ctx, in, &f)
	return f, a, err
}

// List lists your own files, newest first, a page at a time as it is ranged over.
// An error ends it.
func (c *Client) List(ctx context.Context, o ListOptions) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		q := url.Values{}
		if o.Status != "" {
			q.Set("status", string(o.Status))
		}
		if o.PageSize != 0 {
			q.Set("limit", strconv.Itoa(o.PageSize))
		}
		for {
			var page struct {
				Files      []File `json:"files"`
				NextCursor string `json:"nextCursor"`
			}
			path := "/files"
			if len(q) > 0 {
				path += "?" + q.Encode()
			}
			if _, err := c.do(ctx, call{doing: "list files", method: http.MethodGet, path: path}, &page); err != nil {
				yield(File{}, err)
				return
			}
			for _, f := range page.Files {
				if !yield(f, nil) {
					return
				}
			}
			if page.NextCursor == "" {
				return
			}
			q.Set("cursor", page.NextCursor)
		}
	}
}

// PresignParts returns a URL for each of the parts, at most 100, in the order they
// are asked for, and when the URLs run out. checksums are the CRC-64/NVME of the
// parts in base64, in the same order, so that S3 takes no other bytes; nil for URLs
// that do not say.
func (c *Client) PresignParts(ctx context.Context, id string, numbers []int, checksums []string) ([]PresignedPart, time.Time, error) {
	parts, _, expires, err := c.presignParts(ctx, id, numbers, checksums)
	return parts, expires, err
}

// presignParts returns also until when the URLs can be used by the clock here.
func (c *Client) presignParts(ctx context.Context, id string, numbers []int, checksums []string) (parts []PresignedPart, until, expires time.Time, err error) {
	doing := fmt.Sprintf("presign %d parts of file %s", len(numbers), id)
	path, err := pathOf(id, "/parts")
	if err != nil {
		return nil, time.Time{}, time.Time{}, fmt.Errorf("%s: %w", doing, err)
	}
	body := struct {
		PartNumbers []int    `json:"partNumbers"`
		Checksums   []string `json:"checksums,omitempty"`
	}{numbers, checksums}
	var out struct {
		Parts     []PresignedPart `json:"parts"`
		ExpiresAt time.Time       `json:"expiresAt"`
	}
	a, err := c.do(ctx, call{doing: doing, method: http.MethodPost, path: path, body: body}, &out)
	if err != nil {
		return nil, time.Time{}, time.Time{}, err
	}
	if len(out.Parts) != len(numbers) {
		return nil, time.Time{}, time.Time{}, fmt.Errorf("%s: the answer has %d", doing, len(out.Parts))
	}
	for i, p := range out.Parts {
		if p.PartNumber != numbers[i] {
			return nil, time.Time{}, time.Time{}, fmt.Errorf("%s: the answer has part %d where %d was asked for", doing, p.PartNumber, numbers[i])
		}
	}
	return out.Parts, a.until(out.ExpiresAt), out.ExpiresAt, nil
}

// Parts lists the parts that S3 holds of a pending file, by their number, and how
// the file is divided.
func (c *Client) Parts(ctx context.Context, id string) ([]HeldPart, Multipart, error) {
	doing := "list the parts of file " + id
	path, err := pathOf(id, "/parts")
	if err != nil {
		return nil, Multipart{}, fmt.Errorf("%s: %w", doing, err)
	}
	var held []HeldPart
	for after := 0; ; {
		var page struct {
			Multipart
			Parts     []HeldPart `json:"parts"`
			NextAfter int        `json:"nextAfter"`
		}
		query := ""
		if after > 0 {
			query = "?after=" + strconv.Itoa(after)
		}
		if _, err := c.do(ctx, call{doing: doing, method: http.MethodGet, path: path + query}, &page); err != nil {
			return nil, Multipart{}, err
		}
		held = append(held, page.Parts...)
		if page.NextAfter == 0 {
			return held, page.Multipart, nil
		}
		if page.NextAfter <= after {
			return nil, Multipart{}, fmt.Errorf("%s: the page after %d is followed by that after %d", doing, after, page.NextAfter)
		}
		after = page.NextAfter
	}
}

// Complete says that the bytes of a file are sent. What was sent in parts is put
// together by it. It can be called again. The zero Completion says nothing more.
func (c *Client) Complete(ctx context.Context, id string, done Completion) (File, error) {
	doing := "complete file " + id
	path, err := pathOf(id, "/complete")
	if err != nil {
		return File{}, fmt.Errorf("%s: %w", doing, err)
	}
	in := call{doing: doing, method: http.MethodPost, path: path}
	if len(done.Parts) > 0 || done.ChecksumCRC64NVME != "" || done.ChecksumSHA256 != "" {
		in.body = done
	}
	var f File
	_, err = c.do(ctx, in, &f)
	return f, err
}

// Delete deletes a file and its bytes, and aborts an upload in parts. Deleting
// twice is no error.
func (c *Client) Delete(ctx context.Context, id string) error {
	doing := "delete file " + id
	path, err := pathOf(id)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	_, err = c.do(ctx, call{doing: doing, method: http.MethodDelete, path: path}, nil)
	return err
}

// Download returns a presigned URL to the bytes of a ready file, which gives out
// exactly the object version that was verified.
func (c *Client) Download(ctx context.Context, id string) (Link, error) {
	link, _, err := c.link(ctx, id)
	return link, err
}

// link returns also until when the URL can be used by the clock here.
func (c *Client) link(ctx context.Context, id string) (link Link, until time.Time, err error) {
	doing := "ask to download file " + id
	path, err := pathOf(id, "/download")
	if err != nil {
		return Link{}, time.Time{}, fmt.Errorf("%s: %w", doing, err)
	}
	a, err := c.do(ctx, call{doing: doing, method: http.MethodPost, path: path}, &link)
	return link, a.until(link.ExpiresAt), err
}

// until returns the time of the clock here at which the server's clock will show
// expires, so that a clock that is wrong makes no URL seem to have run out.
func (a answer) until(expires time.Time) time.Time {
	if date, err := http.ParseTime(a.header.Get("Date")); err == nil {
		return a.at.Add(expires.Sub(date))
	}
	return expires
}
