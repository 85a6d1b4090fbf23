package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/vouch-s3/vouch/local/stack"
	"github.com/vouch-s3/vouch/local/tokens"
)

func TestForgedTokensAreRefused(t *testing.T) {
	f := as(t, "alice").ask(t, "a.bin", []byte("x"), false)
	good, err := local.Token("alice", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	issuerURL := local.APIURL() + "/issuer"
	data, err := os.ReadFile(filepath.Join(dir, "stack", "issuer-key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	real, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jwt.ParseSigned(good, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	kid := parsed.Headers[0].KeyID
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(alg jose.SignatureAlgorithm, key any, kid string, change func(map[string]any)) string {
		t.Helper()
		claims := map[string]any{
			"iss": issuerURL, "sub": "alice", "aud": stack.Audience, "scope": "files:read files:write",
			"iat": time.Now().Unix(), "nbf": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
		}
		change(claims)
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		token, err := jwt.Signed(signer).Claims(claims).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	same := func(map[string]any) {}
	set := func(name string, v any) func(map[string]any) { return func(c map[string]any) { c[name] = v } }
	without := func(name string) func(map[string]any) { return func(c map[string]any) { delete(c, name) } }
	segments := strings.Split(good, ".")
	encode := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&real.PublicKey)})
	for name, tt := range map[string]struct {
		token string
		want  int
	}{
		"good":                         {sign(jose.RS256, real, kid, same), 200},
		"none":                         {"", 401},
		"not a token":                  {"x", 401},
		"alg none":                     {encode(map[string]string{"alg": "none", "kid": kid}) + "." + segments[1] + ".", 401},
		"alg none, with signature":     {encode(map[string]string{"alg": "none", "kid": kid}) + "." + segments[1] + "." + segments[2], 401},
		"public key as HMAC secret":    {sign(jose.HS256, public, kid, same), 401},
		"another key":                  {sign(jose.RS256, other, kid, same), 401},
		"another key under its id":     {sign(jose.RS256, other, "other", same), 401},
		"no key id":                    {sign(jose.RS256, real, "", same), 401},
		"tampered claims":              {segments[0] + "." + encode(map[string]any{"sub": "alice", "iss": issuerURL}) + "." + segments[2], 401},
		"tampered signature":           {segments[0] + "." + segments[1] + "." + strings.Repeat("A", len(segments[2])), 401},
		"expired":                      {sign(jose.RS256, real, kid, set("exp", time.Now().Add(-time.Second).Unix())), 401},
		"no expiry":                    {sign(jose.RS256, real, kid, without("exp")), 401},
		"not yet valid":                {sign(jose.RS256, real, kid, set("nbf", time.Now().Add(time.Hour).Unix())), 401},
		"issued in the future":         {sign(jose.RS256, real, kid, set("iat", time.Now().Add(time.Hour).Unix())), 401},
		"another issuer":               {sign(jose.RS256, real, kid, set("iss", "https://evil.example")), 401},
		"no issuer":                    {sign(jose.RS256, real, kid, without("iss")), 401},
		"another audience":             {sign(jose.RS256, real, kid, set("aud", "other")), 401},
		"no audience":                  {sign(jose.RS256, real, kid, without("aud")), 401},
		"client id as audience":        {sign(jose.RS256, real, kid, func(c map[string]any) { delete(c, "aud"); c["client_id"] = stack.Audience }), 200},
		"client id beside audience":    {sign(jose.RS256, real, kid, func(c map[string]any) { c["aud"] = "other"; c["client_id"] = stack.Audience }), 401},
		"client id beside no audience": {sign(jose.RS256, real, kid, func(c map[string]any) { c["aud"] = []string{}; c["client_id"] = stack.Audience }), 401},
		"one audience of several":      {sign(jose.RS256, real, kid, set("aud", []string{"other", stack.Audience})), 200},
		"no scope":                     {sign(jose.RS256, real, kid, without("scope")), 403},
		"another scope":                {sign(jose.RS256, real, kid, set("scope", "files:write")), 403},
		"a scope that contains it":     {sign(jose.RS256, real, kid, set("scope", "xfiles:read files:readx")), 403},
		"no subject":                   {sign(jose.RS256, real, kid, without("sub")), 401},
		"an empty subject":             {sign(jose.RS256, real, kid, set("sub", "")), 401},
		"a subject with other case":    {sign(jose.RS256, real, kid, set("sub", "Alice")), 404},
		"longer than headers may be":   {sign(jose.RS256, real, kid, set("x", strings.Repeat("x", 12000))), 431},
		"two tokens":                   {good + ", " + good, 401},
	} {
		r := user{token: tt.token, api: local.APIURL()}.bare(t, "/files/"+f.ID)
		if r.status != tt.want {
			t.Errorf("%s: %d %s, want %d", name, r.status, r.body, tt.want)
		}
	}
	if r := (user{api: local.APIURL()}).bare(t, "/files/"+f.ID+"?access_token="+good); r.status != 401 {
		t.Errorf("a token in the query: %d", r.status)
	}
}

// bare calls the API like call, for answers of the gateway that the document
// does not list.
func (u user) bare(t *testing.T, path string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.api+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if u.token != "" {
		req.Header.Set("Authorization", "Bearer "+u.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return reply{status: resp.StatusCode, header: resp.Header}
}

func TestTheTokenCommandSignsForARunningStack(t *testing.T) {
	issuer, err := tokens.Open(filepath.Join(dir, "stack"), local.APIURL()+"/issuer")
	if err != nil {
		t.Fatal(err)
	}
	token, err := issuer.Sign(tokens.Claims{Subject: "dave", Audience: stack.Audience, Scopes: stack.Scopes, Life: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if r := (user{"dave", token, local.APIURL()}).call(t, "GET", "/files", ""); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
}
