package httpgateway

import (
	"fmt"
	"net/url"
	"strings"
)

// Route sends calls of a method and path to a function.
type Route struct {
	Method     string
	Path       string // as in /files/{id}
	Function   string
	Authorizer string   // the name of one, or IAM; empty for none
	Scopes     []string // one of them is enough; empty for none

	// A limit of its own, in place of the API's; 0 for none.
	RatePerSecond float64
	Burst         int
}

func (r Route) key() string { return r.Method + " " + r.Path }

type router []Route

func newRouter(cfg Config) (router, error) {
	seen := map[string]bool{}
	for _, r := range cfg.Routes {
		_, known := cfg.Authorizers[r.Authorizer]
		byIAM := r.Authorizer == IAM && cfg.Identities != nil
		switch {
		case !strings.HasPrefix(r.Path, "/"), strings.Contains(r.Path, "+}"), r.Method == "" || r.Method == "ANY":
			return nil, fmt.Errorf("route %s: only a method with a path is offered here, and no greedy variable", r.key())
		case r.Authorizer != "" && !known && !byIAM:
			return nil, fmt.Errorf("route %s: there is no authorizer %s", r.key(), r.Authorizer)
		case (r.Authorizer == "" || byIAM) && len(r.Scopes) > 0:
			return nil, fmt.Errorf("route %s: it needs scopes, but no token", r.key())
		case seen[r.key()]:
			return nil, fmt.Errorf("route %s is there twice", r.key())
		}
		seen[r.key()] = true
	}
	return cfg.Routes, nil
}

// find returns the route of a call and the values of its path's variables. Of
// several it takes the one with the longest literal beginning.
func (rs router) find(method, escapedPath string) (best Route, values map[string]string, found bool) {
	bestLiterals := -1
	for _, r := range rs {
		if r.Method != method {
			continue
		}
		if v, literals, ok := match(r.Path, escapedPath); ok && literals > bestLiterals {
			best, values, found, bestLiterals = r, v, true, literals
		}
	}
	return best, values, found
}

// Knows reports whether a path is one of the API's, whatever the method.
func (g *Gateway) Knows(escapedPath string) bool {
	for _, r := range g.router {
		if _, _, ok := match(r.Path, escapedPath); ok {
			return true
		}
	}
	return false
}

// match matches a path, segment by segment, and counts the literal ones.
func match(template, escapedPath string) (values map[string]string, literals int, ok bool) {
	want, have := strings.Split(template, "/"), strings.Split(escapedPath, "/")
	if len(want) != len(have) {
		return nil, 0, false
	}
	values = map[string]string{}
	for i := range want {
		segment, err := url.PathUnescape(have[i])
		if err != nil {
			return nil, 0, false
		}
		if name, isVariable := strings.CutPrefix(want[i], "{"); isVariable && strings.HasSuffix(name, "}") {
			if segment == "" {
				return nil, 0, false
			}
			values[strings.TrimSuffix(name, "}")] = segment
			continue
		}
		if segment != want[i] {
			return nil, 0, false
		}
		literals++
	}
	return values, literals, true
}
