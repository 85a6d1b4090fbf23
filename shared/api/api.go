// Package api is the HTTP side of Vouch: what API Gateway hands the functions
// (HTTP API, payload format 2.0) in, JSON and problem details (RFC 9457) out.
// docs/openapi.yaml describes it, and a test holds the two together.
package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/aws/aws-lambda-go/events"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/upload"
)

// Request is what a call comes with.
type Request struct {
	// Principal is whom the token names, or the signature, that API Gateway has
	// verified. Its subject is never empty in a Handler, and where there are tenants
	// its tenant neither.
	Principal access.Principal

	// Scopes are those of the token. API Gateway asks for one that the route
	// names; a Handler that relies on one asks again, by Require.
	Scopes []string

	// ByIAM says that there is no token and so no scope: the caller's policies allow
	// execute-api:Invoke on this very method and path, and API Gateway has asked them.
	ByIAM bool

	// Route is the method and the path of the route, as "POST /files/{id}/parts".
	Route string

	// FileID is the {id} of the path, unchecked; empty where there is none. So is
	// Grantee the {subject}.
	FileID  string
	Grantee string

	// Query holds the query parameters; of a repeated one the values joined by commas.
	Query map[string]string

	// Header holds the header fields by lower-case name.
	Header map[string]string

	// Body is the body, decoded if it came as base64.
	Body []byte

	// Attempt says which file a call with an Idempotency-Key makes, if it makes
	// one. Idempotent sets it.
	Attempt upload.Attempt
}

// Response is what a call answers. A Body of nil sends none.
type Response struct {
	Status int
	Header map[string]string
	Body   any
}

// Handler answers one call. An error that is no *file.Error is answered as an
// internal one that tells the user nothing, and logged.
type Handler func(ctx context.Context, r Request) (Response, error)

// Event and Reply are the payloads of API Gateway.
type (
	Event = events.APIGatewayV2HTTPRequest
	Reply = events.APIGatewayV2HTTPResponse
)

// Function is the handler of a Lambda function behind an HTTP API.
type Function func(context.Context, Event) (Reply, error)

// Invoke implements lambda.Handler. The runtime library would do the same by way of a
// stream, with a copy of the event and another pass over it.
func (f Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var e Event
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	reply, err := f(ctx, e)
	if err != nil {
		return nil, err
	}
	return encodeBody(reply)
}

// Lambda returns h as the handler of a Lambda function behind an HTTP API. It
// refuses a request that names nobody, whatever the gateway let through.
func Lambda(c access.Claims, h Handler) Function {
	return LambdaUpTo(MaxBody, c, h)
}

// LambdaUpTo is Lambda for a call whose body may have up to most bytes. It is the
// one place that says who acts in a call, for the trail.
func LambdaUpTo(most int, c access.Claims, h Handler) Function {
	return function(func(ctx context.Context, e Event) (Response, error) {
		r, err := read(e, c, most)
		if err != nil {
			return Response{}, err
		}
		return h(audit.With(ctx, audit.Actor{
			Subject: r.Principal.Subject, Tenant: r.Principal.Tenant, RequestID: e.RequestContext.RequestID,
		}), r)
	})
}

// Public answers a call to a route without an authorizer. Nothing of the
// request reaches it: whoever asks gets the same.
type Public func(ctx context.Context) (Response, error)

// PublicLambda returns p as the handler of a Lambda function behind a route of
// an HTTP API that anybody may call.
func PublicLambda(p Public) Function {
	return function(func(ctx context.Context, _ Event) (Response, error) { return p(ctx) })
}

// function is a Lambda function that answers with what serve returns.
func function(serve func(context.Context, Event) (Response, error)) Function {
	return func(ctx context.Context, e Event) (reply Reply, err error) {
		log := func(level slog.Level, message string, more ...any) {
			slog.Log(ctx, level, message, append([]any{"requestId", e.RequestContext.RequestID, "route", e.RouteKey}, more...)...)
		}
		defer func() {
			if p := recover(); p != nil {
				log(slog.LevelError, "the handler panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				reply, err = problemReply(nil), nil
			}
		}()
		response, err := serve(ctx, e)
		if err != nil {
			reply := problemReply(err)
			if reply.StatusCode >= http.StatusInternalServerError {
				log(slog.LevelError, "the call failed", "fileId", e.PathParameters["id"], "error", err.Error())
			} else {
				log(slog.LevelInfo, "the call was refused", "fileId", e.PathParameters["id"], "status", reply.StatusCode, "error", err.Error())
			}
			return reply, nil
		}
		count(ctx, response)
		log(slog.LevelInfo, "the call was answered", "fileId", cmp.Or(e.PathParameters["id"], made(response)), "status", response.Status)
		return encode(response)
	}
}

func read(e Event, c access.Claims, most int) (Request, error) {
	by, err := callerOf(e, c)
	if err != nil {
		return Request{}, err
	}
	body, err := bodyOf(e, most)
	if err != nil {
		return Request{}, err
	}
	return Request{
		Principal: by.Principal,
		Scopes:    by.scopes,
		ByIAM:     by.byIAM,
		Route:     e.RouteKey,
		FileID:    e.PathParameters["id"],
		Grantee:   e.PathParameters["subject"],
		Query:     e.QueryStringParameters,
		Header:    e.Headers,
		Body:      body,
	}, nil
}

func encode(r Response) (Reply, error) {
	reply := Reply{StatusCode: r.Status, Headers: map[string]string{
		// Answers are one person's: no cache between may keep them, and they are
		// never anything but data to a browser.
		"Cache-Control":          "private, no-cache",
		"X-Content-Type-Options": "nosniff",
	}}
	for name, value := range r.Header {
		reply.Headers[name] = value
	}
	if r.Body == nil {
		return reply, nil
	}
	body, err := encodeBody(r.Body)
	if err != nil {
		return Reply{}, err
	}
	if _, ok := reply.Headers["Content-Type"]; !ok {
		reply.Headers["Content-Type"] = "application/json"
	}
	reply.Body = string(body)
	return reply, nil
}

// encodeBody writes a body as it is sent. A json.RawMessage that it has written
// comes out as it is.
func encodeBody(v any) ([]byte, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // the answer is never HTML, and URLs stay readable for people and sed
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	return body.Bytes(), nil
}
