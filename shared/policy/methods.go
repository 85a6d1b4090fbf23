package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vouch-s3/vouch/shared/file"
)

// Method returns how a file of size bytes is to be sent: as asked, or as the
// policy chooses where asked is empty. The *file.Error it returns lists what is
// allowed.
func (p Policy) Method(asked file.Method, size int64) (file.Method, error) {
	allowed := p.Methods
	if size > largestPut {
		allowed = slices.DeleteFunc(slices.Clone(allowed), func(m file.Method) bool { return m != file.Multipart })
	}
	preferred := []file.Method{file.Put, file.Multipart}
	switch {
	case asked != "":
		preferred = []file.Method{asked}
	case size > p.Multipart.Threshold:
		preferred = []file.Method{file.Multipart, file.Put}
	}
	for _, m := range preferred {
		if slices.Contains(allowed, m) {
			return m, nil
		}
	}
	names := make([]string, len(allowed))
	for i, m := range allowed {
		names[i] = string(m)
	}
	return "", &file.Error{
		Code: file.CodeMethodRefused, Field: "method",
		Detail:   "Files like this are not taken in this way.",
		Accepted: "one of " + strings.Join(names, ", "),
	}
}

// PartSize returns the bytes of every part but the last of a file of size bytes:
// as asked, or as the policy chooses where asked is 0. It is the policy's own as
// long as S3's most parts suffice, and beyond that as little more as does, in
// whole MiB. The *file.Error it returns says what would be accepted.
func (p Policy) PartSize(asked, size int64) (int64, error) {
	const mib = 1 << 20
	least := (size + file.MaxParts - 1) / file.MaxParts // with which the most parts suffice
	if asked == 0 {
		return max(p.Multipart.PartSize, (least+mib-1)/mib*mib), nil
	}
	least = max(least, file.MinPartSize)
	if asked < least || asked > file.MaxPartSize {
		return 0, &file.Error{
			Code: file.CodeInvalidParts, Field: "partSize",
			Detail:   fmt.Sprintf("A file of %d bytes is not sent in parts of %d bytes.", size, asked),
			Accepted: fmt.Sprintf("from %d to %d bytes", least, int64(file.MaxPartSize)),
		}
	}
	return asked, nil
}
