package httpgateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// claims are those of a verified token.
type claims map[string]any

// errScope says that a token is good but has none of the scopes.
var errScope = errors.New("the token has none of the scopes")

// algorithms are those of RSA, the only ones that API Gateway takes ("Control
// access to HTTP APIs with JWT authorizers"). An allow-list also keeps out
// alg none, and a public key used as an HMAC secret.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512}

// authorizeToken verifies the token of a request as a JWT authorizer does.
func (g *Gateway) authorizeToken(r *http.Request, a Authorizer, scopes []string) (claims, error) {
	raw, err := bearer(r.Header)
	if err != nil {
		return nil, err
	}
	token, err := jwt.ParseSigned(raw, algorithms)
	if err != nil {
		return nil, fmt.Errorf("parse the token: %w", err)
	}
	if len(token.Headers) != 1 || token.Headers[0].KeyID == "" {
		return nil, errors.New("the token names no key")
	}
	key, err := g.keys[a.Issuer].key(r.Context(), token.Headers[0].KeyID)
	if err != nil {
		return nil, err
	}
	var registered jwt.Claims
	all := claims{}
	if err := token.Claims(key.Key, &registered, &all); err != nil {
		return nil, fmt.Errorf("verify the token: %w", err)
	}
	if registered.Expiry == nil {
		return nil, errors.New("the token has no expiry")
	}
	if err := registered.ValidateWithLeeway(jwt.Expected{Issuer: a.Issuer, Time: time.Now()}, 0); err != nil {
		return nil, err
	}
	audience := []string(registered.Audience)
	if _, there := all["aud"]; !there { // client_id counts only where there is no aud
		if id, ok := all["client_id"].(string); ok {
			audience = []string{id}
		}
	}
	if !slices.ContainsFunc(audience, func(s string) bool { return slices.Contains(a.Audience, s) }) {
		return nil, errors.New("the token is for another audience")
	}
	if len(scopes) > 0 && !slices.ContainsFunc(all.scopes(), func(s string) bool { return slices.Contains(scopes, s) }) {
		return nil, errScope
	}
	return all, nil
}

// bearer returns the token of the one Authorization header.
func bearer(h http.Header) (string, error) {
	values := h.Values("Authorization")
	if len(values) != 1 {
		return "", fmt.Errorf("there are %d Authorization headers", len(values))
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	if !ok { // API Gateway takes a token without a scheme too
		scheme, token = "bearer", values[0]
	}
	if !strings.EqualFold(scheme, "bearer") || token == "" || strings.ContainsAny(token, " ,") {
		return "", errors.New("the Authorization header holds no bearer token")
	}
	return token, nil
}

// scopes are those of the scope or scp claim.
func (c claims) scopes() []string {
	for _, name := range []string{"scope", "scp"} {
		switch v := c[name].(type) {
		case string:
			return strings.Fields(v)
		case []any:
			var list []string
			for _, s := range v {
				list = append(list, fmt.Sprint(s))
			}
			return list
		}
	}
	return nil
}

// keySource has the keys of one issuer, by its discovery document.
type keySource struct {
	issuer string
	client *http.Client

	mu      sync.Mutex
	keys    jose.JSONWebKeySet
	fetched time.Time // when the keys are from
	tried   time.Time // when they were last asked for
}

const (
	keysLife       = 2 * time.Hour // as long as API Gateway may keep them
	refetchAtLeast = 10 * time.Second
	maxDocument    = 1 << 20
)

// key returns the public key with the id. One that is not known may be new, so
// the keys are fetched again, but not for every forged token.
func (s *keySource) key(ctx context.Context, id string) (jose.JSONWebKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.keys.Key(id); len(found) == 1 && time.Since(s.fetched) < keysLife {
		return found[0], nil
	}
	if time.Since(s.tried) > refetchAtLeast {
		s.tried = time.Now()
		if err := s.fetch(ctx); err != nil {
			return jose.JSONWebKey{}, fmt.Errorf("fetch the keys of %s: %w", s.issuer, err)
		}
	}
	found := s.keys.Key(id)
	if len(found) != 1 || !found[0].IsPublic() || time.Since(s.fetched) >= keysLife {
		return jose.JSONWebKey{}, fmt.Errorf("%s has no key %q", s.issuer, id)
	}
	return found[0], nil
}

func (s *keySource) fetch(ctx context.Context) error {
	var discovery struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := s.get(ctx, strings.TrimSuffix(s.issuer, "/")+"/.well-known/openid-configuration", &discovery); err != nil {
		return err
	}
	if discovery.Issuer != s.issuer {
		return fmt.Errorf("the discovery document is of %q", discovery.Issuer)
	}
	var document struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := s.get(ctx, discovery.Keys, &document); err != nil {
		return err
	}
	s.keys.Keys = nil
	for _, raw := range document.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) == nil { // keys of other kinds are ignored (RFC 7517, 5)
			s.keys.Keys = append(s.keys.Keys, key)
		}
	}
	s.fetched = time.Now()
	return nil
}

func (s *keySource) get(ctx context.Context, url string, to any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("get %s: %s", url, resp.Status)
	}
	return json.NewDecoder(io.LimitReader(resp.Body, maxDocument)).Decode(to)
}
