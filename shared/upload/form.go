package upload

import (
	"errors"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// Form is the one object that an HTML form is to be able to send. Exactly one of
// Size and MaxSize is positive: as many bytes, or 1 to as many.
type Form struct {
	Key            string
	ContentType    string // or a range such as image/*, within which the form says which
	Size, MaxSize  int64  // bytes
	ChecksumSHA256 string // base64, or empty
	Life           time.Duration
}

// checkForm is check for a form, which may leave open what a person has yet to
// choose: how many bytes, up to a limit, and which type within a range.
func (c Creator) checkForm(r Request) (Request, error) {
	switch {
	case r.Size == 0 && r.MaxSize == 0:
		return Request{}, invalidSize("size", "There is no size.")
	case r.Size != 0 && r.MaxSize != 0:
		return Request{}, invalidSize("maxSize", "There is a size and a maxSize.")
	}
	typed := c.Policy.ContentType
	if file.IsRange(r.ContentType) {
		typed = c.Policy.Range
	}
	var err error
	if r.ContentType, err = typed(r.ContentType); err != nil {
		return Request{}, err
	}
	// Of a range this is the policy's own limit. That of the type which the form
	// chooses is held when its object is validated.
	if r.MaxSize != 0 {
		err = c.Policy.CheckSize(r.MaxSize, r.ContentType)
		if e, ok := errors.AsType[*file.Error](err); ok {
			e.Field = "maxSize"
		}
	} else {
		err = c.Policy.CheckSize(r.Size, r.ContentType)
	}
	if err != nil {
		return Request{}, err
	}
	if r.ChecksumSHA256 == "" {
		return r, nil
	}
	if r.MaxSize != 0 {
		return Request{}, &file.Error{
			Code: file.CodeInvalidChecksum, Field: "checksumSHA256",
			Detail:   "Whose checksum is known, its size is too.",
			Accepted: "checksumSHA256 with size in place of maxSize, or neither",
		}
	}
	return r, file.CheckChecksum(r.ChecksumSHA256)
}

func invalidSize(field, detail string) error {
	return &file.Error{
		Code: file.CodeInvalidSize, Field: field, Detail: detail,
		Accepted: "size, in bytes; or for the method form maxSize in its place",
	}
}
