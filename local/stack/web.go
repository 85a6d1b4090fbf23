package stack

import (
	"net/http"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/local/httpgateway"
	"github.com/vouch-s3/vouch/local/signin"
	"github.com/vouch-s3/vouch/local/webpage"
)

// WebClient is the client that the web page signs people in as. Its ID tokens are for
// it and not for the API, which is another audience.
const WebClient = "vouch-web"

// webClient is that client: people are led back to the root of the page, which is at
// the API's address, and, for pages that are being worked on, at the origins that may
// call.
func (s *Stack) webClient(origins []string) signin.Client {
	admin := []string{"files:admin"}
	c := signin.Client{
		ID: WebClient, Scopes: append(append([]string{"openid"}, Scopes...), admin...), AdminScopes: admin,
		Audience: Audience, Tenant: s.tenant, RedirectURIs: []string{s.api + "/"},
	}
	for _, origin := range origins {
		if uri := origin + "/"; uri != c.RedirectURIs[0] && strings.Contains(origin, "://") { // * is none

			c.RedirectURIs = append(c.RedirectURIs, uri)
		}
	}
	return c
}

// web answers at the API's address: the issuer below /issuer, then the API where it
// has a route, and the page where the API has none.
func (s *Stack) web(o Options, api *httpgateway.Gateway) (http.Handler, error) {
	client := s.webClient(o.Origins)
	provider, err := signin.New(s.issuer, client, time.Now)
	if err != nil {
		return nil, err
	}
	config := webpage.Config{Issuer: s.issuer.URL(), ClientID: client.ID, Scopes: client.Scopes, S3: s.S3URL()}
	if s.page, err = webpage.New(o.Page, s.api, config, webpage.Places{S3: s.S3URL()}); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/issuer/", provider)
	mux.Handle("/", beside(api, s.page))
	return mux, nil
}

// beside serves the page where the API has no route: no file of the page can take a
// call from the API.
func beside(api *httpgateway.Gateway, page *webpage.Site) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !api.Knows(r.URL.EscapedPath()) && page.Has(r) {
			page.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
}

// pageURL is where the page is, or how to get one.
func (s *Stack) pageURL() string {
	if !s.page.Built() {
		return "none, since it is not built: make page does that, with npm of Node 20 or later"
	}
	return s.api + "/"
}
