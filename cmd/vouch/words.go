package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/vouch-s3/vouch/client"
	"github.com/vouch-s3/vouch/shared/file"
)

// explain says in words what went wrong and, where that is known, what to do.
func explain(err error) string {
	if rejected, ok := errors.AsType[*client.RejectedError](err); ok {
		return explainFile(rejected.File)
	}
	if problem, ok := errors.AsType[*client.Problem](err); ok {
		return explainProblem(problem)
	}
	return oneLine(redact(err.Error()))
}

func explainProblem(p *client.Problem) string {
	switch {
	case errors.Is(p, client.ErrQuota):
		return explainQuota(p)
	case errors.Is(p, client.ErrAccountClosed):
		return "No uploads are taken for your account. What it has already is as before."
	case p.StatusCode == http.StatusUnauthorized:
		return "The API does not accept the token: it has run out, or is not for this API. Get a new one."
	case file.Code(p.Code()) == file.CodeForbidden && p.Accepted == "": // a missing scope says what it takes
		return "You may see this file, but not do this with it: it was shared with you for less."
	case p.StatusCode == http.StatusForbidden:
		return both("The token has not the scope that this needs (files:read to look, files:write to send and delete, files:admin to hold).", p.Detail)
	case file.Code(p.Code()) == file.CodeNotFound:
		return "There is no such file, or it is somebody else's."
	case file.Code(p.Code()) == file.CodeNoErasure:
		return "There is no such erasure."
	case p.StatusCode == http.StatusNotFound:
		return "There is no Vouch at this address. Is VOUCH_API, or --api, right?"
	case p.StatusCode == http.StatusTooManyRequests:
		return "The API was called too often. Try again in a while."
	}
	text := cmp.Or(p.Detail, p.Title)
	if p.Accepted != "" {
		text = both(text, "Accepted: "+p.Accepted)
	}
	if file.Code(p.Code()) == file.CodeNotReady && p.FileStatus != "" {
		text = both(text, "It is "+string(p.FileStatus)+".")
	}
	if p.StatusCode >= http.StatusInternalServerError && p.RequestID != "" {
		text = both(text, "Request "+p.RequestID+".")
	}
	return oneLine(text)
}

// both puts b behind a, each of which ends with a full stop in the result.
func both(a, b string) string {
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	if b == "" {
		return a
	}
	if a != "" && !strings.ContainsAny(a[len(a)-1:], ".!?") {
		a += "."
	}
	if !strings.ContainsAny(b[len(b)-1:], ".!?") {
		b += "."
	}
	return strings.TrimSpace(a + " " + b)
}

// signed is the query of a presigned URL. Whoever has it has what it opens, and
// the errors of net/http quote the URL.
var signed = regexp.MustCompile(`\?[^\s"']*(?i:x-amz-|signature)[^\s"']*`)

func redact(text string) string { return signed.ReplaceAllString(text, "?…") }

func oneLine(text string) string {
	return plain(strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }), "; "))
}

// verdict is the part of a file's verdict that people are told.
type verdict struct {
	Outcome  string
	Findings []struct{ Code, Where string }
	Coverage struct {
		Complete bool
		Unpacked int64
		Entries  int64
		Limits   []string
	}
	Scanners     []struct{ Name string }
	DetectedType string
}

// verdictOf reads the verdict; one in a form that is not known says nothing.
func verdictOf(f client.File) (verdict, bool) {
	var v verdict
	if len(f.Verdict) == 0 || json.Unmarshal(f.Verdict, &v) != nil {
		return verdict{}, false
	}
	return v, v.Outcome != ""
}

// explainFile says in a sentence or two what became of a file.
func explainFile(f client.File) string {
	switch file.Status(f.Status) {
	case file.Pending:
		return "Its bytes have not arrived, or not all of them."
	case file.Uploaded, file.Verifying:
		return "It is being verified."
	case file.Rejected:
		return sentence(f.Reason)
	case file.Expired:
		return "Its bytes did not arrive in time. Send it again."
	case file.Deleted:
		return "It was deleted."
	case file.Ready:
		return explainReady(f)
	}
	return ""
}

func explainReady(f client.File) string {
	v, ok := verdictOf(f)
	if !ok {
		return "It was verified."
	}
	switch file.Outcome(v.Outcome) {
	case file.Clean:
		return "Every byte was looked at, and nothing was found."
	case file.Flagged:
		return "Something was found that the policy lets pass."
	case file.Unscanned:
		return "It was inspected, but no malware scanner was asked."
	}
	return "It was verified."
}

// findings are the lines that say what was found, the gravest first, each with
// where within an archive. What is said already as the reason, of the file
// itself, is left out.
func findings(f client.File) []string {
	v, _ := verdictOf(f)
	var lines []string
	for _, found := range v.Findings {
		switch {
		case found.Where != "":
			lines = append(lines, plain(found.Where)+": "+sentence(found.Code))
		case found.Code != f.Reason:
			lines = append(lines, sentence(found.Code))
		}
	}
	return lines
}
