package webpage

import (
	"net/http"
	"strings"
)

// Places are the origins, besides its own, that the page reaches.
type Places struct {
	API    string   // empty for its own
	S3     string   // where presigned URLs lead
	Issuer []string // where people sign in and tokens are given; empty for its own
}

// ContentSecurityPolicy is the page's (W3C, Content Security Policy Level 3). It runs
// its own scripts and no other, none that are in the document or made of text. The
// worker that hashes is the one script whose address is made of text, which Trusted
// Types ask a policy of the page's for: "vouch", or "default" for a Worker that a
// library makes. What the page reads goes to these places and nowhere else.
// template.yaml has the same for CloudFront, and a test holds the two together.
func ContentSecurityPolicy(p Places) string {
	own := []string{"'self'"}
	issuer := p.Issuer
	if len(issuer) == 0 {
		issuer = own
	}
	connect := own
	for _, origin := range append([]string{p.API, p.S3}, p.Issuer...) {
		if origin != "" {
			connect = append(connect, origin)
		}
	}
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'",
		"worker-src 'self'",
		"style-src 'self'",
		"font-src 'self'",
		"img-src 'self' blob: " + p.S3,
		"media-src " + p.S3,
		"connect-src " + strings.Join(connect, " "),
		"form-action " + strings.Join(issuer, " "),
		"frame-ancestors 'none'",
		"base-uri 'none'",
		"object-src 'none'",
		"require-trusted-types-for 'script'",
		"trusted-types vouch default",
	}, "; ")
}

// SecurityHeaders are the others, of every answer. A browser takes
// Strict-Transport-Security over TLS only, so that it is CloudFront's alone.
var SecurityHeaders = map[string]string{
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}

func setHeaders(h http.Header, csp string) {
	h.Set("Content-Security-Policy", csp)
	for name, value := range SecurityHeaders {
		h.Set(name, value)
	}
}
