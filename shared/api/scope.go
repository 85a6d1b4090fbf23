package api

import (
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
