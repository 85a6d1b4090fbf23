package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/download"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/parts"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/upload"
)

// Created is the answer to CreateUpload, with the one of them that says how the
// bytes are sent.
type Created struct {
	File
	Upload    *Upload    `json:"upload,omitempty"`
	Multipart *Multipart `json:"multipart,omitempty"`
	Form      *Form      `json:"form,omitempty"`
}

// Upload says how the bytes are to be sent. Headers is exactly what the client
// must send, apart from what every HTTP client sends by itself (Host).
type Upload struct {
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	ExpiresAt string            `json:"expiresAt"` // RFC 3339, UTC
}

// CreateUpload answers POST /files.
func CreateUpload(c upload.Creator) Handler {
	return func(ctx context.Context, r Request) (Response, error) {
		ask := upload.Request{Owner: r.Principal.Owner(), Attempt: r.Attempt}
		var method *file.Method
		var size, maxSize, partSize *int64
		var expiresAt *string
		err := decodeObject(r.Body, map[string]any{
			"filename":       &ask.Filename,
			"contentType":    &ask.ContentType,
			"size":           &size,
			"maxSize":        &maxSize,
			"checksumSHA256": &ask.ChecksumSHA256,
			"method":         &method,
			"partSize":       &partSize,
			"expiresAt":      &expiresAt,
		}, "filename", "contentType")
		if err != nil {
			return Response{}, err
		}
		if ask.Size, err = given(size, "size"); err != nil {
			return Response{}, err
		}
		if ask.MaxSize, err = given(maxSize, "maxSize"); err != nil {
			return Response{}, err
		}
		if ask.Method, err = methodOf(method); err != nil {
			return Response{}, err
		}
		if ask.PartSize, err = partSizeOf(partSize); err != nil {
			return Response{}, err
		}
		if expiresAt != nil {
			if ask.ExpiresAt, err = timeOf(*expiresAt, "expiresAt"); err != nil {
				return Response{}, err
			}
		}
		f, send, err := c.Create(ctx, ask)
		if err != nil {
			return Response{}, err
		}
		h := headersOf(f)
		h["Location"] = "/files/" + f.ID
		h["Cache-Control"] = "no-store" // the URL or form is a secret
		created := Created{File: view(f)}
		switch f.Method {
		case file.Multipart:
			m := multipart(f)
			created.Multipart = &m
		case file.Form:
			created.Form = formOf(send)
		default:
			created.Upload = &Upload{Method: send.Method, URL: send.URL, Headers: send.Headers, ExpiresAt: stamp(send.ExpiresAt)}
		}
		return Response{Status: http.StatusCreated, Header: h, Body: created}, nil
	}
}

// methodOf reads a method that may be left out, which is the empty one, but not
// be empty.
func methodOf(m *file.Method) (file.Method, error) {
	if m == nil {
		return "", nil
	}
	if !m.Valid() {
		return "", &file.Error{
			Code: file.CodeMethodRefused, Field: "method", Detail: "There is no such method.",
			Accepted: fmt.Sprintf("one of %s, %s, %s", file.Put, file.Multipart, file.Form),
		}
	}
	return *m, nil
}

// partSizeOf reads a part size that may be left out, which is 0, but not be 0.
func partSizeOf(n *int64) (int64, error) {
	if n == nil {
		return 0, nil
	}
	if *n < file.MinPartSize {
		return 0, &file.Error{
			Code: file.CodeInvalidParts, Field: "partSize", Detail: "The parts are too small for S3.",
			Accepted: fmt.Sprintf("from %d bytes", int64(file.MinPartSize)),
		}
	}
	return *n, nil
}

// Completer takes an owner's word that an upload is done.
type Completer interface {
	Complete(ctx context.Context, p access.Principal, id string, c parts.Completion) (file.File, error)
}

// CompleteUpload answers POST /files/{id}/complete, whose body may have up to
// MaxCompletion bytes.
func CompleteUpload(c Completer) Handler {
	return func(ctx context.Context, r Request) (Response, error) {
		said, err := completionOf(r.Body)
		if err != nil {
			return Response{}, err
		}
		f, err := c.Complete(ctx, r.Principal, r.FileID, said)
		if err != nil {
			return Response{}, err
		}
		return Response{Status: http.StatusAccepted, Header: headersOf(f), Body: whole(f)}, nil
	}
}

// GetFile answers GET /files/{id}.
func GetFile(records access.Records, now func() time.Time) Handler {
	return func(ctx context.Context, r Request) (Response, error) {
		f, as, err := access.LoadAs(ctx, records, r.Principal, r.FileID, access.See, now())
		if err != nil {
			return Response{}, err
		}
		h := headersOf(f)
		if as.Relation != access.Owner {
			// A grant ends without a change of the file, and the answer names it.
			h["ETag"] = etagAs(f, as.Relation)
		}
		if field, ok := r.Header["if-none-match"]; ok && !noneMatch(field, h["ETag"]) {
			return Response{Status: http.StatusNotModified, Header: h}, nil
		}
		answer := whole(f)
		answer.Access = as.Relation
		return Response{Status: http.StatusOK, Header: h, Body: answer}, nil
	}
}

// Lister lists a page of an owner's files.
type Lister interface {
	List(ctx context.Context, q file.Query) (files []file.File, next string, err error)
}

// Page is the answer to ListFiles. NextCursor is left out on the last page.
type Page struct {
	Files      []File `json:"files"`
	NextCursor string `json:"nextCursor,omitempty"`
}

// ListFiles answers GET /files.
func ListFiles(l Lister, p policy.Policy) Handler {
	return func(ctx context.Context, r Request) (Response, error) {
		q, err := query(r, p)
		if err != nil {
			return Response{}, err
		}
		files, next, err := l.List(ctx, q)
		if err != nil {
			return Response{}, err
		}
		page := Page{Files: make([]File, len(files)), NextCursor: next}
		for i, f := range files {
			page.Files[i] = view(f)
		}
		return Response{Status: http.StatusOK, Body: page}, nil
	}
}

func query(r Request, p policy.Policy) (file.Query, error) {
	q := file.Query{Owner: r.Principal.Owner(), Limit: p.DefaultPage}
	status := parameter{"status", func(value string) string {
		if q.Status = file.Status(value); q.Status.Valid() {
			return ""
		}
		var all []string
		for _, s := range file.Statuses() {
			all = append(all, string(s))
		}
		return "one of " + strings.Join(all, ", ")
	}}
	if err := readQuery(r, status, limitOf(&q.Limit, p), cursorOf(&q.After)); err != nil {
		return file.Query{}, err
	}
	return q, nil
}

// Link is the answer to CreateDownload.
type Link struct {
	URL       string `json:"url"`
	ExpiresAt string `json:"expiresAt"` // RFC 3339, UTC
}

// CreateDownload answers POST /files/{id}/download.
func CreateDownload(c download.Creator) Handler {
	return func(ctx context.Context, r Request) (Response, error) {
		if err := noBody(r.Body); err != nil {
			return Response{}, err
		}
		link, err := c.Create(ctx, r.Principal, r.FileID)
		if err != nil {
			return Response{}, err
		}
		return Response{
			Status: http.StatusOK,
			Header: map[string]string{"Cache-Control": "no-store"}, // the URL is a secret
			Body:   Link{URL: link.URL, ExpiresAt: stamp(link.ExpiresAt)},
		}, nil
	}
}

// Deleter deletes a file.
type Deleter interface {
	Delete(ctx context.Context, p access.Principal, id string) error
}

// DeleteFile answers DELETE /files/{id}.
func DeleteFile(d Deleter) Handler {
	return func(ctx context.Context, r Request) (Response, error) {
		if err := noBody(r.Body); err != nil {
			return Response{}, err
		}
		if err := d.Delete(ctx, r.Principal, r.FileID); err != nil {
			return Response{}, err
		}
		return Response{Status: http.StatusNoContent}, nil
	}
}
