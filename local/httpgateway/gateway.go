// Package httpgateway stands in for an API Gateway HTTP API before Lambda
// functions: it verifies tokens as a JWT authorizer does, and signatures as IAM
// authorization does, finds the route, throttles, answers CORS, and speaks payload
// format 2.0 with the function.
//
// The emulator that serves the rest of AWS here does not verify signatures of
// tokens, so this part is the project's own.
package httpgateway

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Config is an HTTP API.
type Config struct {
	APIID, AccountID string
	Region           string
	Routes           []Route
	Authorizers      map[string]Authorizer
	Identities       Identities // of routes whose authorizer is IAM; nil where there are none
	CORS             *CORS
	RatePerSecond    float64 // of all requests together, but for routes with a limit of their own; 0 for no limit
	Burst            int
}

// Authorizer says whose tokens are taken.
type Authorizer struct {
	Issuer   string
	Audience []string
}

// Invoker invokes a function and returns its answer, or in failed what the
// function said as it failed.
type Invoker interface {
	Invoke(ctx context.Context, function string, payload []byte) (answer []byte, failed string, err error)
}

// stage is the one that there is.
const stage = "$default"

// Limits of HTTP APIs ("Quotas for configuring and running an HTTP API").
const (
	maxPayload         = 10 << 20
	maxHeaders         = 10240
	integrationTimeout = 30 * time.Second
)

// Gateway is an HTTP API that serves.
type Gateway struct {
	cfg     Config
	router  router
	keys    map[string]*keySource // by issuer
	invoker Invoker
	log     *slog.Logger
	limit   *bucket
	limits  map[string]*bucket // of routes that have their own, by key
}

// New returns the API. Its error names a route that cannot be served.
func New(cfg Config, invoker Invoker, log *slog.Logger) (*Gateway, error) {
	r, err := newRouter(cfg)
	if err != nil {
		return nil, err
	}
	g := &Gateway{cfg: cfg, router: r, keys: map[string]*keySource{}, invoker: invoker, log: log, limits: map[string]*bucket{}}
	for _, a := range cfg.Authorizers {
		g.keys[a.Issuer] = &keySource{issuer: a.Issuer, client: &http.Client{Timeout: 5 * time.Second}}
	}
	if cfg.RatePerSecond > 0 {
		g.limit = full(cfg.RatePerSecond, cfg.Burst)
	}
	for _, r := range cfg.Routes {
		if r.RatePerSecond > 0 {
			g.limits[r.key()] = full(r.RatePerSecond, r.Burst)
		}
	}
	return g, nil
}

// ServeHTTP answers one call.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	requestID := uuid.NewString()
	w.Header().Set("Apigw-Requestid", requestID)
	if g.cfg.CORS.preflight(w, r) {
		return
	}
	g.cfg.CORS.allow(w, r)
	if headersTooLong(r.Header) {
		answer(w, http.StatusRequestHeaderFieldsTooLarge, "Request Header Fields Too Large")
		return
	}
	route, parameters, ok := g.router.find(r.Method, r.URL.EscapedPath())
	limit := g.limit
	if own := g.limits[route.key()]; ok && own != nil {
		limit = own
	}
	if limit != nil && !limit.take(time.Now()) {
		answer(w, http.StatusTooManyRequests, "Too Many Requests")
		return
	}
	if !ok {
		answer(w, http.StatusNotFound, "Not Found")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPayload))
	if err != nil {
		answer(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	}
	by, err := g.authorize(r, route, body)
	if err != nil {
		g.log.Info("a call was refused", "requestId", requestID, "route", route.key(), "why", err.Error())
		if route.Authorizer == IAM || errors.Is(err, errScope) {
			answer(w, http.StatusForbidden, "Forbidden")
			return
		}
		w.Header().Set("Www-Authenticate", `Bearer`)
		answer(w, http.StatusUnauthorized, "Unauthorized")
		return
	}
	g.integrate(w, r, requestID, route, parameters, by, body)
}

// authorize asks the authorizer of a route, and returns what a function is told of
// the caller: nil where there is no authorizer.
func (g *Gateway) authorize(r *http.Request, route Route, body []byte) (*caller, error) {
	switch route.Authorizer {
	case "":
		return nil, nil
	case IAM:
		iam, err := g.authorizeIAM(r, body)
		if err != nil {
			return nil, err
		}
		return &caller{IAM: iam}, nil
	}
	claims, err := g.authorizeToken(r, g.cfg.Authorizers[route.Authorizer], route.Scopes)
	if err != nil {
		return nil, err
	}
	return &caller{JWT: claims.describe(route.Scopes)}, nil
}

// integrate asks the route's function.
func (g *Gateway) integrate(w http.ResponseWriter, r *http.Request, requestID string, route Route, parameters map[string]string, by *caller, body []byte) {
	payload, err := json.Marshal(g.event(r, requestID, route, parameters, by, body))
	if err != nil {
		g.log.Error("a request cannot be encoded", "requestId", requestID, "error", err.Error())
		answer(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	// As on AWS, a client that hangs up does not stop its function.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), integrationTimeout)
	defer cancel()
	reply, failed, err := g.invoker.Invoke(ctx, route.Function, payload)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		answer(w, http.StatusServiceUnavailable, "Service Unavailable")
	case err != nil || failed != "":
		g.log.Error("a function failed", "requestId", requestID, "function", route.Function, "failed", failed, "answer", string(reply), "error", errorText(err))
		answer(w, http.StatusInternalServerError, "Internal Server Error")
	default:
		if err := write(w, reply); err != nil {
			g.log.Error("a function's answer cannot be read", "requestId", requestID, "function", route.Function, "error", err.Error())
			answer(w, http.StatusInternalServerError, "Internal Server Error")
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// answer writes a message of the gateway's own.
func answer(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"message": message})
}

func headersTooLong(h http.Header) bool {
	n := 0
	for name, values := range h {
		n += len(name) + len(strings.Join(values, ","))
	}
	return n > maxHeaders
}

// bucket is a token bucket, the way API Gateway throttles.
type bucket struct {
	mu          sync.Mutex
	rate, burst float64
	tokens      float64
	last        time.Time
}

// full returns a bucket with all its tokens.
func full(rate float64, burst int) *bucket {
	return &bucket{rate: rate, burst: float64(burst), tokens: float64(burst), last: time.Now()}
}

func (b *bucket) take(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens = min(b.burst, b.tokens+now.Sub(b.last).Seconds()*b.rate)
	b.last = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
