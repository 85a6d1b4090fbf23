package api

import (
	"slices"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
)

// ScopeAdmin is the scope of calls that reach every owner's files.
const ScopeAdmin = "files:admin"

// cognito is what Cognito writes before the scopes of the user pool that
// template.yaml makes: its resource server and a slash.
const cognito = "vouch/"

// Require returns a *file.Error unless the token has the scope.
func (r Request) Require(scope string) error {
	if slices.Contains(r.Scopes, scope) || slices.Contains(r.Scopes, cognito+scope) {
		return nil
	}
	return &file.Error{Code: file.CodeForbidden, Detail: "The call needs another scope.", Accepted: "a token with the scope " + scope}
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
