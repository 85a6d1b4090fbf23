package api

import "github.com/vouch-s3/vouch/shared/upload"

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
