// Package tokens is the key of the local stack's issuer, and the JWTs that are
// signed with it: by RS256, of the only family of algorithms that API Gateway's JWT
// authorizer takes. Package signin is how people come by them.
package tokens

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
)

// Issuer signs tokens.
type Issuer struct {
	url string
	key *rsa.PrivateKey
	kid string
}

// Open opens the issuer whose key is in dir, and makes the key if there is
// none. A second process may open the same one to sign with the same key.
func Open(dir, url string) (*Issuer, error) {
	path := filepath.Join(dir, "issuer-key.pem")
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		data, err = makeKey(dir, path)
	}
	if err != nil {
		return nil, fmt.Errorf("open the issuer's key: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("open the issuer's key: %s is not PEM; remove it to have a new one made", path)
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("open the issuer's key in %s: %w", path, err)
	}
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	return &Issuer{url: url, key: key, kid: base64.RawURLEncoding.EncodeToString(sum[:12])}, nil
}

// makeKey writes a new key, whole or not at all.
func makeKey(dir, path string) ([]byte, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	data := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	f, err := os.CreateTemp(dir, ".key-*") // with mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	err = os.Link(f.Name(), path)
	if errors.Is(err, os.ErrExist) { // another process was quicker
		return os.ReadFile(path)
	}
	return data, err
}

// URL is the issuer's name, the iss of its tokens.
func (i *Issuer) URL() string { return i.url }

// Claims are what a token says.
type Claims struct {
	Subject  string
	Audience string
	Scopes   []string
	Tenant   string   // the claim TenantClaim; left out where it is empty
	Groups   []string // the claim GroupsClaim; left out where there are none
	Life     time.Duration
}

// The names of the claims of which the API's template is told.
const (
	TenantClaim = "tenant"
	GroupsClaim = "groups"
)

// Sign returns a token with the claims.
func (i *Issuer) Sign(c Claims) (string, error) {
	more := map[string]any{"scope": strings.Join(c.Scopes, " ")}
	if c.Tenant != "" {
		more[TenantClaim] = c.Tenant
	}
	if len(c.Groups) > 0 {
		more[GroupsClaim] = c.Groups
	}
	return i.sign(c.Subject, c.Audience, c.Life, more)
}

// sign signs what every token says, and more.
func (i *Issuer) sign(subject, audience string, life time.Duration, more map[string]any) (string, error) {
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: i.key, KeyID: i.kid}},
		(&jose.SignerOptions{}).WithType("JWT"),
	)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	now := time.Now()
	token, err := jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: i.url, Subject: subject, Audience: jwt.Audience{audience}, ID: uuid.NewString(),
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(life)),
	}).Claims(more).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return token, nil
}

// Keys are the public keys that the issuer's tokens are verified with.
func (i *Issuer) Keys() jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &i.key.PublicKey, KeyID: i.kid, Algorithm: string(jose.RS256), Use: "sig"}}}
}
