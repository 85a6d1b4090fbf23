package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Client talks to one Vouch API. It is safe for concurrent use, and keeps its
// connections for the next call: make one and keep it.
type Client struct {
	base      string // without a slash at its end
	plain     bool   // base is http, and so may be the URLs to S3
	token     TokenSource
	signer    *signer // in place of a token; nil where there is one
	http      *http.Client
	retries   int
	userAgent string
	log       *slog.Logger

	// backoff returns how long to wait before the retry of that number, from 0.
	backoff func(retry int) time.Duration

	// stall is how long a transfer may be without a byte moving.
	stall time.Duration

	// poll is how long Wait waits at first where an answer does not say.
	poll time.Duration

	// promised is up to how many bytes are hashed before an upload is asked for.
	promised int64
}

// TokenSource returns the bearer token for a request, without the word Bearer. It
// is called for every request to the API, from several goroutines, and once more
// after a 401: it must be cheap, and should ask for a new token only when the last
// one is running out.
type TokenSource func(ctx context.Context) (string, error)

// StaticToken returns a source of always the same token.
func StaticToken(token string) TokenSource {
	return func(context.Context) (string, error) { return token, nil }
}

// Option changes how a Client works.
type Option func(*options)

type options struct {
	http         *http.Client
	signer       *signer
	retries      int
	userAgent    string
	log          *slog.Logger
	insecureHTTP bool
}

// WithHTTPClient has every request go by h, those to S3 included. The transport
// should keep as many idle connections to a host as parts are in flight. Its
// CheckRedirect is not used: no redirect is followed, for a token and the bytes are
// meant for nobody else.
func WithHTTPClient(h *http.Client) Option { return func(o *options) { o.http = h } }

// WithRetries tries whatever failed for a passing reason n more times; 8 if it is
// not said. Between two tries it waits for a random time of up to 0.2 s, doubled
// every time up to 20 s ("Exponential Backoff And Jitter", AWS Architecture Blog),
// or as long as the answer asks for.
func WithRetries(n int) Option { return func(o *options) { o.retries = n } }

// WithUserAgent names the program in every request to the API.
func WithUserAgent(name string) Option { return func(o *options) { o.userAgent = name } }

// WithLogger logs retries and what is done about faults, at the levels Debug and
// Warn. No token and no presigned URL is logged.
func WithLogger(l *slog.Logger) Option { return func(o *options) { o.log = l } }

// WithInsecureHTTP lets the API be at a plain http URL that is not of this machine.
// Everybody on the way then reads the token, and the presigned URLs.
func WithInsecureHTTP() Option { return func(o *options) { o.insecureHTTP = true } }

// New returns a client of the API at baseURL, as "https://files.example.com". token
// is nil where SignedBy takes its place. New makes no request.
func New(baseURL string, token TokenSource, with ...Option) (*Client, error) {
	o := options{retries: 8, userAgent: "vouch-go", log: slog.New(slog.DiscardHandler)}
	for _, option := range with {
		option(&o)
	}
	switch {
	case token == nil && o.signer == nil:
		return nil, errors.New("client: there is no token source, and nothing to sign with")
	case token != nil && o.signer != nil:
		return nil, errors.New("client: there is a token source as well as credentials to sign with")
	case o.signer != nil && (o.signer.credentials == nil || o.signer.region == ""):
		return nil, errors.New("client: SignedBy needs credentials and a region")
	}
	u, err := url.Parse(baseURL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("client: the API's URL: %w", unnamed(err))
	case u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("client: the API's URL must be a host and at most a path")
	case u.Scheme == "https":
	case u.Scheme != "http":
		return nil, fmt.Errorf("client: the API's URL begins with %q, not with https", u.Scheme)
	case !o.insecureHTTP && !loopback(u.Hostname()):
		return nil, errors.New("client: the API's URL is plain http and not of this machine, so that the token could be read on the way")
	}
	h := o.http
	if h == nil {
		h = &http.Client{Transport: newTransport()}
	}
	c := *h // what was given is not changed
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{
		base: strings.TrimRight(baseURL, "/"), plain: u.Scheme == "http", token: token, signer: o.signer, http: &c,
		retries: max(o.retries, 0), userAgent: o.userAgent, log: o.log, backoff: fullJitter, stall: stallAfter, poll: time.Second, promised: promised,
	}, nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

// CloseIdleConnections closes the connections that no request uses.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// newTransport returns a transport made for a few connections that carry a lot.
func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       60 * time.Second,
		MaxIdleConnsPerHost:   64,
		ReadBufferSize:        64 << 10,
		WriteBufferSize:       64 << 10,
		DisableCompression:    true, // what comes down is hashed as it is stored
	}
}
