package signin

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// request is an authorization request that is in order (OpenID Connect Core 1.0,
// 3.1.2.1).
type request struct {
	RedirectURI string
	Scopes      []string
	State       string
	Nonce       string
	Challenge   string         // of PKCE, by S256
	Prompt      string         // empty, none or login
	MaxAge      *time.Duration // since the person signed in; nil for any
}

// refusal is why an authorization request is not carried out. It goes back to the
// client only where the request says in order which one it is and where that is (RFC
// 6749, 4.1.2.1): a redirect to anywhere else would serve those who fish.
type refusal struct {
	Code, Description string
	RedirectURI       string // empty: the person is told, and not the client
	State             string
}

const maxQuery = 4096

// parse reads an authorization request's query. What a client that is made well sends
// anyway is asked for here, though the standards leave it to the client: PKCE,
// state and nonce.
func parse(rawQuery string, c Client) (request, *refusal) {
	if len(rawQuery) > maxQuery {
		return request{}, &refusal{Code: "invalid_request", Description: "the request is too long"}
	}
	q, err := url.ParseQuery(rawQuery)
	if err != nil {
		return request{}, &refusal{Code: "invalid_request", Description: "the query cannot be read"}
	}
	once := func(name string) bool { return len(q[name]) == 1 && q[name][0] != "" }
	switch {
	case !once("client_id") || q.Get("client_id") != c.ID:
		return request{}, &refusal{Code: "invalid_client", Description: "there is no such client_id"}
	case !once("redirect_uri") || !slices.Contains(c.RedirectURIs, q.Get("redirect_uri")):
		return request{}, &refusal{Code: "invalid_request", Description: "redirect_uri is none of the client's"}
	}
	r := request{RedirectURI: q.Get("redirect_uri")}
	if once("state") {
		r.State = q.Get("state")
	}
	refuse := func(code, description string) (request, *refusal) {
		return request{}, &refusal{code, description, r.RedirectURI, r.State}
	}
	for _, name := range []string{"response_type", "response_mode", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "prompt", "max_age"} {
		if len(q[name]) > 1 {
			return refuse("invalid_request", name+" is there twice")
		}
	}
	switch {
	case q.Has("request"):
		return refuse("request_not_supported", "request objects are not taken")
	case q.Has("request_uri"):
		return refuse("request_uri_not_supported", "request objects are not taken")
	case q.Get("response_type") != "code":
		return refuse("unsupported_response_type", "response_type must be code")
	case q.Has("response_mode") && q.Get("response_mode") != "query":
		return refuse("invalid_request", "response_mode must be query")
	case r.State == "":
		return refuse("invalid_request", "state is missing")
	case !once("nonce"):
		return refuse("invalid_request", "nonce is missing")
	case q.Get("code_challenge_method") != "S256":
		return refuse("invalid_request", "code_challenge_method must be S256")
	case !isChallenge(q.Get("code_challenge")):
		return refuse("invalid_request", "code_challenge must be that of S256")
	}
	r.Nonce, r.Challenge = q.Get("nonce"), q.Get("code_challenge")
	r.Scopes = strings.Fields(q.Get("scope"))
	if !slices.Contains(r.Scopes, "openid") || slices.ContainsFunc(r.Scopes, func(s string) bool { return !slices.Contains(c.Scopes, s) }) {
		return refuse("invalid_scope", "scope must be openid and any of "+strings.Join(c.Scopes, " "))
	}
	switch q.Get("prompt") {
	case "", "none", "login":
		r.Prompt = q.Get("prompt")
	default:
		return refuse("invalid_request", "prompt must be none or login")
	}
	if q.Has("max_age") {
		seconds, err := strconv.ParseUint(q.Get("max_age"), 10, 31)
		if err != nil {
			return refuse("invalid_request", "max_age must be a number of seconds")
		}
		age := time.Duration(seconds) * time.Second
		r.MaxAge = &age
	}
	return r, nil
}

// isChallenge reports whether s is the SHA-256 of a verifier in base64url, without
// padding (RFC 7636, 4.2).
func isChallenge(s string) bool { return len(s) == 43 && !strings.ContainsFunc(s, notBase64URL) }

// isVerifier reports whether s is a verifier (RFC 7636, 4.1).
func isVerifier(s string) bool {
	return len(s) >= 43 && len(s) <= 128 &&
		!strings.ContainsFunc(s, func(r rune) bool { return notBase64URL(r) && r != '.' && r != '~' })
}

func notBase64URL(r rune) bool {
	return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// back is the address that leads back to the client, with an answer's parameters
// and the issuer's name, by which a client of several tells whose answer it is
// (RFC 9207).
func (p *Provider) back(redirectURI, state string, answer url.Values) string {
	if state != "" {
		answer.Set("state", state)
	}
	answer.Set("iss", p.issuer.URL())
	return redirectURI + "?" + answer.Encode()
}
