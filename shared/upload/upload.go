// Package upload answers the first question of a file's life: may these bytes
// be sent, and by which presigned URL.
package upload

import (
	"context"
	"fmt"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
)

// Request is what a client asks for. Filename, ContentType and Size are
// promises that the signature of the URL will hold the client to.
type Request struct {
	Owner          string
	Filename       string
	ContentType    string
	Size           int64  // bytes
	ChecksumSHA256 string // base64, or empty
}

// Put is the one request that a presigned URL is to allow.
type Put struct {
	Key            string
	ContentType    string
	Size           int64
	ChecksumSHA256 string // base64, or empty
	Life           time.Duration
}

// Instructions tell a client how to send the bytes: exactly this method, this
// URL and these headers.
type Instructions struct {
	Method    string
	URL       string
	Headers   map[string]string
	ExpiresAt time.Time
}

// Records keeps a new record. It fails when the id is already taken.
type Records interface {
	Create(ctx context.Context, f file.File) error
}

// Presigner signs a Put.
type Presigner interface {
	PresignPut(ctx context.Context, put Put) (Instructions, error)
}

// Creator creates uploads.
type Creator struct {
	Records   Records
	Presigner Presigner
	Policy    policy.Policy
	Now       func() time.Time
}

// Create checks the request against the policy, writes the pending record and
// returns it with the instructions. What it refuses it refuses with a
// *file.Error before anything is written or signed.
func (c Creator) Create(ctx context.Context, r Request) (file.File, Instructions, error) {
	contentType, err := c.check(r)
	if err != nil {
		return file.File{}, Instructions{}, err
	}
	id, err := file.NewID()
	if err != nil {
		return file.File{}, Instructions{}, fmt.Errorf("make a file id: %w", err)
	}
	key := file.Key(r.Owner, id)

	// Signed before it is written: signing can fail and leaves nothing behind.
	instructions, err := c.Presigner.PresignPut(ctx, Put{
		Key:            key,
		ContentType:    contentType,
		Size:           r.Size,
		ChecksumSHA256: r.ChecksumSHA256,
		Life:           c.Policy.UploadLife,
	})
	if err != nil {
		return file.File{}, Instructions{}, fmt.Errorf("presign the upload of %s: %w", id, err)
	}

	now := c.Now().UTC()
	f := file.File{
		ID:              id,
		Owner:           r.Owner,
		Filename:        r.Filename,
		Method:          file.Put,
		ContentType:     contentType,
		Size:            r.Size,
		ChecksumSHA256:  r.ChecksumSHA256,
		Status:          file.Pending,
		Key:             key,
		CreatedAt:       now,
		UpdatedAt:       now,
		UploadExpiresAt: instructions.ExpiresAt,
		SweepAt:         instructions.ExpiresAt.Add(c.Policy.ArrivalGrace),
		Revision:        1,
	}
	if err := c.Records.Create(ctx, f); err != nil {
		return file.File{}, Instructions{}, fmt.Errorf("write the record of %s: %w", id, err)
	}
	return f, instructions, nil
}

func (c Creator) check(r Request) (contentType string, err error) {
	if r.Owner == "" {
		return "", &file.Error{Code: file.CodeUnauthorized, Detail: "The token names no subject."}
	}
	if err := file.CheckFilename(r.Filename); err != nil {
		return "", err
	}
	if contentType, err = c.Policy.ContentType(r.ContentType); err != nil {
		return "", err
	}
	if err := c.Policy.CheckSize(r.Size, contentType); err != nil {
		return "", err
	}
	if r.ChecksumSHA256 != "" {
		if err := file.CheckChecksum(r.ChecksumSHA256); err != nil {
			return "", err
		}
	}
	return contentType, nil
}
