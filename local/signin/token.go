package signin

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/vouch-s3/vouch/local/tokens"
)

// The errors of the token endpoint (RFC 6749, 5.2).
var (
	errInvalidRequest = errors.New("invalid_request")
	errInvalidClient  = errors.New("invalid_client")
	errInvalidGrant   = errors.New("invalid_grant")
	errGrantType      = errors.New("unsupported_grant_type")
)

// token is the token endpoint: it gives tokens for a code.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	p.allowOrigin(w, r)
	w.Header().Set("Content-Type", "application/json")
	g, err := p.redeem(w, r)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
		return
	}
	answer, err := p.tokensFor(g)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		json.NewEncoder(w).Encode(map[string]string{"error": "server_error"})
		return
	}
	json.NewEncoder(w).Encode(answer)
}

// redeem takes the code of a request. A code that is shown once is none any more,
// whatever else of the request is wrong, so that nobody can try verifiers.
func (p *Provider) redeem(w http.ResponseWriter, r *http.Request) (grant, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return grant{}, errInvalidRequest
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxQuery)
	if err := r.ParseForm(); err != nil {
		return grant{}, errInvalidRequest
	}
	form := r.PostForm // nothing of the address, which ends up in logs
	for _, name := range []string{"grant_type", "client_id", "redirect_uri", "code", "code_verifier"} {
		if len(form[name]) != 1 {
			return grant{}, errInvalidRequest
		}
	}
	if form.Get("grant_type") != "authorization_code" {
		return grant{}, errGrantType
	}
	g, ok := p.codes.take(form.Get("code"))
	if form.Get("client_id") != p.client.ID || form.Has("client_secret") || r.Header.Get("Authorization") != "" {
		return grant{}, errInvalidClient
	}
	verifier := form.Get("code_verifier")
	sum := sha256.Sum256([]byte(verifier))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	if !ok || !isVerifier(verifier) || form.Get("redirect_uri") != g.RedirectURI ||
		subtle.ConstantTimeCompare([]byte(challenge), []byte(g.Challenge)) != 1 {
		return grant{}, errInvalidGrant
	}
	return g, nil
}

// tokenAnswer is what a code is good for (RFC 6749, 5.1; OpenID Connect Core 1.0,
// 3.1.3.3). There is no refresh token: a page asks again, with prompt=none.
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"` // seconds
	Scope       string `json:"scope"`
	IDToken     string `json:"id_token"`
}

func (p *Provider) tokensFor(g grant) (tokenAnswer, error) {
	access, err := p.issuer.Sign(tokens.Claims{
		Subject: g.Name, Audience: p.client.Audience, Scopes: g.granted, Tenant: g.Tenant, Groups: g.Groups, Life: tokenLife,
	})
	if err != nil {
		return tokenAnswer{}, fmt.Errorf("give an access token: %w", err)
	}
	id, err := p.issuer.SignIdentity(tokens.Identity{
		Subject: g.Name, Client: p.client.ID, Nonce: g.Nonce, SignedIn: g.SignedIn, Life: tokenLife,
	})
	if err != nil {
		return tokenAnswer{}, fmt.Errorf("give an ID token: %w", err)
	}
	return tokenAnswer{access, "Bearer", int(tokenLife.Seconds()), strings.Join(g.granted, " "), id}, nil
}

// allowOrigin lets the client's pages read the answer, and no others'.
func (p *Provider) allowOrigin(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if !slices.Contains(p.clientOrigins(), origin) {
		return
	}
	w.Header().Set("Access-Control-Allow-Origin", origin)
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
}

// tokenPreflight answers the client's pages of other origins. A form's content type
// needs none, but one that is written with a charset or by another header does.
func (p *Provider) tokenPreflight(w http.ResponseWriter, r *http.Request) {
	p.allowOrigin(w, r)
	w.Header().Set("Access-Control-Allow-Methods", "POST")
	w.Header().Set("Access-Control-Allow-Headers", "content-type")
	w.WriteHeader(http.StatusNoContent)
}
