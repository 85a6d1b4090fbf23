package api

import (
	"context"
	"slices"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
)

// ScopeAdmin is the scope of calls that reach every owner's files.
const ScopeAdmin = "files:admin"

// cognito is what Cognito writes before the scopes of the user pool that
// template.yaml makes: its resource server and a slash.
const cognito = "vouch/"

// Require returns a *file.Error unless the token has the scope, or IAM has let the
// caller through to the route, which is the same for whoever has no token.
func (r Request) Require(scope string) error {
	if r.ByIAM || slices.Contains(r.Scopes, scope) || slices.Contains(r.Scopes, cognito+scope) {
		return nil
	}
	return &file.Error{Code: file.CodeForbidden, Detail: "The call needs another scope.", Accepted: "a token with the scope " + scope}
}

// Requiring is h for callers with the scope. It stands before whatever would
// answer in place of h.
func Requiring(scope string, h Handler) Handler {
	return func(ctx context.Context, r Request) (Response, error) {
		if err := r.Require(scope); err != nil {
			return Response{}, err
		}
		return h(ctx, r)
	}
}

// scopesOf reads the scope claim, or scp where there is none, as API Gateway
// hands it on.
func scopesOf(claims map[string]string) []string {
	said, ok := claims["scope"]
	if !ok {
		said = claims["scp"]
	}
	return access.ParseList(said)
}
