// Package upload answers the first question of a file's life: may these bytes
// be sent, and by which presigned URL or form.
package upload

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
)

// Request is what a client asks for. Filename, ContentType and Size are
// promises that the signature of the URL will hold the client to.
type Request struct {
	Owner          string
	Filename       string
	ContentType    string // for a form also a range such as image/*
	Size           int64  // bytes
	MaxSize        int64  // bytes; in place of Size, for a form
	ChecksumSHA256 string // base64, or empty

	// ExpiresAt is how long the file is to be kept; the zero time for as long as the
	// policy says.
	ExpiresAt time.Time

	// Attempt is the zero one for a call without an Idempotency-Key.
	Attempt Attempt

	// Method is how the client wants to send the bytes, empty for as the policy
	// chooses; PartSize is the bytes of a part, 0 likewise, for Multipart only.
	Method   file.Method
	PartSize int64
}

// Attempt is one of the attempts at a call that may have to be made again, and is
// to make one file in all.
type Attempt struct {
	FileID string // the id of the file, the same in every attempt
	Again  bool   // an attempt before may have made the file
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
// URL and these headers, or these fields of a form.
type Instructions struct {
	Method    string
	URL       string
	Headers   map[string]string
	Fields    map[string]string // of a form, to come before its field file
	ExpiresAt time.Time
}

// Records keeps new records.
type Records interface {
	// Create keeps a new record, and in the same write its events, and counts it. It
	// fails when the id is already taken, and with a *file.Error when a quota is used
	// up or the account is closed.
	Create(ctx context.Context, f file.File) error

	// Get reads a record, or returns file.ErrNotFound.
	Get(ctx context.Context, id string) (file.File, error)

	// Begin writes down that an upload in parts is begun, as file.Begun says.
	Begin(ctx context.Context, id string, b file.Begun) (file.File, error)

	// Note is for what is signed once more of a record that is there: Create itself
	// keeps the events of a new one.
	audit.Trail
}

// Presigner signs a Put or a Form.
type Presigner interface {
	PresignPut(ctx context.Context, put Put) (Instructions, error)
	PresignForm(ctx context.Context, form Form) (Instructions, error)
}

// Creator creates uploads.
type Creator struct {
	Records   Records
	Presigner Presigner
	Uploads   Beginner
	Policy    policy.Policy
	Now       func() time.Time
}

// Create checks the request against the policy, writes the pending record and
// returns it with the instructions; of a file that is sent in parts there are
// none, since each part has its own. What it refuses it refuses with a
// *file.Error before anything is written or signed; only what is over a quota is
// refused by the write itself, and what was signed for it is given to nobody.
func (c Creator) Create(ctx context.Context, r Request) (file.File, Instructions, error) {
	r, err := c.check(r)
	if err != nil {
		return file.File{}, Instructions{}, err
	}
	if r.Attempt.Again {
		f, err := c.Records.Get(ctx, r.Attempt.FileID)
		if err == nil {
			return c.resume(ctx, r.Owner, f)
		}
		if !errors.Is(err, file.ErrNotFound) {
			return file.File{}, Instructions{}, fmt.Errorf("look for the file of an attempt before: %w", err)
		}
	}
	id := r.Attempt.FileID
	if id == "" {
		if id, err = file.NewID(); err != nil {
			return file.File{}, Instructions{}, fmt.Errorf("make a file id: %w", err)
		}
	}
	now := c.Now().UTC()
	expiresAt, err := c.Policy.FirstExpiry(r.ExpiresAt, now)
	if err != nil {
		return file.File{}, Instructions{}, err
	}
	f := file.File{
		ID:             id,
		Owner:          r.Owner,
		Filename:       r.Filename,
		Method:         r.Method,
		ContentType:    r.ContentType,
		Size:           r.Size,
		MaxSize:        r.MaxSize,
		PartSize:       r.PartSize,
		ChecksumSHA256: r.ChecksumSHA256,
		Status:         file.Pending,
		Key:            file.Key(r.Owner, id),
		CreatedAt:      now,
		UpdatedAt:      now,
		ExpiresAt:      expiresAt,
		Counted:        c.Policy.Quotas.Kinds(r.Owner),
		Revision:       1,
	}
	if f.Method == file.Multipart {
		f, err = c.begin(ctx, f)
		return f, Instructions{}, err
	}

	// Signed before it is written: signing can fail and leaves nothing behind.
	instructions, err := c.presign(ctx, f, c.Policy.UploadLife)
	if err != nil {
		return file.File{}, Instructions{}, fmt.Errorf("presign the upload of %s: %w", id, err)
	}
	f.UploadExpiresAt = instructions.ExpiresAt
	f.SweepAt = instructions.ExpiresAt.Add(c.Policy.ArrivalGrace)
	if err := c.Records.Create(ctx, f); err != nil {
		return file.File{}, Instructions{}, fmt.Errorf("write the record of %s: %w", id, err)
	}
	return f, instructions, nil
}

func (c Creator) presign(ctx context.Context, f file.File, life time.Duration) (Instructions, error) {
	if f.Method == file.Form {
		return c.Presigner.PresignForm(ctx, Form{
			Key: f.Key, ContentType: f.ContentType, Size: f.Size, MaxSize: f.MaxSize,
			ChecksumSHA256: f.ChecksumSHA256, Life: life,
		})
	}
	return c.Presigner.PresignPut(ctx, Put{
		Key:            f.Key,
		ContentType:    f.ContentType,
		Size:           f.Size,
		ChecksumSHA256: f.ChecksumSHA256,
		Life:           life,
	})
}

// check returns the request with its method and the size of its parts chosen,
// and its content type as it is signed and stored.
func (c Creator) check(r Request) (Request, error) {
	if r.Owner == "" {
		return Request{}, &file.Error{Code: file.CodeUnauthorized, Detail: "The token names no subject."}
	}
	if err := file.CheckFilename(r.Filename); err != nil {
		return Request{}, err
	}
	var err error
	if r.Method, err = c.Policy.Method(r.Method, max(r.Size, r.MaxSize)); err != nil {
		return Request{}, err
	}
	if r.PartSize != 0 && r.Method != file.Multipart {
		return Request{}, &file.Error{
			Code: file.CodeInvalidParts, Field: "partSize",
			Detail: "The file is not sent in parts.", Accepted: "partSize only with the method " + string(file.Multipart),
		}
	}
	if r.Method == file.Form {
		return c.checkForm(r)
	}
	if r.MaxSize != 0 {
		return Request{}, invalidSize("maxSize", "Only a form may leave its size open.")
	}
	if r.ContentType, err = c.Policy.ContentType(r.ContentType); err != nil {
		return Request{}, err
	}
	if err := c.Policy.CheckSize(r.Size, r.ContentType); err != nil {
		return Request{}, err
	}
	if r.Method == file.Multipart {
		if r.PartSize, err = c.Policy.PartSize(r.PartSize, r.Size); err != nil {
			return Request{}, err
		}
	}
	if r.ChecksumSHA256 != "" {
		if err := file.CheckChecksum(r.ChecksumSHA256); err != nil {
			return Request{}, err
		}
	}
	return r, nil
}
