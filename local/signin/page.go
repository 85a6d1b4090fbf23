package signin

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
)

//go:embed page.html
var pageText string

//go:embed style.css
var style []byte

var page = template.Must(template.New("page").Parse(pageText))

// content is what a page says: one of the questions, or a text.
type content struct {
	Title, Text string
	Style       string // where the style is
	Who         *question
	SignOut     string // whom the page asks whether to sign out
}

// question is the form that asks who somebody is, with what they have said before.
type question struct {
	Name, Tenant  string
	Groups        string // with spaces between
	Admin         bool
	Wrong         string // what is to be put right
	AsksTenant    bool
	AsksAdmin     bool
	ReturnAddress string
}

func (p *Provider) askWho(w http.ResponseWriter, status int, req request, q question) {
	q.AsksTenant = p.client.Tenant != ""
	q.AsksAdmin = slices.ContainsFunc(req.Scopes, func(s string) bool { return slices.Contains(p.client.AdminScopes, s) })
	q.ReturnAddress = req.RedirectURI
	p.write(w, status, content{Title: "Who are you?", Who: &q})
}

func (p *Provider) askWhetherToSignOut(w http.ResponseWriter, who person) {
	p.write(w, http.StatusOK, content{Title: "Sign out?", SignOut: who.Name})
}

func (p *Provider) say(w http.ResponseWriter, status int, title, text string) {
	p.write(w, status, content{Title: title, Text: text})
}

func (p *Provider) write(w http.ResponseWriter, status int, c content) {
	c.Style = p.path + stylePath
	var body bytes.Buffer
	if err := page.Execute(&body, c); err != nil {
		panic(err) // the page is fixed, and what it is given is text
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(body.Bytes())
}

func serveStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Write(style)
}
