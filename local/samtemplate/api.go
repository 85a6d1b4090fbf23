package samtemplate

import (
	"fmt"
	"time"
)

// IAM is the authorizer of routes whose callers sign with AWS credentials.
const IAM = "AWS_IAM"

// API is an HTTP API.
type API struct {
	Disabled          bool // nobody can call it, since it has no address
	CORS              *CORS
	Authorizers       map[string]Authorizer
	DefaultAuthorizer string  // for routes that name none
	RatePerSecond     float64 // of the calls of all routes together that have no limit of their own
	Burst             int
	Routes            []Route

	settings map[string]throttle // by route, as in GET /files
}

// throttle is how many calls a stage or a route takes.
type throttle struct {
	ThrottlingBurstLimit int
	ThrottlingRateLimit  float64
}

// Authorizer is a JWT authorizer.
type Authorizer struct {
	Issuer   string
	Audience []string
}

// CORS is what the API allows pages of other origins.
type CORS struct {
	AllowOrigins, AllowMethods, AllowHeaders, ExposeHeaders []string
	MaxAge                                                  time.Duration
}

// Route is one route of the API.
type Route struct {
	Method, Path string
	Function     string   // by name
	Authorizer   string   // as the route names it: empty for the default, NONE for none
	Scopes       []string // any of them is enough

	// A limit of its own, in place of the API's; 0 for none.
	RatePerSecond float64
	Burst         int
}

func (b *builder) api(res resource, given map[string]any) error {
	var p struct {
		Name, Description         string
		DisableExecuteApiEndpoint bool
		Auth                      struct {
			EnableIamAuthorizer bool
			DefaultAuthorizer   string
			Authorizers         map[string]struct {
				IdentitySource   string
				JwtConfiguration struct {
					Issuer   string   `json:"issuer"`
					Audience []string `json:"audience"`
				}
			}
		}
		CorsConfiguration *struct {
			AllowOrigins, AllowMethods, AllowHeaders, ExposeHeaders []string
			MaxAge                                                  int
		}
		DefaultRouteSettings              throttle
		RouteSettings                     map[string]throttle
		FailOnWarnings, AccessLogSettings any
	}
	if err := as(given, &p); err != nil {
		return err
	}
	api := b.apiOf(res)
	if api.Authorizers != nil {
		return fmt.Errorf("there is a second HTTP API of its kind; one that takes tokens and one that takes signatures are offered here")
	}
	if p.Auth.EnableIamAuthorizer && (p.Auth.DefaultAuthorizer != IAM || len(p.Auth.Authorizers) > 0) {
		return fmt.Errorf("with EnableIamAuthorizer, only %s as the DefaultAuthorizer and no other is offered here", IAM)
	}
	api.Disabled = p.DisableExecuteApiEndpoint
	api.Authorizers = map[string]Authorizer{}
	for name, a := range p.Auth.Authorizers {
		if a.IdentitySource != "$request.header.Authorization" {
			return fmt.Errorf("authorizer %s reads %s; only the Authorization header is read here", name, a.IdentitySource)
		}
		api.Authorizers[name] = Authorizer{Issuer: a.JwtConfiguration.Issuer, Audience: a.JwtConfiguration.Audience}
	}
	api.DefaultAuthorizer = p.Auth.DefaultAuthorizer
	api.RatePerSecond, api.Burst = p.DefaultRouteSettings.ThrottlingRateLimit, p.DefaultRouteSettings.ThrottlingBurstLimit
	api.settings = p.RouteSettings
	if c := p.CorsConfiguration; c != nil {
		api.CORS = &CORS{c.AllowOrigins, c.AllowMethods, c.AllowHeaders, c.ExposeHeaders, time.Duration(c.MaxAge) * time.Second}
	}
	return nil
}

// apiOf returns the API of a resource: the one that takes signatures, or the one
// that takes tokens.
func (b *builder) apiOf(res resource) *API {
	if auth, ok := res.Properties["Auth"].(map[string]any); ok && auth["EnableIamAuthorizer"] == true {
		return &b.stack.MachineAPI
	}
	return &b.stack.API
}

// limitRoutes gives routes the limits of their own, once all routes are known.
// API Gateway refuses a stage with settings for a route that is not there.
func (a *API) limitRoutes() error {
	limited := 0
	for i, r := range a.Routes {
		own, ok := a.settings[r.Method+" "+r.Path]
		if !ok {
			continue
		}
		if own.ThrottlingRateLimit <= 0 || own.ThrottlingBurstLimit <= 0 {
			return fmt.Errorf("RouteSettings: %s %s needs a rate and a burst", r.Method, r.Path)
		}
		a.Routes[i].RatePerSecond, a.Routes[i].Burst = own.ThrottlingRateLimit, own.ThrottlingBurstLimit
		limited++
	}
	if limited != len(a.settings) {
		return fmt.Errorf("RouteSettings: %d of %d are of routes that are not there", len(a.settings)-limited, len(a.settings))
	}
	return nil
}
