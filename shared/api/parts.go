package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/parts"
)

// Multipart says in which parts the bytes are to be sent.
type Multipart struct {
	PartSize  int64  `json:"partSize"` // bytes
	PartCount int    `json:"partCount"`
	ExpiresAt string `json:"expiresAt"` // RFC 3339, UTC
}

func multipart(f file.File) Multipart {
	return Multipart{PartSize: f.PartSize, PartCount: file.Parts(f.Size, f.PartSize), ExpiresAt: stamp(f.UploadExpiresAt)}
}

// PresignedParts is the answer to PresignParts, in the order that was asked for.
type PresignedParts struct {
	Parts     []PresignedPart `json:"parts"`
	ExpiresAt string          `json:"expiresAt"` // RFC 3339, UTC
}

// PresignedPart says how one part is sent. Headers is as in Upload.
type PresignedPart struct {
	PartNumber int               `json:"partNumber"`
	Size       int64             `json:"size"` // bytes
	Method     string            `json:"method"`
	URL        string            `json:"url"`
	Headers    map[string]string `json:"headers"`
}

// PartSigner gives out the URLs that parts are sent to.
type PartSigner interface {
	Presign(ctx context.Context, p access.Principal, id string, numbers []int, checksums []string) ([]parts.Signed, time.Time, error)
}

// PresignParts answers POST /files/{id}/parts.
func PresignParts(p PartSigner) Handler {
	return func(ctx context.Context, r Request) (Response, error) {
		numbers, checksums, err := newParts(r.Body)
		if err != nil {
			return Response{}, err
		}
		signed, expiresAt, err := p.Presign(ctx, r.Principal, r.FileID, numbers, checksums)
		if err != nil {
			return Response{}, err
		}
		answer := PresignedParts{Parts: make([]PresignedPart, len(signed)), ExpiresAt: stamp(expiresAt)}
		for i, s := range signed {
			answer.Parts[i] = PresignedPart{PartNumber: s.Number, Size: s.Size, Method: s.Method, URL: s.URL, Headers: s.Headers}
		}
		return Response{
			Status: http.StatusOK,
			Header: map[string]string{"Cache-Control": "no-store"}, // the URLs are secrets
			Body:   answer,
		}, nil
	}
}

func newParts(body []byte) (numbers []int, checksums []string, err error) {
	var listed, sums json.RawMessage
	if err := decodeObject(body, map[string]any{"partNumbers": &listed, "checksums": &sums}, "partNumbers"); err != nil {
		return nil, nil, err
	}
	err = decodeArray(listed, "partNumbers", func(_ string, element []byte) error {
		var n int
		if err := json.Unmarshal(element, &n); err != nil {
			return errNoElement
		}
		numbers = append(numbers, n)
		return nil
	})
	if err != nil || sums == nil {
		return numbers, nil, err
	}
	checksums = []string{}
	err = decodeArray(sums, "checksums", func(_ string, element []byte) error {
		var s string
		if err := json.Unmarshal(element, &s); err != nil {
			return errNoElement
		}
		checksums = append(checksums, s)
		return nil
	})
	return numbers, checksums, err
}

// HeldParts is the answer to ListParts. NextAfter is left out on the last page.
type HeldParts struct {
	Multipart
	Parts     []HeldPart `json:"parts"`
	NextAfter int        `json:"nextAfter,omitempty"`
}

// HeldPart is a part that S3 holds.
type HeldPart struct {
	PartNumber        int    `json:"partNumber"`
	Size              int64  `json:"size"` // bytes
	ETag              string `json:"etag"`
	ChecksumCRC64NVME string `json:"checksumCRC64NVME,omitempty"`
}

// PartLister lists the parts of a file that S3 holds.
type PartLister interface {
	List(ctx context.Context, p access.Principal, id string, after int) (f file.File, held []file.Part, more bool, err error)
}

// ListParts answers GET /files/{id}/parts.
func ListParts(l PartLister) Handler {
	return func(ctx context.Context, r Request) (Response, error) {
		after, err := afterOf(r.Query)
		if err != nil {
			return Response{}, err
		}
		f, held, more, err := l.List(ctx, r.Principal, r.FileID, after)
		if err != nil {
			return Response{}, err
		}
		answer := HeldParts{Multipart: multipart(f), Parts: make([]HeldPart, len(held))}
		for i, p := range held {
			answer.Parts[i] = HeldPart{PartNumber: p.Number, Size: p.Size, ETag: p.ETag, ChecksumCRC64NVME: p.ChecksumCRC64NVME}
		}
		if more && len(held) > 0 {
			answer.NextAfter = held[len(held)-1].Number
		}
		return Response{Status: http.StatusOK, Body: answer}, nil
	}
}

func afterOf(query map[string]string) (after int, err error) {
	for name, value := range query {
		accepted := fmt.Sprintf("a whole number from 1 to %d", file.MaxParts)
		if name == "after" {
			if after, err = strconv.Atoi(value); err == nil && after >= 1 && after <= file.MaxParts {
				continue
			}
		} else {
			accepted = "the parameter after"
		}
		return 0, &file.Error{Code: file.CodeInvalidParameter, Field: name, Detail: "The parameter is not acceptable.", Accepted: accepted}
	}
	return after, nil
}

// completionOf reads what a client says of the bytes that it has sent; nothing
// where there is no body.
func completionOf(body []byte) (parts.Completion, error) {
	var c parts.Completion
	if len(bytes.TrimSpace(body)) == 0 {
		return c, nil
	}
	var listed json.RawMessage
	var crc, sha *string
	if err := decodeObject(body, map[string]any{"parts": &listed, "checksumCRC64NVME": &crc, "checksumSHA256": &sha}); err != nil {
		return c, err
	}
	if crc != nil {
		if err := file.CheckCRC64NVME(*crc, "checksumCRC64NVME"); err != nil {
			return c, err
		}
		c.ChecksumCRC64NVME = *crc
	}
	if sha != nil {
		if err := file.CheckChecksum(*sha); err != nil {
			return c, err
		}
		c.ChecksumSHA256 = *sha
	}
	if listed == nil {
		return c, nil
	}
	c.Parts = []parts.Sent{}
	err := decodeArray(listed, "parts", func(place string, element []byte) error {
		sent, err := sentPart(place, element)
		c.Parts = append(c.Parts, sent)
		return err
	})
	return c, err
}

func sentPart(place string, element []byte) (parts.Sent, error) {
	var sent parts.Sent
	var crc *string
	err := decodeObjectAt(place, element, map[string]any{
		"partNumber": &sent.Number, "etag": &sent.ETag, "checksumCRC64NVME": &crc,
	}, "partNumber", "etag")
	if err != nil || crc == nil {
		return sent, err
	}
	sent.ChecksumCRC64NVME = *crc
	return sent, file.CheckCRC64NVME(*crc, place+".checksumCRC64NVME")
}
