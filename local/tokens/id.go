package tokens

import (
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Identity is what an ID token says: who has signed in, to which client and when
// (OpenID Connect Core 1.0, 2). The API takes none, since it is for the client.
type Identity struct {
	Subject  string
	Client   string // the audience
	Nonce    string // of the request that it answers
	SignedIn time.Time
	Life     time.Duration
}

// SignIdentity returns an ID token.
func (i *Issuer) SignIdentity(id Identity) (string, error) {
	return i.sign(id.Subject, id.Client, id.Life, map[string]any{"nonce": id.Nonce, "auth_time": id.SignedIn.Unix()})
}

// SubjectOf returns whom an ID token for the client is of. It may have expired:
// whoever signs out after a long time shows an old one (OpenID Connect RP-Initiated
// Logout 1.0, 2).
func (i *Issuer) SubjectOf(idToken, client string) (string, error) {
	token, err := jwt.ParseSigned(idToken, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return "", fmt.Errorf("parse the ID token: %w", err)
	}
	var claims jwt.Claims
	if err := token.Claims(&i.key.PublicKey, &claims); err != nil {
		return "", fmt.Errorf("verify the ID token: %w", err)
	}
	if claims.Issuer != i.url || !claims.Audience.Contains(client) {
		return "", fmt.Errorf("the ID token is not one for %s", client)
	}
	return claims.Subject, nil
}
