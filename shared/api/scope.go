package api

import (
	"context"
	"slices"
	"strings"

	"github.com/vouch-s3/vouch/shared/file"
)

// ScopeAdmin is the scope of calls that reach every owner's files.
const ScopeAdmin = "files:admin"

// Require returns a *file.Error unless the token has the scope.
func (r Request) Require(scope string) error {
	if slices.Contains(r.Scopes, scope) {
		return nil
	}
	return &file.Error{Code: file.CodeForbidden, Detail: "The call needs another scope.", Accepted: "a token with the scope " + scope}
}

// Requiring is h for tokens with the scope. It stands before whatever would
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
// hands it on: a text with spaces between, or for a list the same in brackets.
func scopesOf(claims map[string]string) []string {
	said, ok := claims["scope"]
	if !ok {
		said = claims["scp"]
	}
	if list, ok := strings.CutPrefix(said, "["); ok {
		said = strings.TrimSuffix(list, "]")
	}
	return strings.Fields(said)
}
