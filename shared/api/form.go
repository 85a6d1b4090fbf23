package api

import (
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/upload"
)

// Form says how an HTML form sends the bytes: by POST to URL as
// multipart/form-data, with every one of Fields before a last field, file.
type Form struct {
	URL       string            `json:"url"`
	Fields    map[string]string `json:"fields"`
	ExpiresAt string            `json:"expiresAt"` // RFC 3339, UTC
}

func formOf(i upload.Instructions) *Form {
	return &Form{URL: i.URL, Fields: i.Fields, ExpiresAt: stamp(i.ExpiresAt)}
}

// given reads a number of bytes that may be left out, which is 0, but not be 0.
func given(n *int64, field string) (int64, error) {
	switch {
	case n == nil:
		return 0, nil
	case *n == 0:
		return 0, &file.Error{
			Code: file.CodeInvalidSize, Field: field,
			Detail:   "The size is not a positive number of bytes.",
			Accepted: "a whole number of bytes from 1",
		}
	}
	return *n, nil
}
