package signin

import (
	"encoding/json"
	"net/http"
)

// discovery is the document of OpenID Connect Discovery 1.0 (3), with what RFC 8414,
// RFC 9207 and RP-Initiated Logout 1.0 add.
func (p *Provider) discovery() map[string]any {
	url := p.issuer.URL()
	return map[string]any{
		"issuer":                                         url,
		"authorization_endpoint":                         url + authorizePath,
		"token_endpoint":                                 url + tokenPath,
		"end_session_endpoint":                           url + endSessionPath,
		"jwks_uri":                                       url + keysPath,
		"scopes_supported":                               p.client.Scopes,
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"grant_types_supported":                          []string{"authorization_code"},
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{"RS256"},
		"token_endpoint_auth_methods_supported":          []string{"none"},
		"code_challenge_methods_supported":               []string{"S256"},
		"prompt_values_supported":                        []string{"none", "login"},
		"claims_supported":                               []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce"},
		"authorization_response_iss_parameter_supported": true,
		"request_parameter_supported":                    false,
		"request_uri_parameter_supported":                false,
		"claims_parameter_supported":                     false,
	}
}

// document serves what is public and the same for all, pages of any origin
// included.
func (p *Provider) document(v any) http.Handler {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // what is served is fixed and always encodes
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Write(body)
	})
}
