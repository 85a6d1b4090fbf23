// Package tokens is the local stack's issuer of tokens: an OpenID Connect
// discovery document, a JWKS, and JWTs signed with RS256, the only family of
// algorithms that API Gateway's JWT authorizer takes.
package tokens

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
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
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: i.key, KeyID: i.kid}},
		(&jose.SignerOptions{}).WithType("JWT"),
	)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	more := map[string]any{"scope": strings.Join(c.Scopes, " ")}
	if c.Tenant != "" {
		more[TenantClaim] = c.Tenant
	}
	if len(c.Groups) > 0 {
		more[GroupsClaim] = c.Groups
	}
	now := time.Now()
	token, err := jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: i.url, Subject: c.Subject, Audience: jwt.Audience{c.Audience}, ID: uuid.NewString(),
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(c.Life)),
	}).Claims(more).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return token, nil
}

// Paths under the issuer's URL.
const (
	discoveryPath = "/.well-known/openid-configuration"
	keysPath      = "/.well-known/jwks.json"
)

// Handler serves the discovery document and the keys.
func (i *Issuer) Handler() http.Handler {
	mux := http.NewServeMux()
	serve := func(path string, v any) {
		body, err := json.Marshal(v)
		if err != nil {
			panic(err) // what is served is fixed and always encodes
		}
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Write(body)
		})
	}
	serve(discoveryPath, map[string]any{
		"issuer":                                i.url,
		"jwks_uri":                              i.url + keysPath,
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"response_types_supported":              []string{"code"},
		"subject_types_supported":               []string{"public"},
	})
	serve(keysPath, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &i.key.PublicKey, KeyID: i.kid, Algorithm: "RS256", Use: "sig"}}})
	return mux
}
