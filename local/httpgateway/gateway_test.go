package httpgateway

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// function answers every invocation with reply, and remembers the last event.
type function struct {
	reply, failed string
	event         map[string]any
	payload       string // the event as it came
	calls         int
}

func (f *function) Invoke(_ context.Context, _ string, payload []byte) ([]byte, string, error) {
	f.calls++
	f.event, f.payload = nil, string(payload)
	return []byte(f.reply), f.failed, json.Unmarshal(payload, &f.event)
}

func serve(t *testing.T, cfg Config, f *function) *httptest.Server {
	t.Helper()
	g, err := New(cfg, f, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(g)
	t.Cleanup(s.Close)
	return s
}

func open(path string) Config {
	return Config{Routes: []Route{{Method: "POST", Path: path, Function: "f"}}}
}

func TestAFunctionGetsPayload20(t *testing.T) {
	f := &function{reply: `{"statusCode":200}`}
	s := serve(t, open("/files/{id}/x"), f)
	req, err := http.NewRequest("POST", s.URL+"/files/a%2Fb%20c/x?p=1&p=2", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Add("X-Two", "1")
	req.Header.Add("X-Two", "2")
	req.Header.Set("Cookie", "a=b; c=d")
	req.Header.Set("X-Forwarded-For", "6.6.6.6")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	get := func(path string) any {
		var v any = f.event
		for name := range strings.SplitSeq(path, ".") {
			m, _ := v.(map[string]any)
			v = m[name]
		}
		return v
	}
	for path, want := range map[string]any{
		"version": "2.0", "routeKey": "POST /files/{id}/x", "rawQueryString": "p=1&p=2", "queryStringParameters.p": "1,2",
		"pathParameters.id": "a/b c", "headers.x-two": "1,2", "headers.x-forwarded-for": "127.0.0.1", "body": "{}", "isBase64Encoded": false,
		"requestContext.http.method": "POST", "requestContext.stage": "$default", "requestContext.routeKey": "POST /files/{id}/x",
	} {
		if got := get(path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	if c, _ := f.event["cookies"].([]any); len(c) != 2 || get("headers.cookie") != nil {
		t.Errorf("cookies %v", c)
	}
	if resp.Header.Get("Apigw-Requestid") != get("requestContext.requestId") {
		t.Error("the request id differs")
	}
}

func TestAnswersAreReadAsPayload20(t *testing.T) {
	for _, tt := range []struct {
		reply, failed string
		status        int
		body          string
	}{
		{`{"statusCode":201,"body":"x","headers":{"X-A":"b"}}`, "", 201, "x"},
		{`{"statusCode":200,"body":"aGk=","isBase64Encoded":true}`, "", 200, "hi"},
		{`{"message":"whole"}`, "", 200, `{"message":"whole"}`},
		{`{"statusCode":204}`, "", 204, ""},
		{`{"statusCode":42}`, "", 500, ""},
		{`"text"`, "", 500, ""},
		{`{"statusCode":200,"body":"%","isBase64Encoded":true}`, "", 500, ""},
		{`{"errorType":"x"}`, "Unhandled", 500, ""},
	} {
		s := serve(t, open("/"), &function{reply: tt.reply, failed: tt.failed})
		resp, err := http.Post(s.URL+"/", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != tt.status || tt.status < 300 && string(body) != tt.body {
			t.Errorf("%s: %d %s %v", tt.reply, resp.StatusCode, body, err)
		}
		if tt.status == 500 && strings.TrimSpace(string(body)) != `{"message":"Internal Server Error"}` {
			t.Errorf("%s tells %s", tt.reply, body)
		}
	}
}

func TestTheMostSpecificRouteIsTaken(t *testing.T) {
	rs := router{{Method: "GET", Path: "/files/{id}"}, {Method: "GET", Path: "/files/new"}, {Method: "GET", Path: "/{a}/{b}"}}
	for path, want := range map[string]string{
		"/files/1": "/files/{id}", "/files/new": "/files/new", "/x/y": "/{a}/{b}", "/files": "", "/files/": "", "/files/1/": "", "//": "", "/files/%zz": "",
	} {
		if r, _, ok := rs.find("GET", path); ok != (want != "") || r.Path != want {
			t.Errorf("%s goes to %q, want %q", path, r.Path, want)
		}
	}
	for _, method := range []string{"HEAD", "POST", "get"} {
		if _, _, ok := rs.find(method, "/files/1"); ok {
			t.Errorf("%s is taken for GET", method)
		}
	}
}

func TestTooManyCallsAndTooLongOnesDoNotReachTheFunction(t *testing.T) {
	f := &function{reply: `{"statusCode":200}`}
	cfg := open("/")
	cfg.RatePerSecond, cfg.Burst = 0.001, 2
	s := serve(t, cfg, f)
	var last int
	for range 3 {
		resp, err := http.Post(s.URL+"/", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		last = resp.StatusCode
	}
	if last != http.StatusTooManyRequests || f.calls != 2 {
		t.Errorf("the third call: %d, %d reached the function", last, f.calls)
	}
	f.calls = 0
	s = serve(t, open("/"), f)
	resp, err := http.Post(s.URL+"/", "", strings.NewReader(strings.Repeat("x", maxPayload+1)))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusRequestEntityTooLarge || f.calls != 0 {
		t.Errorf("%d, %d reached the function", resp.StatusCode, f.calls)
	}
}

// A flood of one route leaves the others what is theirs, and a refused token has
// cost its call.
func TestARouteWithALimitOfItsOwnSharesItWithNoOther(t *testing.T) {
	f := &function{reply: `{"statusCode":200}`}
	s := serve(t, Config{
		Authorizers: map[string]Authorizer{"jwt": {Issuer: "https://issuer.example"}},
		Routes: []Route{
			{Method: "POST", Path: "/own", Function: "f", RatePerSecond: 0.001, Burst: 2},
			{Method: "POST", Path: "/other", Function: "f", RatePerSecond: 0.001, Burst: 1},
			{Method: "GET", Path: "/own", Function: "f"},
			{Method: "POST", Path: "/closed", Function: "f", Authorizer: "jwt", RatePerSecond: 0.001, Burst: 1},
		},
		RatePerSecond: 0.001, Burst: 3,
	}, f)
	for _, tt := range []struct {
		call string
		want int
	}{
		{"POST /own", 200},
		{"POST /own", 200},
		{"POST /own", 429},
		{"POST /own", 429},
		{"POST /other", 200},
		{"POST /other", 429},
		{"POST /closed", 401},
		{"POST /closed", 429},
		// What has no limit of its own has the API's together with all its like, and
		// what is no route at all is among them.
		{"GET /own", 200},
		{"GET /nowhere", 404},
		{"GET /own", 200},
		{"GET /own", 429},
		{"GET /nowhere", 429},
	} {
		method, path, _ := strings.Cut(tt.call, " ")
		req, err := http.NewRequest(method, s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != tt.want {
			t.Errorf("%s: %d, want %d, %v", tt.call, resp.StatusCode, tt.want, err)
		}
		if want := `{"message":"Too Many Requests"}`; tt.want == 429 && strings.TrimSpace(string(body)) != want {
			t.Errorf("%s: %s, want %s", tt.call, body, want)
		}
	}
	if f.calls != 5 {
		t.Errorf("%d calls reached the function", f.calls)
	}
}

func TestOnlyAllowedOriginsMayRead(t *testing.T) {
	f := &function{reply: `{"statusCode":200,"headers":{"Access-Control-Allow-Origin":"*"}}`}
	cfg := open("/")
	cfg.CORS = &CORS{AllowOrigins: []string{"https://app.example"}, AllowMethods: []string{"POST"}, AllowHeaders: []string{"authorization"}, ExposeHeaders: []string{"etag"}, MaxAge: time.Minute}
	s := serve(t, cfg, f)
	for origin, want := range map[string]string{"https://app.example": "https://app.example", "https://evil.example": "", "null": ""} {
		for _, method := range []string{"OPTIONS", "POST"} {
			req, err := http.NewRequest(method, s.URL+"/", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Origin", origin)
			if method == "OPTIONS" {
				req.Header.Set("Access-Control-Request-Method", "POST")
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if got := resp.Header.Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("%s from %s: %q, want %q", method, origin, got, want)
			}
		}
	}
	if f.calls != 3 {
		t.Errorf("%d calls reached the function: a preflight must not", f.calls)
	}
}

func TestRoutesThatCannotBeServedAreRefusedAtTheStart(t *testing.T) {
	for name, r := range map[string]Route{
		"no slash":           {Method: "GET", Path: "files"},
		"greedy":             {Method: "GET", Path: "/{proxy+}"},
		"any method":         {Method: "ANY", Path: "/"},
		"unknown authorizer": {Method: "GET", Path: "/", Authorizer: "x"},
		"scopes of nobody":   {Method: "GET", Path: "/", Scopes: []string{"a"}},
	} {
		if _, err := New(Config{Routes: []Route{r}}, nil, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("/files/{id}", "/files/a%2fb")
	f.Add("/{a}/{a}", "//")
	f.Fuzz(func(t *testing.T, template, path string) {
		if values, _, ok := match(template, path); ok && strings.Count(template, "/") != strings.Count(path, "/") {
			t.Errorf("%q matches %q with %v", template, path, values)
		}
	})
}

func FuzzBearer(f *testing.F) {
	for _, s := range []string{"Bearer x", "bearer  x", "x", "Bearer a, Bearer b", "Basic x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if token, err := bearer(http.Header{"Authorization": {value}}); err == nil && (token == "" || strings.ContainsAny(token, " ,") || !strings.HasSuffix(value, token)) {
			t.Errorf("%q holds the token %q", value, token)
		}
	})
}
