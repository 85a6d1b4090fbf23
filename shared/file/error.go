package file

import (
	"errors"
	"fmt"
	"time"
)

// Code says what kind of thing went wrong. It is stable: clients see it as the
// last part of a problem's type.
type Code string

// The codes. An error that carries none is internal: the user learns nothing
// of it, the operator finds it in the log.
const (
	CodeInvalidRequest     Code = "invalid-request"          // not the JSON that is asked for
	CodeRequestTooLarge    Code = "request-too-large"        // the request body itself is too long
	CodeInvalidFilename    Code = "invalid-filename"         // a name that cannot be kept
	CodeInvalidContentType Code = "invalid-content-type"     // not a media type
	CodeContentTypeRefused Code = "content-type-not-allowed" // a media type that policy refuses
	CodeInvalidSize        Code = "invalid-size"             // zero or less
	CodeFileTooLarge       Code = "file-too-large"           // more bytes than policy allows
	CodeInvalidChecksum    Code = "invalid-checksum"         // not a checksum in base64, or another than was promised
	CodeMethodRefused      Code = "method-not-allowed"       // a way of sending bytes that policy refuses
	CodeInvalidParts       Code = "invalid-parts"            // parts that the file does not have, or a part size that does not do
	CodeNotMultipart       Code = "not-multipart"            // the file is not sent in parts
	CodePartsMismatch      Code = "parts-mismatch"           // S3 does not hold the parts that were promised, or that the client says it sent
	CodeInvalidParameter   Code = "invalid-parameter"        // a query parameter out of range
	CodeNotFound           Code = "not-found"                // no such file, or somebody else's
	CodeNotUploaded        Code = "not-uploaded"             // said complete, but no object is there
	CodeNotReady           Code = "not-ready"                // asked to download what is not ready
	CodeClosed             Code = "closed"                   // the file is expired or deleted
	CodeInvalidExpiry      Code = "invalid-expiry"           // a time that a file cannot be kept until
	CodeOnHold             Code = "on-hold"                  // the file is on hold, and is not deleted
	CodeQuotaExceeded      Code = "quota-exceeded"           // more at a time than the quota allows
	CodeAccountClosed      Code = "account-closed"           // no uploads are taken for the account
	CodeTooManyUploads     Code = "too-many-uploads"         // more in a day than the quota allows
	CodeInvalidGrant       Code = "invalid-grant"            // a grant, or a grantee, that cannot be
	CodeTooManyGrants      Code = "too-many-grants"          // the file has MaxGrants already
	CodeUnauthorized       Code = "unauthorized"             // no subject in the request, or no tenant where there are tenants
	CodeForbidden          Code = "forbidden"                // a token without the scope, or somebody who sees the file but may not do this
	CodeNoErasure          Code = "no-such-erasure"          // no erasure has the id
)

// Error is an error that a user may read.
type Error struct {
	Code Code

	// Field names the member of the request at fault, as the request spells it;
	// empty when no single one is.
	Field string

	// Detail says what is wrong with what was sent.
	Detail string

	// Accepted says what would have been accepted.
	Accepted string

	// Status is the file's status where that is why the call is refused.
	Status Status

	// Quota is the limit that is reached, where that is why.
	Quota *Quota
}

// Quota is a limit that a request would go over.
type Quota struct {
	Account          string // whose it is: owner or tenant
	Name             string // bytes, files, pending or uploadsToday
	Limit, Remaining int64

	// ResetsAt is when nothing of it is used any more; the zero time where that
	// is up to its user.
	ResetsAt time.Time
}

// Error describes the error for logs.
func (e *Error) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("%s: %s", e.Code, e.Detail)
	}
	return fmt.Sprintf("%s: %s: %s", e.Code, e.Field, e.Detail)
}

// ErrNotFound says that no file has the id, or that the caller may not know of
// it: the two are never told apart.
var ErrNotFound = &Error{Code: CodeNotFound, Detail: "There is no such file."}

// CodeOf returns the code that err carries, or the empty code for an internal error.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// ConflictError says that a change was not applied because the record had
// already moved on. Current is the record as it stood at that moment.
type ConflictError struct {
	To      Status
	Current File
}

// Error describes the conflict for logs.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("file %s is %s (object version %q) and cannot become %s", e.Current.ID, e.Current.Status, e.Current.VersionID, e.To)
}

// Conflict returns the record that stood in the way of a change, and whether
// err is such a conflict.
func Conflict(err error) (File, bool) {
	if e, ok := errors.AsType[*ConflictError](err); ok {
		return e.Current, true
	}
	return File{}, false
}
