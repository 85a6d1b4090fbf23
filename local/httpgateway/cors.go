package httpgateway

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CORS is what pages of other origins may do ("Configure CORS for HTTP APIs").
// A nil CORS allows nothing.
type CORS struct {
	AllowOrigins, AllowMethods, AllowHeaders, ExposeHeaders []string
	MaxAge                                                  time.Duration
}

// preflight answers a preflight request by itself, and reports whether it did.
func (c *CORS) preflight(w http.ResponseWriter, r *http.Request) bool {
	if c == nil || r.Method != http.MethodOptions || r.Header.Get("Origin") == "" || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	if c.allow(w, r) {
		h := w.Header()
		h.Set("Access-Control-Allow-Methods", strings.Join(c.AllowMethods, ","))
		h.Set("Access-Control-Allow-Headers", strings.Join(c.AllowHeaders, ","))
		h.Set("Access-Control-Max-Age", strconv.Itoa(int(c.MaxAge.Seconds())))
	}
	w.WriteHeader(http.StatusNoContent)
	return true
}

// allow adds the headers that let a page read the answer, if its origin may.
func (c *CORS) allow(w http.ResponseWriter, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if c == nil || origin == "" {
		return false
	}
	w.Header().Add("Vary", "Origin")
	switch {
	case slices.Contains(c.AllowOrigins, "*"):
		origin = "*"
	case !slices.Contains(c.AllowOrigins, origin):
		return false
	}
	w.Header().Set("Access-Control-Allow-Origin", origin)
	if len(c.ExposeHeaders) > 0 {
		w.Header().Set("Access-Control-Expose-Headers", strings.Join(c.ExposeHeaders, ","))
	}
	return true
}
