// Package signin is how people sign in to the local stack: a small OpenID provider
// with the authorization code flow and PKCE, and nothing else of OAuth 2.0 (RFC 6749,
// RFC 7636, OpenID Connect Core 1.0, OAuth 2.0 Security Best Current Practice, RFC
// 9700). It stands in for Cognito, and asks for no password: whoever says that they
// are Alice is. What a page must do right is asked as strictly as anywhere.
package signin

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/vouch-s3/vouch/local/tokens"
)

// Client is the one application that people sign in to. It is public: a page has no
// secret.
type Client struct {
	ID string

	// RedirectURIs are where people are led back to, signed in or out; they have no
	// query. Another one, by a single character, is refused.
	RedirectURIs []string

	Scopes      []string // that it may ask for, openid among them
	AdminScopes []string // those of them that only administrators are given

	Audience string // of its access tokens
	Tenant   string // that the page suggests; empty where there are no tenants
}

// How long things live. A code is on its way for moments (RFC 6749, 4.1.2, asks for
// ten minutes at the most).
const (
	codeLife    = time.Minute
	tokenLife   = time.Hour
	sessionLife = 12 * time.Hour
)

// Provider signs people in.
type Provider struct {
	issuer   *tokens.Issuer
	client   Client
	host     string // of the issuer's URL
	path     string
	codes    *secrets[grant]
	sessions *secrets[person]
	mux      http.Handler
}

// person is somebody who has signed in.
type person struct {
	Name, Tenant string
	Groups       []string
	Admin        bool
	SignedIn     time.Time
}

// The endpoints, under the issuer's URL.
const (
	discoveryPath  = "/.well-known/openid-configuration"
	keysPath       = "/.well-known/jwks.json"
	authorizePath  = "/authorize"
	tokenPath      = "/token"
	endSessionPath = "/end-session"
	stylePath      = "/style.css"
)

// New returns the provider, which is to be served at the path of the issuer's URL.
// now is the clock.
func New(issuer *tokens.Issuer, client Client, now func() time.Time) (*Provider, error) {
	u, err := url.Parse(issuer.URL())
	if err != nil {
		return nil, fmt.Errorf("read the issuer's URL: %w", err)
	}
	p := &Provider{
		issuer: issuer, client: client, host: u.Host, path: u.Path,
		codes: newSecrets[grant](codeLife, now), sessions: newSecrets[person](sessionLife, now),
	}
	mux := http.NewServeMux()
	mux.Handle("GET "+discoveryPath, p.document(p.discovery()))
	mux.Handle("GET "+keysPath, p.document(issuer.Keys()))
	mux.Handle("GET "+stylePath, p.secured(serveStyle))
	mux.Handle("GET "+authorizePath, p.secured(p.authorize))
	mux.Handle("POST "+authorizePath, p.secured(p.signIn))
	mux.Handle("GET "+endSessionPath, p.secured(p.endSession))
	mux.Handle("POST "+endSessionPath, p.secured(p.endSession))
	mux.Handle("POST "+tokenPath, p.secured(p.token))
	mux.Handle("OPTIONS "+tokenPath, p.secured(p.tokenPreflight))
	p.mux = http.StripPrefix(u.Path, mux)
	return p, nil
}

// ServeHTTP answers at the issuer's URL.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// secured answers only at the issuer's own name, so that no name of somebody else's
// that leads to this machine (DNS rebinding) has the sign-in page be of its origin,
// and sets the headers of every answer.
func (p *Provider) secured(next http.HandlerFunc) http.Handler {
	csp := p.contentSecurityPolicy()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer") // the address holds what is asked for
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if r.Host != p.host {
			http.Error(w, "This is answered at "+p.issuer.URL()+" only.", http.StatusMisdirectedRequest)
			return
		}
		next(w, r)
	})
}

// contentSecurityPolicy lets the sign-in page have its style and send its form.
// Browsers hold the redirect that answers a form to form-action too, so that the
// origins that people are led back to are in it.
func (p *Provider) contentSecurityPolicy() string {
	csp := "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
	for _, origin := range p.clientOrigins() {
		csp += " " + origin
	}
	return csp
}

// clientOrigins are the origins of the client's pages, each once.
func (p *Provider) clientOrigins() []string {
	var origins []string
	for _, uri := range p.client.RedirectURIs {
		if u, err := url.Parse(uri); err == nil {
			origins = append(origins, u.Scheme+"://"+u.Host)
		}
	}
	slices.Sort(origins)
	return slices.Compact(origins)
}
