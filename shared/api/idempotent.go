package api

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/idempotency"
	"github.com/vouch-s3/vouch/shared/upload"
)

// ReplayedHeader is true on an answer that an earlier call has had.
const ReplayedHeader = "Idempotency-Replayed"

// How long an attempt may hold a call that may be made again.
const (
	// longestCall is where the context has no deadline, which a Lambda function's
	// always has: API Gateway waits no longer.
	longestCall = 30 * time.Second

	// clockSkew is how far the clocks of two instances of a function may differ.
	clockSkew = time.Second
)

// Keeper remembers calls with an Idempotency-Key, as idempotency.Keeper does.
type Keeper interface {
	Begin(ctx context.Context, c idempotency.Call) (idempotency.Record, idempotency.Decision, error)
	Finish(ctx context.Context, r idempotency.Record, a idempotency.Answer) (kept bool, err error)
	Release(ctx context.Context, r idempotency.Record) error
}

// Idempotent is h, but carries out calls with the same Idempotency-Key once. What
// a caller may do is to be asked before it: it answers in place of h.
//
// Where k fails before the call is carried out, the call fails: whoever sends a
// key would rather not have it done than done twice. Where k fails after it, the
// call is answered, since what it says has happened.
func Idempotent(k Keeper, h Handler) Handler {
	return func(ctx context.Context, r Request) (Response, error) {
		field, ok := r.Header["idempotency-key"]
		if !ok {
			return h(ctx, r)
		}
		c, err := callOf(ctx, r, field)
		if err != nil {
			return Response{}, err
		}
		record, decision, err := k.Begin(ctx, c)
		if err != nil {
			return Response{}, err
		}
		switch decision {
		case idempotency.Start, idempotency.Resume:
			r.Attempt = upload.Attempt{FileID: record.Resource, Again: decision == idempotency.Resume}
			return attempt(ctx, k, record, h, r)
		case idempotency.Replay:
			return replay(*record.Answer), nil
		case idempotency.Mismatch:
			return Response{}, &file.Error{
				Code: CodeKeyMismatch, Detail: "The first request with this Idempotency-Key had another body.",
				Accepted: "the same request again, or another key",
			}
		}
		return inProgress(), nil
	}
}

func callOf(ctx context.Context, r Request, field string) (idempotency.Call, error) {
	key, err := idempotency.ParseKey(field)
	if err != nil {
		return idempotency.Call{}, &file.Error{
			Code: CodeInvalidKey, Field: "Idempotency-Key", Detail: "The key is not acceptable.",
			Accepted: fmt.Sprintf(`1 to %d visible characters of ASCII, as in "8e03978e-40d5-43dd-bc93-6894a57f9324"`, idempotency.MaxKey),
		}
	}
	id, err := file.NewID()
	if err != nil {
		return idempotency.Call{}, fmt.Errorf("make a file id: %w", err)
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(longestCall)
	}
	return idempotency.Call{
		ID:   idempotency.ID(r.Principal.Owner(), key, r.Route, r.FileID),
		Body: idempotency.Fingerprint(r.Body), Resource: id, Deadline: deadline.Add(clockSkew),
	}, nil
}

// attempt carries out r, which holds the record.
func attempt(ctx context.Context, k Keeper, record idempotency.Record, h Handler, r Request) (Response, error) {
	response, err := h(ctx, r)
	if err != nil && !final(err) {
		release(ctx, k, record)
		return response, err
	}
	answered := response
	if err != nil {
		answered = problemResponse(err)
	}
	answer, encodeErr := answerOf(answered)
	if encodeErr != nil {
		release(ctx, k, record)
		return Response{}, encodeErr
	}
	kept, keepErr := k.Finish(ctx, record, answer)
	switch {
	case keepErr != nil:
		slog.ErrorContext(ctx, "the answer is not kept, and a call with the same key would be carried out again", "error", keepErr.Error())
	case !kept:
		return inProgress(), nil // another attempt has it, whose answer counts
	}
	return response, err
}

func release(ctx context.Context, k Keeper, record idempotency.Record) {
	if err := k.Release(ctx, record); err != nil {
		slog.ErrorContext(ctx, "the key is not released before its attempt's deadline", "error", err.Error())
	}
}

// final reports whether err is about the request itself, and so would be the
// answer to it again. What depends on the file, on other calls or on us may be
// gone at the next try; so a code that is not here is not kept.
func final(err error) bool {
	switch file.CodeOf(err) {
	case file.CodeInvalidRequest, file.CodeFileTooLarge, file.CodeInvalidFilename, file.CodeInvalidContentType, file.CodeContentTypeRefused,
		file.CodeInvalidSize, file.CodeInvalidChecksum, file.CodeMethodRefused, file.CodeInvalidParts:
		return true
	}
	return false
}

func answerOf(r Response) (idempotency.Answer, error) {
	a := idempotency.Answer{Status: r.Status, Header: r.Header}
	if r.Body == nil {
		return a, nil
	}
	body, err := encodeBody(r.Body)
	a.Body = string(body)
	return a, err
}

func replay(a idempotency.Answer) Response {
	r := Response{Status: a.Status, Header: map[string]string{ReplayedHeader: "true"}}
	for name, value := range a.Header {
		r.Header[name] = value
	}
	if a.Body != "" {
		r.Body = json.RawMessage(a.Body)
	}
	return r
}

func inProgress() Response {
	r := problemResponse(&file.Error{
		Code: CodeInProgress, Detail: "The first request with this Idempotency-Key is not answered yet.",
		Accepted: "the same request again, in a moment",
	})
	r.Header["Retry-After"] = "1"
	return r
}
