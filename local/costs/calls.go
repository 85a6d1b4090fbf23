package costs

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"net/http"
	"regexp"
)

// calls is the transport of a client, which counts its calls of the API. Those to
// S3 are counted where they arrive.
type calls struct {
	*recorder
	host    string // of the API
	format  string // of its access log
	subject string
}

var fileID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// RoundTrip implements http.RoundTripper.
func (c calls) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := c.transport.RoundTrip(req)
	if err != nil || req.URL.Host != c.host {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	route := req.Method + " " + fileID.ReplaceAllString(req.URL.Path, "{id}")
	c.use("client", fmt.Sprintf("%s (%d)", route, resp.StatusCode), APIRequests, requestsOf(max(req.ContentLength, int64(len(body)))))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stage != nil {
		c.stage.Usage.Add(LogBytes, float64(accessLog(c.format, route, c.subject)))
	}
	return resp, nil
}

// requestsOf is how many requests of an HTTP API a payload is billed as.
func requestsOf(bytes int64) float64 { return math.Max(1, math.Ceil(float64(bytes)/(512<<10))) }
