package signin

import (
	"net/http"
	"net/url"
	"slices"
)

// endSession signs somebody out (OpenID Connect RP-Initiated Logout 1.0). The client
// shows the ID token of whoever it is for; without it, the person is asked, so that
// no link signs anybody out.
func (p *Provider) endSession(w http.ResponseWriter, r *http.Request) {
	asked := r.Method == http.MethodGet
	if !asked && !p.ownForm(w, r) {
		return
	}
	if err := r.ParseForm(); err != nil || len(r.URL.RawQuery) > 2*maxQuery { // an ID token is long
		p.say(w, http.StatusBadRequest, "Refused", "The request cannot be read.")
		return
	}
	hint := r.Form.Get("id_token_hint")
	subject, hintErr := p.issuer.SubjectOf(hint, p.client.ID)
	to := r.Form.Get("post_logout_redirect_uri")
	switch {
	case hint != "" && hintErr != nil:
		p.say(w, http.StatusBadRequest, "Refused", "id_token_hint is no ID token of this issuer for this client.")
		return
	case r.Form.Has("client_id") && r.Form.Get("client_id") != p.client.ID:
		p.say(w, http.StatusBadRequest, "Refused", "There is no such client_id.")
		return
	case to != "" && (len(r.Form["post_logout_redirect_uri"]) != 1 || !slices.Contains(p.client.RedirectURIs, to)):
		p.say(w, http.StatusBadRequest, "Refused", "post_logout_redirect_uri is none of the client's.")
		return
	case to != "" && hint == "" && !r.Form.Has("client_id"):
		p.say(w, http.StatusBadRequest, "Refused", "The request says neither by id_token_hint nor by client_id whose post_logout_redirect_uri it is.")
		return
	}
	if who, signedIn := p.session(r); asked && signedIn && subject != who.Name {
		p.askWhetherToSignOut(w, who)
		return
	}
	p.forget(w, r)
	if to == "" {
		p.say(w, http.StatusOK, "Signed out", "Tokens that were given before are good until they expire, an hour at the most.")
		return
	}
	if state := r.Form.Get("state"); state != "" {
		to += "?" + url.Values{"state": {state}}.Encode()
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}
