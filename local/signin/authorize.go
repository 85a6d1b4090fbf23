package signin

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/vouch-s3/vouch/local/tokens"
	"github.com/vouch-s3/vouch/shared/access"
)

// grant is what a code is given out for.
type grant struct {
	request
	person
	granted []string // scopes
}

const sessionCookie = "vouch-local-session"

// authorize answers an authorization request: at once if the person has signed in
// before, and else with the page that asks who they are.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	req, refused := parse(r.URL.RawQuery, p.client)
	if refused != nil {
		p.refuse(w, r, refused)
		return
	}
	who, signedIn := p.session(r)
	if signedIn && (req.Prompt == "login" || req.MaxAge != nil && p.sessions.now().Sub(who.SignedIn) >= *req.MaxAge) {
		signedIn = false
	}
	switch {
	case signedIn:
		p.grant(w, r, req, who)
	case req.Prompt == "none":
		p.refuse(w, r, &refusal{"login_required", "nobody has signed in", req.RedirectURI, req.State})
	default:
		p.askWho(w, http.StatusOK, req, question{Tenant: p.client.Tenant})
	}
}

// signIn takes the page's form. The authorization request is in the address that the
// form is sent to, and is read again.
func (p *Provider) signIn(w http.ResponseWriter, r *http.Request) {
	if !p.ownForm(w, r) {
		return
	}
	req, refused := parse(r.URL.RawQuery, p.client)
	if refused != nil {
		p.refuse(w, r, refused)
		return
	}
	who := person{
		Name: strings.TrimSpace(r.PostForm.Get("name")), Groups: strings.Fields(r.PostForm.Get("groups")),
		Admin: r.PostForm.Get("admin") == "yes", SignedIn: p.sessions.now(),
	}
	if p.client.Tenant != "" {
		who.Tenant = strings.TrimSpace(r.PostForm.Get("tenant"))
	}
	if !p.valid(who) {
		p.askWho(w, http.StatusUnprocessableEntity, req, question{
			Name: who.Name, Tenant: who.Tenant, Groups: strings.Join(who.Groups, " "), Admin: who.Admin,
			Wrong: "A name has 1 to 256 bytes, no control characters, and no colon or bracket at its beginning; a group's has no bracket at all.",
		})
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: p.sessions.keep(who), Path: p.path + "/", MaxAge: int(sessionLife.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, // a client leads here from its own site
	})
	p.grant(w, r, req, who)
}

// valid reports whether the functions will know somebody by what they have said, by
// their own rule.
func (p *Provider) valid(who person) bool {
	names := access.Claims{Owner: "sub"}
	if p.client.Tenant != "" {
		names.Tenant = tokens.TenantClaim
	}
	_, err := names.Principal(map[string]string{"sub": who.Name, tokens.TenantClaim: who.Tenant})
	invalid := func(group string) bool { return !access.ValidGroup(group) } // which the functions would pass over
	return err == nil && !slices.ContainsFunc(who.Groups, invalid)
}

// grant leads back to the client with a code. A 303 has the browser forget the form
// that it has sent (RFC 9700, 4.12).
func (p *Provider) grant(w http.ResponseWriter, r *http.Request, req request, who person) {
	g := grant{request: req, person: who}
	for _, s := range req.Scopes {
		if who.Admin || !slices.Contains(p.client.AdminScopes, s) {
			g.granted = append(g.granted, s)
		}
	}
	code := p.codes.keep(g)
	http.Redirect(w, r, p.back(req.RedirectURI, req.State, url.Values{"code": {code}}), http.StatusSeeOther)
}

func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, why *refusal) {
	if why.RedirectURI == "" {
		p.say(w, http.StatusBadRequest, "This is no request to sign in", "The page that led here asks wrongly: "+why.Description+".")
		return
	}
	answer := url.Values{"error": {why.Code}, "error_description": {why.Description}}
	http.Redirect(w, r, p.back(why.RedirectURI, why.State, answer), http.StatusSeeOther)
}

// ownForm reads a form that must have been sent by a page of the provider's own, and
// answers by itself if it was not: no other page signs anybody in or out.
func (p *Provider) ownForm(w http.ResponseWriter, r *http.Request) bool {
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		p.say(w, http.StatusForbidden, "Refused", "This form was sent by another page.")
		return false
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxQuery)
	if err := r.ParseForm(); err != nil {
		p.say(w, http.StatusBadRequest, "Refused", "The form cannot be read.")
		return false
	}
	return true
}

// session returns who has signed in with this browser.
func (p *Provider) session(r *http.Request) (person, bool) {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return person{}, false
	}
	return p.sessions.look(c.Value)
}

// forget ends the session of this browser.
func (p *Provider) forget(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(sessionCookie); err == nil {
		p.sessions.take(c.Value)
	}
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: p.path + "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}
