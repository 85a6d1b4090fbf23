package policy

import (
	"fmt"
	"strings"

	"github.com/vouch-s3/vouch/shared/file"
)

// Range checks a declared range of media types and returns it in lower case.
// There must be a type within it that is allowed. The *file.Error it returns
// lists what is.
func (p Policy) Range(declared string) (string, error) {
	declared = strings.ToLower(declared)
	for allowed := range p.Types {
		if within(allowed, declared) {
			return declared, nil
		}
	}
	return "", &file.Error{
		Code: file.CodeContentTypeRefused, Field: "contentType",
		Detail:   "No content type within that range is allowed.",
		Accepted: "a range that has " + p.allowedTypes(),
	}
}

// Within is ContentType for a type that a form declares itself, which must be
// within the range that Range has returned.
func (p Policy) Within(declared, mediaRange string) (string, error) {
	contentType, err := p.ContentType(declared)
	if err == nil && !within(contentType, mediaRange) {
		return "", &file.Error{
			Code: file.CodeContentTypeRefused, Field: "contentType",
			Detail:   fmt.Sprintf("The content type %s is not within the range.", contentType),
			Accepted: "one of the allowed types within " + mediaRange,
		}
	}
	return contentType, err
}

func within(contentType, mediaRange string) bool {
	prefix, ok := strings.CutSuffix(mediaRange, "*")
	return ok && strings.HasSuffix(prefix, "/") && strings.HasPrefix(contentType, prefix)
}
