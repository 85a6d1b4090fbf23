package samtemplate

import (
	"fmt"
	"time"
)

// API is the HTTP API.
type API struct {
	CORS              *CORS
	Authorizers       map[string]Authorizer
	DefaultAuthorizer string // for routes that name none
	RatePerSecond     float64
	Burst             int
	Routes            []Route
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
}

func (b *builder) api(_ resource, given map[string]any) error {
	var p struct {
		Description string
		Auth        struct {
			DefaultAuthorizer string
			Authorizers       map[string]struct {
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
		DefaultRouteSettings struct {
			ThrottlingBurstLimit int
			ThrottlingRateLimit  float64
		}
		FailOnWarnings, AccessLogSettings any
	}
	if err := as(given, &p); err != nil {
		return err
	}
	api := &b.stack.API
	if api.Authorizers != nil {
		return fmt.Errorf("there is a second HTTP API; one is offered here")
	}
	api.Authorizers = map[string]Authorizer{}
	for name, a := range p.Auth.Authorizers {
		if a.IdentitySource != "$request.header.Authorization" {
			return fmt.Errorf("authorizer %s reads %s; only the Authorization header is read here", name, a.IdentitySource)
		}
		api.Authorizers[name] = Authorizer{Issuer: a.JwtConfiguration.Issuer, Audience: a.JwtConfiguration.Audience}
	}
	api.DefaultAuthorizer = p.Auth.DefaultAuthorizer
	api.RatePerSecond, api.Burst = p.DefaultRouteSettings.ThrottlingRateLimit, p.DefaultRouteSettings.ThrottlingBurstLimit
	if c := p.CorsConfiguration; c != nil {
		api.CORS = &CORS{c.AllowOrigins, c.AllowMethods, c.AllowHeaders, c.ExposeHeaders, time.Duration(c.MaxAge) * time.Second}
	}
	return nil
}
