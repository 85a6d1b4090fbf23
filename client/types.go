package client

import (
	"encoding/json"
	"time"
)

// Status says where a file stands in its life (docs/lifecycle.md).
type Status string

// The statuses.
const (
	StatusPending   Status = "pending"   // its bytes are awaited
	StatusUploaded  Status = "uploaded"  // its bytes are there
	StatusVerifying Status = "verifying" // they are being looked at
	StatusReady     Status = "ready"     // verified, and may be downloaded
	StatusRejected  Status = "rejected"  // File.Reason says why
	StatusExpired   Status = "expired"   // its bytes never came
	StatusDeleted   Status = "deleted"
)

// Final reports whether s is an end state. A ready file may still be rejected by
// a later re-scan, and any may be deleted.
func (s Status) Final() bool {
	switch s {
	case StatusReady, StatusRejected, StatusExpired, StatusDeleted:
		return true
	}
	return false
}

// Method is how the bytes of a file are sent.
type Method string

// The methods.
const (
	MethodPut       Method = "put"       // by one presigned PUT
	MethodMultipart Method = "multipart" // in parts
	MethodForm      Method = "form"      // by an HTML form; Client.Upload does not send these
)

// File is a file as the API describes it.
type File struct {
	ID          string `json:"id"`
	Status      Status `json:"status"`
	Method      Method `json:"method"`
	Filename    string `json:"filename"` // as its owner called it; never a path to write to
	ContentType string `json:"contentType"`

	// Size is in bytes. It is 0 for a form whose bytes have not arrived.
	Size int64 `json:"size,omitempty"`

	// ChecksumSHA256 is in base64, and empty until it is promised or known.
	ChecksumSHA256 string `json:"checksumSHA256,omitempty"`

	// Reason says why a file is rejected; empty in every other status.
	Reason string `json:"reason,omitempty"`

	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`

	// ExpiresAt is when the file is deleted by itself, from when on nothing of it is
	// given out; the zero time for never. While it is OnHold nobody deletes it.
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
	OnHold    bool      `json:"onHold,omitempty"`

	// Access is what the caller may do with the file. Only Get and Wait say it.
	Access Access `json:"access,omitempty"`

	// Verdict is what verification found out about the bytes, as the schema Verdict
	// of docs/openapi.yaml has it. It is left out of lists, and until there is one.
	Verdict json.RawMessage `json:"verdict,omitempty"`

	// Receipt is the signed statement that the bytes of a ready file were verified
	// (docs/receipts.md), a JWS in compact form. It is left out of lists.
	Receipt string `json:"receipt,omitempty"`
}

// NewFile is what Create asks for. Filename and ContentType are required, and
// Size but for a form.
type NewFile struct {
	Filename    string `json:"filename"`
	ContentType string `json:"contentType"`
	Size        int64  `json:"size,omitempty"` // bytes

	// MaxSize stands for Size where it is not known before; only for a form.
	MaxSize int64 `json:"maxSize,omitempty"`

	// ChecksumSHA256 is in base64; where it is promised, S3 or the verification
	// refuses any other bytes.
	ChecksumSHA256 string `json:"checksumSHA256,omitempty"`

	Method   Method `json:"method,omitempty"`   // empty: the server chooses
	PartSize int64  `json:"partSize,omitempty"` // bytes; 0: the server chooses

	// ExpiresAt is how long the file is kept; the zero time for as long as the policy
	// says.
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
}

// Created is a pending file and how to send its bytes: one of Upload, Multipart
// and Form is there, by its Method.
type Created struct {
	File
	Upload    *Upload    `json:"upload,omitempty"`
	Multipart *Multipart `json:"multipart,omitempty"`
	Form      *Form      `json:"form,omitempty"`
}

// Upload is one request that sends a whole file: exactly this method, URL and
// headers. The URL is a secret.
type Upload struct {
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	ExpiresAt time.Time         `json:"expiresAt"`
}

// Multipart is how a file is divided. Every part but the last has PartSize bytes.
type Multipart struct {
	PartSize  int64     `json:"partSize"` // bytes
	PartCount int       `json:"partCount"`
	ExpiresAt time.Time `json:"expiresAt"` // until when it may be completed
}

// Form is how an HTML form sends a file: by POST of multipart/form-data, with
// every one of Fields before a last field that is called "file".
type Form struct {
	URL       string            `json:"url"`
	Fields    map[string]string `json:"fields"`
	ExpiresAt time.Time         `json:"expiresAt"`
}

// HeldPart is a part that S3 holds.
type HeldPart struct {
	PartNumber        int    `json:"partNumber"` // from 1
	Size              int64  `json:"size"`       // bytes
	ETag              string `json:"etag"`       // without its quotes
	ChecksumCRC64NVME string `json:"checksumCRC64NVME,omitempty"`
}

// PresignedPart is one request that sends a part: exactly this method, URL and
// headers, and Size bytes. The URL is a secret.
type PresignedPart struct {
	PartNumber int               `json:"partNumber"`
	Size       int64             `json:"size"` // bytes
	Method     string            `json:"method"`
	URL        string            `json:"url"`
	Headers    map[string]string `json:"headers"`
}

// Completion is what is known of a file that was sent in parts. Whatever is
// there is compared with what S3 holds.
type Completion struct {
	Parts             []SentPart `json:"parts,omitempty"`             // all of them, in their order
	ChecksumCRC64NVME string     `json:"checksumCRC64NVME,omitempty"` // of the whole file, in base64
	ChecksumSHA256    string     `json:"checksumSHA256,omitempty"`    // of the whole file, in base64
}

// SentPart is a part as S3 acknowledged it.
type SentPart struct {
	PartNumber        int    `json:"partNumber"`
	ETag              string `json:"etag"` // with or without its quotes
	ChecksumCRC64NVME string `json:"checksumCRC64NVME,omitempty"`
}

// Link is a presigned URL to the verified bytes of a ready file. The URL is a secret.
type Link struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// ListOptions says what List lists.
type ListOptions struct {
	Status   Status // empty: all but deleted ones
	PageSize int    // files a call, 1 to 100; 0: the server chooses
}
