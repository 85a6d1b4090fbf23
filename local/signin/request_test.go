package signin

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/local/tokens"
)

var fuzzed = Client{ID: "web", RedirectURIs: []string{"http://127.0.0.1:8080/", "http://localhost:5173/"}, Scopes: []string{"openid", "files:read"}}

func FuzzAuthorizationRequest(f *testing.F) {
	issuer, err := tokens.Open(f.TempDir(), "http://127.0.0.1:8080/issuer")
	if err != nil {
		f.Fatal(err)
	}
	ok := "client_id=web&redirect_uri=http%3A%2F%2F127.0.0.1%3A8080%2F&response_type=code&scope=openid+files%3Aread&state=s&nonce=n&code_challenge_method=S256&code_challenge=" + challengeOf(verifier)
	f.Add(ok)
	f.Add(ok + "&prompt=none&max_age=0")
	f.Add(strings.Replace(ok, "S256", "plain", 1))
	f.Add(strings.Replace(ok, "state=s", "state=%0d%0aLocation:x", 1))
	f.Add(ok + "&state=2;x")
	f.Add("client_id=web&redirect_uri=//evil.example")
	f.Fuzz(func(t *testing.T, query string) {
		r, refused := parse(query, fuzzed)
		if refused == nil {
			q, err := url.ParseQuery(query)
			if err != nil || q.Get("client_id") != "web" || q.Get("state") != r.State || r.State == "" || r.Nonce == "" || q.Get("code_challenge_method") != "S256" {
				t.Fatalf("%q is taken as %+v", query, r)
			}
			if !isChallenge(r.Challenge) || !slices.Contains(r.Scopes, "openid") || r.MaxAge != nil && *r.MaxAge < 0 {
				t.Fatalf("%q is taken as %+v", query, r)
			}
			refused = &refusal{RedirectURI: r.RedirectURI, State: r.State}
			if r.RedirectURI == "" {
				t.Fatalf("%q leads nowhere", query)
			}
		}
		if refused.RedirectURI == "" {
			return
		}
		if !slices.Contains(fuzzed.RedirectURIs, refused.RedirectURI) {
			t.Fatalf("%q leads to %q", query, refused.RedirectURI)
		}
		p := &Provider{issuer: issuer}
		to, err := url.Parse(p.back(refused.RedirectURI, refused.State, url.Values{"error": {"e"}}))
		if err != nil || !strings.HasPrefix(to.String(), refused.RedirectURI+"?") || to.Fragment != "" {
			t.Fatalf("%q leads to %v: %v", query, to, err)
		}
		if q := to.Query(); q.Get("state") != refused.State || len(q["iss"]) != 1 || q.Get("error") != "e" || q.Has("code") {
			t.Fatalf("%q comes back as %v", query, q)
		}
	})
}
