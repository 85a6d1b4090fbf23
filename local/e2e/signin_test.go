package e2e

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/vouch-s3/vouch/local/webpage"
)

// document gets a JSON document.
func document(t *testing.T, address string, to any) {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(to); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("get %s: %s %v", address, resp.Status, err)
	}
}

// What a page does, from config.json on.
func TestWhoeverSignsInToThePageMayCall(t *testing.T) {
	var config webpage.Config
	document(t, local.APIURL()+webpage.ConfigPath, &config)
	var issuer struct {
		Authorize string `json:"authorization_endpoint"`
		Token     string `json:"token_endpoint"`
	}
	document(t, config.Issuer+"/.well-known/openid-configuration", &issuer)

	verifier, page := rand.Text()+rand.Text(), local.APIURL()+"/"
	challenge := sha256.Sum256([]byte(verifier))
	ask := url.Values{
		"client_id": {config.ClientID}, "redirect_uri": {page}, "response_type": {"code"}, "scope": {"openid files:read files:write"},
		"state": {rand.Text()}, "nonce": {rand.Text()},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := browser.PostForm(issuer.Authorize+"?"+ask.Encode(), url.Values{"name": {"wanda"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	back, err := resp.Location()
	if err != nil || back.Query().Get("state") != ask.Get("state") {
		t.Fatalf("signing in leads to %v: %s %v", back, resp.Status, err)
	}
	resp, err = http.PostForm(issuer.Token, url.Values{
		"grant_type": {"authorization_code"}, "client_id": {config.ClientID}, "redirect_uri": {page},
		"code": {back.Query().Get("code")}, "code_verifier": {verifier},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var given struct {
		Access string `json:"access_token"`
		ID     string `json:"id_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&given); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("tokens: %s %v", resp.Status, err)
	}

	f := user{"wanda", given.Access, local.APIURL()}.ask(t, "a.bin", []byte("x"), false)
	if got := as(t, "wanda").call(t, "GET", "/files/"+f.ID, ""); got.status != http.StatusOK {
		t.Errorf("wanda's file is not that of wanda: %d %s", got.status, got.body)
	}
	if got := (user{"wanda", given.ID, local.APIURL()}).call(t, "GET", "/usage", ""); got.status != http.StatusUnauthorized {
		t.Errorf("the API takes an ID token: %d %s", got.status, got.body)
	}
	if got := (user{"wanda", given.Access, local.APIURL()}).call(t, "POST", "/admin/rescan", "{}"); got.status != http.StatusForbidden {
		t.Errorf("who has not ticked is an administrator: %d %s", got.status, got.body)
	}
}
