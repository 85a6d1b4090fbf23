package policy

import (
	"fmt"
	"maps"
	"mime"
	"slices"
	"strings"

	"github.com/vouch-s3/vouch/shared/file"
)

// CheckSize says whether a file of size bytes may be uploaded under a content
// type that ContentType has returned, and if not returns a *file.Error that
// names the limit.
func (p Policy) CheckSize(size int64, contentType string) error {
	limit := p.MaxSize
	if t := p.Types[withoutParameters(contentType)]; t != nil && t.MaxSize > 0 {
		limit = t.MaxSize
	}
	accepted := fmt.Sprintf("a whole number of bytes from 1 to %d", limit)
	switch {
	case size <= 0:
		return &file.Error{Code: file.CodeInvalidSize, Field: "size", Detail: "The size is not a positive number of bytes.", Accepted: accepted}
	case size > limit:
		return &file.Error{Code: file.CodeFileTooLarge, Field: "size", Detail: fmt.Sprintf("%d bytes are more than a file of this type may have.", size), Accepted: accepted}
	}
	return nil
}

// ContentType checks a declared media type and returns it in the form that is
// signed and stored: lower case, without white space, and with no parameter
// but a charset of a text type. The *file.Error it returns lists what is allowed.
func (p Policy) ContentType(declared string) (string, error) {
	mediaType, params, err := mime.ParseMediaType(declared)
	if err != nil || !strings.Contains(mediaType, "/") || len(declared) > 127 {
		return "", &file.Error{
			Code: file.CodeInvalidContentType, Field: "contentType",
			Detail:   "The content type is not a media type such as image/png.",
			Accepted: p.allowedTypes(),
		}
	}
	if p.Types[mediaType] == nil {
		return "", &file.Error{
			Code: file.CodeContentTypeRefused, Field: "contentType",
			Detail:   fmt.Sprintf("The content type %s is not allowed.", mediaType),
			Accepted: p.allowedTypes(),
		}
	}
	charset, only := params["charset"], len(params) == 1
	switch {
	case len(params) == 0:
		return mediaType, nil
	case only && strings.HasPrefix(mediaType, "text/") && strings.EqualFold(charset, "utf-8"):
		return mediaType + ";charset=utf-8", nil
	}
	return "", &file.Error{
		Code: file.CodeInvalidContentType, Field: "contentType",
		Detail:   "The content type has parameters that are not allowed.",
		Accepted: mediaType + " alone; the text types also with charset=utf-8",
	}
}

func (p Policy) allowedTypes() string {
	return "one of " + strings.Join(slices.Sorted(maps.Keys(p.Types)), ", ")
}

func withoutParameters(contentType string) string {
	mediaType, _, _ := strings.Cut(contentType, ";")
	return mediaType
}
