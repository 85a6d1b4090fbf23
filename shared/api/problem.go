package api

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// ProblemTypePrefix begins the type of every problem; the code follows.
const ProblemTypePrefix = "urn:vouch:problem:"

// CodeInternal is the code of a problem that is ours, not the caller's.
const CodeInternal file.Code = "internal"

// The codes of what is wrong with an Idempotency-Key.
const (
	CodeInvalidKey  file.Code = "invalid-idempotency-key" // not a key
	CodeInProgress  file.Code = "idempotency-in-progress" // the first call with it is not answered yet
	CodeKeyMismatch file.Code = "idempotency-mismatch"    // the first call with it had another body
)

// Problem is an answer to a call that failed (RFC 9457, application/problem+json).
// Type is stable and made for programs, Detail and Accepted are made for people.
type Problem struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail,omitempty"`
	Field    string `json:"field,omitempty"`
	Accepted string `json:"accepted,omitempty"`

	// FileStatus is the file's status, where that is why the call is refused.
	FileStatus file.Status `json:"fileStatus,omitempty"`

	// Quota names the limit that is reached, where one is why, and Account whether it
	// is the owner's or the tenant's, with how much of it is left and, where time alone
	// frees it, when (RFC 3339, UTC).
	Account   string `json:"account,omitempty"`
	Quota     string `json:"quota,omitempty"`
	Limit     *int64 `json:"limit,omitempty"`
	Remaining *int64 `json:"remaining,omitempty"`
	ResetsAt  string `json:"resetsAt,omitempty"`
}

// ProblemKind is how a code is answered.
type ProblemKind struct {
	Code   file.Code
	Status int
	Title  string
}

// ProblemKinds is the one table of what each code is answered with.
// docs/problems.md is tested against it.
func ProblemKinds() []ProblemKind {
	return []ProblemKind{
		{file.CodeInvalidRequest, http.StatusBadRequest, "The request is not as described"},
		{file.CodeInvalidParameter, http.StatusBadRequest, "A query parameter is out of range"},
		{CodeInvalidKey, http.StatusBadRequest, "The Idempotency-Key is not a key"},
		{file.CodeUnauthorized, http.StatusUnauthorized, "There is no valid token"},
		{file.CodeForbidden, http.StatusForbidden, "The call is not allowed"},
		{file.CodeQuotaExceeded, http.StatusForbidden, "The quota is used up"},
		{file.CodeAccountClosed, http.StatusForbidden, "No uploads are taken"},
		{file.CodeNotFound, http.StatusNotFound, "There is no such file"},
		{file.CodeNoErasure, http.StatusNotFound, "There is no such erasure"},
		{file.CodeNotUploaded, http.StatusConflict, "The bytes have not arrived"},
		{file.CodeNotReady, http.StatusConflict, "The file is not ready"},
		{file.CodeClosed, http.StatusConflict, "The upload is closed"},
		{file.CodeOnHold, http.StatusConflict, "The file is on hold"},
		{file.CodeNotMultipart, http.StatusConflict, "The file is not sent in parts"},
		{file.CodePartsMismatch, http.StatusConflict, "The parts are not as promised"},
		{file.CodeTooManyGrants, http.StatusConflict, "The file has too many grants"},
		{CodeInProgress, http.StatusConflict, "The first call with the key is under way"},
		{file.CodeRequestTooLarge, http.StatusRequestEntityTooLarge, "The request body is too large"},
		{file.CodeFileTooLarge, http.StatusUnprocessableEntity, "The file is too large"},
		{file.CodeInvalidFilename, http.StatusUnprocessableEntity, "The filename is not acceptable"},
		{file.CodeInvalidContentType, http.StatusUnprocessableEntity, "The content type is not a media type"},
		{file.CodeContentTypeRefused, http.StatusUnprocessableEntity, "The content type is not allowed"},
		{file.CodeInvalidSize, http.StatusUnprocessableEntity, "The size is not acceptable"},
		{file.CodeInvalidChecksum, http.StatusUnprocessableEntity, "The checksum is not acceptable"},
		{file.CodeMethodRefused, http.StatusUnprocessableEntity, "Files are not taken in this way"},
		{file.CodeInvalidParts, http.StatusUnprocessableEntity, "The parts are not acceptable"},
		{file.CodeInvalidExpiry, http.StatusUnprocessableEntity, "No file is kept until then"},
		{file.CodeInvalidGrant, http.StatusUnprocessableEntity, "The grant is not acceptable"},
		{CodeKeyMismatch, http.StatusUnprocessableEntity, "The key is that of another request"},
		{file.CodeTooManyUploads, http.StatusTooManyRequests, "The uploads of the day are used up"},
		{CodeInternal, http.StatusInternalServerError, "Something went wrong on our side"},
	}
}

// ProblemOf returns how err is answered. Whatever is no *file.Error is
// internal, and nothing of it is told.
func ProblemOf(err error) Problem {
	e, ok := errors.AsType[*file.Error](err)
	if !ok {
		e = &file.Error{Code: CodeInternal, Detail: "The request was not carried out. It can be tried again."}
	}
	for _, kind := range ProblemKinds() {
		if kind.Code == e.Code {
			p := Problem{
				Type:       ProblemTypePrefix + string(kind.Code),
				Title:      kind.Title,
				Status:     kind.Status,
				Detail:     e.Detail,
				Field:      e.Field,
				Accepted:   e.Accepted,
				FileStatus: e.Status,
			}
			if q := e.Quota; q != nil {
				p.Account, p.Quota, p.Limit, p.Remaining = q.Account, q.Name, &q.Limit, &q.Remaining
				if !q.ResetsAt.IsZero() {
					p.ResetsAt = stamp(q.ResetsAt)
				}
			}
			return p
		}
	}
	return ProblemOf(nil) // a code that is not in the table: internal
}

// problemResponse is the answer to a call that failed with err.
func problemResponse(err error) Response {
	p := ProblemOf(err)
	header := map[string]string{"Content-Type": "application/problem+json"}
	if e, ok := errors.AsType[*file.Error](err); ok && e.Quota != nil && !e.Quota.ResetsAt.IsZero() {
		seconds := math.Ceil(time.Until(e.Quota.ResetsAt).Seconds())
		header["Retry-After"] = strconv.Itoa(max(int(seconds), 1))
	}
	return Response{Status: p.Status, Header: header, Body: p}
}

func problemReply(err error) Reply {
	reply, encodeErr := encode(problemResponse(err))
	if encodeErr != nil { // strings and numbers always encode
		return Reply{StatusCode: http.StatusInternalServerError}
	}
	return reply
}
