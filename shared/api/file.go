package api

import (
	"strconv"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
)

// File is a file as clients see it.
type File struct {
	ID             string      `json:"id"`
	Status         file.Status `json:"status"`
	Method         file.Method `json:"method"`
	Filename       string      `json:"filename"`
	ContentType    string      `json:"contentType"`
	Size           int64       `json:"size,omitempty"` // bytes
	ChecksumSHA256 string      `json:"checksumSHA256,omitempty"`
	Reason         file.Reason `json:"reason,omitempty"`
	CreatedAt      string      `json:"createdAt"` // RFC 3339, UTC
	UpdatedAt      string      `json:"updatedAt"`

	// ExpiresAt is when the file is deleted by itself; left out where it is not.
	// While it is OnHold nobody deletes it, then either.
	ExpiresAt string `json:"expiresAt,omitempty"` // RFC 3339, UTC
	OnHold    bool   `json:"onHold,omitempty"`

	// Access is what the caller may do, where the file need not be theirs.
	Access access.Relation `json:"access,omitempty"`

	// Verdict and Receipt are left out of lists, and where there is none.
	Verdict *Verdict `json:"verdict,omitempty"`
	Receipt string   `json:"receipt,omitempty"` // a JWS in compact form
}

func view(f file.File) File {
	v := File{
		ID:             f.ID,
		Status:         f.Status,
		Method:         f.Method,
		Filename:       f.Filename,
		ContentType:    f.ContentType,
		Size:           f.Size,
		ChecksumSHA256: f.ChecksumSHA256,
		Reason:         f.Reason,
		CreatedAt:      stamp(f.CreatedAt),
		UpdatedAt:      stamp(f.UpdatedAt),
		OnHold:         f.Hold != nil,
	}
	if !f.ExpiresAt.IsZero() {
		v.ExpiresAt = stamp(f.ExpiresAt)
	}
	return v
}

// whole is the view of a file with what was found out about its bytes.
func whole(f file.File) File {
	v := view(f)
	v.Verdict, v.Receipt = verdictView(f.Verdict), f.Receipt
	return v
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// headersOf returns the header fields that go with a file: its ETag, where it
// is found, and while it has no end state, when to look again.
func headersOf(f file.File) map[string]string {
	h := map[string]string{"ETag": etag(f)}
	switch f.Status {
	case file.Pending:
		h["Retry-After"] = "2"
	case file.Uploaded, file.Verifying:
		h["Retry-After"] = "1"
	}
	return h
}

func etag(f file.File) string { return `"` + strconv.FormatInt(f.Revision, 10) + `"` }

// etagAs is the ETag of f as somebody sees it who is r to it.
func etagAs(f file.File, r access.Relation) string {
	return `"` + strconv.FormatInt(f.Revision, 10) + "-" + string(r) + `"`
}

// noneMatch reports whether an If-None-Match field leaves room for an answer:
// false when it lists tag, compared weakly, or is "*" (RFC 9110, 13.1.2).
func noneMatch(field, tag string) bool {
	if strings.TrimSpace(field) == "*" {
		return false
	}
	for listed := range strings.SplitSeq(field, ",") {
		if strings.TrimPrefix(strings.TrimSpace(listed), "W/") == tag {
			return false
		}
	}
	return true
}
