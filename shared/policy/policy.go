// Package policy holds the one set of rules on what may be uploaded and how
// long things live: sizes, media types and expiry times. Every layer asks
// here, none has a limit of its own.
package policy

import (
	"fmt"
	"mime"
	"slices"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// Policy is a set of limits. The zero value allows nothing.
type Policy struct {
	// MaxSize is the most bytes a file may have. It is kept below what a single
	// PutObject takes (5 GiB, "Uploading objects", Amazon S3 User Guide) and
	// below what clamd scans whole (2 GiB less three bytes, MaxFileSize as the
	// daemon itself caps it): a file that could not be scanned is refused before
	// it is sent.
	MaxSize int64

	// ContentTypes are the media types accepted, in lower case and without
	// parameters.
	ContentTypes []string

	// UploadLife and DownloadLife are how long a presigned URL is accepted.
	UploadLife   time.Duration
	DownloadLife time.Duration

	// ArrivalGrace is how long after UploadLife an upload that began in time
	// may still end: S3 checks a URL's expiry when the request begins.
	ArrivalGrace time.Duration

	// VerifyWithin is how long after its arrival a file may go unverified
	// before the sweeper starts its verification again.
	VerifyWithin time.Duration

	// GiveUpAfter is how long after it was asked for a file that still has no
	// verdict is rejected.
	GiveUpAfter time.Duration

	// PurgeAfter is how long the record of a deleted or expired file is kept.
	PurgeAfter time.Duration

	// MaxPage is the most files in one page of a list, DefaultPage how many
	// there are when the caller does not say.
	MaxPage     int
	DefaultPage int
}

// Default returns the policy that is in force.
func Default() Policy {
	return Policy{
		MaxSize:      2<<30 - 3,
		ContentTypes: slices.Clone(defaultContentTypes),
		UploadLife:   15 * time.Minute,
		DownloadLife: 5 * time.Minute,
		ArrivalGrace: time.Hour,
		VerifyWithin: 30 * time.Minute,
		GiveUpAfter:  24 * time.Hour,
		PurgeAfter:   90 * 24 * time.Hour,
		MaxPage:      100,
		DefaultPage:  25,
	}
}

// The types that applications commonly take from people. Types that browsers
// run as code in the page's origin (HTML, SVG, XHTML, JavaScript) are left out.
var defaultContentTypes = []string{
	"application/gzip",
	"application/json",
	"application/msword",
	"application/octet-stream",
	"application/pdf",
	"application/vnd.ms-excel",
	"application/vnd.ms-powerpoint",
	"application/vnd.oasis.opendocument.presentation",
	"application/vnd.oasis.opendocument.spreadsheet",
	"application/vnd.oasis.opendocument.text",
	"application/vnd.openxmlformats-officedocument.presentationml.presentation",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"application/x-7z-compressed",
	"application/x-tar",
	"application/zip",
	"audio/mpeg",
	"audio/ogg",
	"audio/wav",
	"image/avif",
	"image/bmp",
	"image/gif",
	"image/heic",
	"image/jpeg",
	"image/png",
	"image/tiff",
	"image/webp",
	"text/csv",
	"text/markdown",
	"text/plain",
	"video/mp4",
	"video/quicktime",
	"video/webm",
}

// CheckSize says whether a file of size bytes may be uploaded, and if not
// returns a *file.Error that names the limit.
func (p Policy) CheckSize(size int64) error {
	accepted := fmt.Sprintf("a whole number of bytes from 1 to %d", p.MaxSize)
	switch {
	case size <= 0:
		return &file.Error{Code: file.CodeInvalidSize, Field: "size", Detail: "The size is not a positive number of bytes.", Accepted: accepted}
	case size > p.MaxSize:
		return &file.Error{Code: file.CodeFileTooLarge, Field: "size", Detail: fmt.Sprintf("%d bytes are more than a file may have.", size), Accepted: accepted}
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
			Accepted: "one of " + strings.Join(p.ContentTypes, ", "),
		}
	}
	if !slices.Contains(p.ContentTypes, mediaType) {
		return "", &file.Error{
			Code: file.CodeContentTypeRefused, Field: "contentType",
			Detail:   fmt.Sprintf("The content type %s is not allowed.", mediaType),
			Accepted: "one of " + strings.Join(p.ContentTypes, ", "),
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
