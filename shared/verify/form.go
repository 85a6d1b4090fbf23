package verify

import (
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
)

// unpromised returns what the form of f has left open and obj has closed: its
// size in bytes, and its content type as policy spells it. Each is zero where
// nothing was left open, and the content type also where obj's is not acceptable:
// the record then keeps the range, and validation rejects it.
func unpromised(f file.File, obj file.Object, p policy.Policy) (size int64, contentType string) {
	if f.MaxSize > 0 {
		size = obj.Size
	}
	if file.IsRange(f.ContentType) {
		if sent, err := p.Within(obj.ContentType, f.ContentType); err == nil {
			contentType = sent
		}
	}
	return size, contentType
}

// compareForm is compare for what a form has sent. S3 has held it to the form's
// policy, but that has only a beginning for a range of content types, and the
// policy's own limit of size for any type within it.
func compareForm(f file.File, obj file.Object, p policy.Policy) file.Reason {
	contentType, typeErr := p.ContentType(obj.ContentType)
	if typeErr == nil {
		obj.ContentType = contentType // the form may have spelled it otherwise
	}
	if reason := compare(f, obj); reason != "" {
		return reason
	}
	switch {
	case typeErr != nil:
		return file.ContentTypeMismatch
	case f.MaxSize > 0 && obj.Size > f.MaxSize, p.CheckSize(obj.Size, contentType) != nil:
		return file.SizeMismatch
	}
	return ""
}
