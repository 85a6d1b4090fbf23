package httpgateway

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// caller is what a function is told of whoever calls.
type caller = events.APIGatewayV2HTTPRequestContextAuthorizerDescription

// event describes a call in payload format 2.0 ("Create AWS Lambda proxy
// integrations for HTTP APIs").
func (g *Gateway) event(r *http.Request, requestID string, route Route, parameters map[string]string, by *caller, body []byte) events.APIGatewayV2HTTPRequest {
	now := time.Now().UTC()
	source, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = r.RemoteAddr
	}
	_, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		port = "80"
	}
	prefix, _, _ := strings.Cut(r.Host, ".")
	e := events.APIGatewayV2HTTPRequest{
		Version:        "2.0",
		RouteKey:       route.key(),
		RawPath:        r.URL.Path,
		RawQueryString: r.URL.RawQuery,
		Headers:        map[string]string{"host": r.Host, "x-forwarded-for": source, "x-forwarded-port": port, "x-forwarded-proto": "http"},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: route.key(), AccountID: g.cfg.AccountID, Stage: stage, RequestID: requestID, APIID: g.cfg.APIID,
			Authorizer: by,
			DomainName: r.Host, DomainPrefix: prefix,
			Time: now.Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: now.UnixMilli(),
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: r.Method, Path: r.URL.Path, Protocol: r.Proto, SourceIP: source, UserAgent: r.UserAgent(),
			},
		},
	}
	for name, values := range r.Header {
		switch name = strings.ToLower(name); name {
		case "cookie":
			for _, v := range values {
				for part := range strings.SplitSeq(v, ";") {
					e.Cookies = append(e.Cookies, strings.TrimSpace(part))
				}
			}
		case "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto": // never what a client says
		default:
			e.Headers[name] = strings.Join(values, ",")
		}
	}
	if len(parameters) > 0 {
		e.PathParameters = parameters
	}
	for name, values := range r.URL.Query() {
		if e.QueryStringParameters == nil {
			e.QueryStringParameters = map[string]string{}
		}
		e.QueryStringParameters[name] = strings.Join(values, ",")
	}
	if e.Body = string(body); !isText(r.Header.Get("Content-Type")) && len(body) > 0 {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return e
}

// describe is what a function is told of a token.
func (c claims) describe(scopes []string) *events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription {
	jwt := &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: map[string]string{}, Scopes: scopes}
	for name, v := range c {
		jwt.Claims[name] = claimText(v)
	}
	return jwt
}

// claimText writes a claim as API Gateway hands it on: everything as text, a
// list in brackets.
func claimText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return fmt.Sprintf("%.0f", v)
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = claimText(e)
		}
		return "[" + strings.Join(parts, " ") + "]"
	}
	return fmt.Sprint(v)
}

func isText(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	switch kind {
	case "application/json", "application/xml", "application/javascript":
		return true
	}
	return strings.HasPrefix(kind, "text/")
}

// write answers with a function's reply. What the function says of CORS is
// dropped where the API has CORS settings of its own.
func write(w http.ResponseWriter, reply []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(reply, &fields); err != nil {
		return fmt.Errorf("it is not a JSON object: %w", err)
	}
	if _, ok := fields["statusCode"]; !ok { // the whole reply is the body then
		w.Header().Set("Content-Type", "application/json")
		_, err := w.Write(reply)
		return err
	}
	var r events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(reply, &r); err != nil {
		return err
	}
	if r.StatusCode < 100 || r.StatusCode > 599 {
		return fmt.Errorf("it has the status %d", r.StatusCode)
	}
	body := []byte(r.Body)
	if r.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(r.Body); err != nil {
			return fmt.Errorf("decode its body: %w", err)
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8") // unless the function says another
	for name, value := range r.Headers {
		switch lower := strings.ToLower(name); {
		case strings.HasPrefix(lower, "access-control-"), lower == "content-length":
		case lower == "vary":
			w.Header().Add(name, value)
		default:
			w.Header().Set(name, value)
		}
	}
	for _, c := range r.Cookies {
		w.Header().Add("Set-Cookie", c)
	}
	w.WriteHeader(r.StatusCode)
	if r.StatusCode == http.StatusNoContent || r.StatusCode == http.StatusNotModified {
		return nil
	}
	_, err := w.Write(body)
	return err
}
