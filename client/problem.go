package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Problem is an answer of the API to a call that failed (RFC 9457). Every error
// that the API answers is one, and errors.Is says which of the Err… it is.
type Problem struct {
	// Type is stable and made for programs (docs/problems.md). It is empty where the
	// gateway refused the call before Vouch was asked.
	Type  string `json:"type"`
	Title string `json:"title"`

	StatusCode int    `json:"status"`             // of the HTTP answer
	Detail     string `json:"detail,omitempty"`   // what is wrong, for people
	Field      string `json:"field,omitempty"`    // the member of the request at fault
	Accepted   string `json:"accepted,omitempty"` // what would have been accepted

	// FileStatus is the file's status, where that is why the call is refused.
	FileStatus Status `json:"fileStatus,omitempty"`

	// Quota is the limit that is reached, where errors.Is(err, ErrQuota): "bytes",
	// "files", "pending" or "uploadsToday". Limit and Remaining are what it allows and
	// what is left of it, in bytes or as a count; nil in every other problem. ResetsAt
	// is when it is free again, where time alone frees it. Account says whose it is:
	// "owner" for one's own, "tenant" for that of all owners of one's tenant together.
	Account   string    `json:"account,omitempty"`
	Quota     string    `json:"quota,omitempty"`
	Limit     *int64    `json:"limit,omitempty"`
	Remaining *int64    `json:"remaining,omitempty"`
	ResetsAt  time.Time `json:"resetsAt,omitzero"`

	// RequestID names the call in the logs of the service.
	RequestID string `json:"-"`

	retryAfter time.Duration
}

// The problems that programs tell apart; errors.Is(err, ErrNotFound) and the like
// say whether an error is one.
var (
	ErrNotFound      = errors.New("there is no such file")                    // or it is somebody else's
	ErrNotReady      = errors.New("the file is not ready")                    // Problem.FileStatus says what it is
	ErrNotUploaded   = errors.New("the bytes have not arrived")               // it is said to be complete too early
	ErrClosed        = errors.New("the file takes no bytes any more")         // it is expired or deleted, or its time is over; it takes no grants either
	ErrOnHold        = errors.New("the file is on hold")                      // nobody deletes it until an administrator releases it
	ErrPartsMismatch = errors.New("the parts are not as promised")            // Problem.Detail names the first
	ErrUnauthorized  = errors.New("there is no valid token")                  // 401
	ErrForbidden     = errors.New("that is not allowed")                      // 403: the token has not the scope, or the file is shared for less
	ErrAccountClosed = errors.New("no uploads are taken for the account")     // what it has already is as before
	ErrQuota         = errors.New("the quota is reached")                     // Problem.Quota says which, and Problem.Remaining what is left
	ErrTooLarge      = errors.New("the file is larger than the policy takes") // Problem.Accepted says how large it may be
)

// tooManyUploads is the code of what is refused for the rest of the day.
const tooManyUploads = "too-many-uploads"

// Code returns the last part of Type, as in "not-found", and the empty string
// where Type is not one of Vouch's.
func (p *Problem) Code() string {
	code, ok := strings.CutPrefix(p.Type, "urn:vouch:problem:")
	if !ok {
		return ""
	}
	return code
}

// Error says what was wrong and what would have been accepted.
func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	text = strings.TrimSuffix(text, ".")
	if p.Accepted != "" {
		text += " (accepted: " + p.Accepted + ")"
	}
	if code := p.Code(); code != "" {
		return code + ": " + text
	}
	return fmt.Sprintf("the API answers %d: %s", p.StatusCode, text)
}

// Is makes errors.Is find the Err… that p is.
func (p *Problem) Is(target error) bool {
	switch target {
	case ErrUnauthorized:
		return p.StatusCode == http.StatusUnauthorized
	case ErrForbidden:
		return p.StatusCode == http.StatusForbidden && p.Code() != "quota-exceeded" && p.Code() != "account-closed"
	case ErrAccountClosed:
		return p.Code() == "account-closed"
	case ErrQuota:
		return p.Code() == "quota-exceeded" || p.Code() == tooManyUploads
	case ErrNotFound: // not by the status: 404 without a code is another API's, or a wrong base URL
		return p.Code() == "not-found"
	case ErrNotReady:
		return p.Code() == "not-ready"
	case ErrNotUploaded:
		return p.Code() == "not-uploaded"
	case ErrClosed:
		return p.Code() == "closed"
	case ErrOnHold:
		return p.Code() == "on-hold"
	case ErrPartsMismatch:
		return p.Code() == "parts-mismatch"
	case ErrTooLarge:
		return p.Code() == "file-too-large"
	}
	return false
}

// problemOf reads the answer to a call that failed: a problem, the gateway's own
// {"message": …}, or whatever stood in between.
func problemOf(status int, header http.Header, body []byte, now time.Time) *Problem {
	var answer struct {
		Problem
		Message string `json:"message"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		answer.Problem, answer.Message = Problem{}, "" // a page of some proxy, of which nothing is believed
	}
	p := answer.Problem
	p.StatusCode = status // what was answered, not what the body says was
	p.RequestID = header.Get("Apigw-Requestid")
	p.retryAfter = retryAfter(header, now)
	if p.Code() == "" {
		p.Type = ""
	}
	if p.Title == "" {
		p.Title = http.StatusText(status)
	}
	if p.Detail == "" {
		p.Detail = answer.Message
	}
	return &p
}
