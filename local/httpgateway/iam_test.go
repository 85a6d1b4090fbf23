package httpgateway

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// uploader is the one who has an access key, and may call what is in it.
type uploader map[string]bool

func (u uploader) Identity(accessKey string) (Identity, bool) {
	return Identity{Secret: "secret", Account: "000000000000", ARN: "arn:aws:sts::000000000000:assumed-role/Uploader/s", ID: "AROAEXAMPLEROLEID0001:s"}, accessKey == "AKID"
}

func (u uploader) Authorize(accessKey, action, resource string, context map[string][]string) error {
	if accessKey != "AKID" || action != "execute-api:Invoke" || !u[resource] || context["aws:SourceIp"][0] != "127.0.0.1" {
		return errors.New("no policy allows it")
	}
	return nil
}

// machines is an API that takes signatures, of whoever may read a.
func machines() Config {
	const files = "arn:aws:execute-api:us-east-1:000000000000:m/$default/"
	return Config{
		APIID: "m", AccountID: "000000000000", Region: "us-east-1",
		Identities: uploader{files + "GET/files/a": true, files + "POST/files": true},
		Routes: []Route{
			{Method: "GET", Path: "/files/{id}", Function: "f", Authorizer: IAM},
			{Method: "POST", Path: "/files", Function: "f", Authorizer: IAM},
			{Method: "POST", Path: "/admin/rescan", Function: "f", Authorizer: IAM},
		},
	}
}

// call is a request to be signed, and what is changed before and after that.
type call struct {
	method, path, body string
	key, secret        string
	service, region    string
	at                 time.Time
	before, after      func(*http.Request)
	status             int
}

func TestOnlyWhatIsSignedAsItMustBeReachesTheFunction(t *testing.T) {
	f := &function{reply: `{"statusCode":200}`}
	s := serve(t, machines(), f)
	for name, c := range map[string]call{
		"a call":                           {status: 200},
		"one with a body":                  {method: "POST", path: "/files", body: `{"size":1}`, status: 200},
		"four minutes ago":                 {at: time.Now().Add(-4 * time.Minute), status: 200},
		"six minutes ago":                  {at: time.Now().Add(-6 * time.Minute), status: 403},
		"in six minutes":                   {at: time.Now().Add(6 * time.Minute), status: 403},
		"another secret":                   {secret: "Secret", status: 403},
		"another key":                      {key: "AKIE", status: 403},
		"another region":                   {region: "eu-west-1", status: 403},
		"another service":                  {service: "s3", status: 403},
		"another file":                     {path: "/files/b", status: 403},
		"another file, signed for a":       {after: func(r *http.Request) { r.URL.Path = "/files/b" }, status: 403},
		"a route that is not allowed":      {method: "POST", path: "/admin/rescan", status: 403},
		"the same, written otherwise":      {method: "POST", path: "/%61dmin/rescan", status: 403},
		"a path written otherwise":         {path: "/files/%61", status: 200},
		"another body":                     {method: "POST", path: "/files", body: "{}", after: func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("[]")), 2 }, status: 403},
		"a body that is not signed":        {method: "POST", path: "/files", body: "{}", before: func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") }, status: 403},
		"a query put behind it":            {after: func(r *http.Request) { r.URL.RawQuery = "x=1" }, status: 403},
		"a session token that nobody gave": {before: func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "x") }, status: 403},
		"a token":                          {after: func(r *http.Request) { r.Header.Set("Authorization", "Bearer a.b.c") }, status: 403},
		"nothing":                          {after: func(r *http.Request) { r.Header.Del("Authorization") }, status: 403},
	} {
		t.Run(name, func(t *testing.T) {
			calls := f.calls
			resp := c.send(t, s)
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != c.status {
				t.Fatalf("%d %s, %v", resp.StatusCode, body, err)
			}
			if c.status == http.StatusForbidden && (strings.TrimSpace(string(body)) != `{"message":"Forbidden"}` || f.calls != calls) {
				t.Errorf("%s after %d calls of the function", body, f.calls-calls)
			}
		})
	}
}

func (c call) send(t *testing.T, s *httptest.Server) *http.Response {
	t.Helper()
	or := func(said, otherwise string) string {
		if said == "" {
			return otherwise
		}
		return said
	}
	r, err := http.NewRequestWithContext(t.Context(), or(c.method, "GET"), s.URL+or(c.path, "/files/a"), strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	if c.before != nil {
		c.before(r)
	}
	if c.at.IsZero() {
		c.at = time.Now()
	}
	sum := sha256.Sum256([]byte(c.body))
	hash := or(r.Header.Get("X-Amz-Content-Sha256"), hex.EncodeToString(sum[:]))
	credentials := aws.Credentials{AccessKeyID: or(c.key, "AKID"), SecretAccessKey: or(c.secret, "secret")}
	if err := v4.NewSigner().SignHTTP(t.Context(), credentials, r, hash, or(c.service, "execute-api"), or(c.region, "us-east-1"), c.at); err != nil {
		t.Fatal(err)
	}
	if c.after != nil {
		c.after(r)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func TestAFunctionIsToldWhoHasSigned(t *testing.T) {
	f := &function{reply: `{"statusCode":200}`}
	(call{}).send(t, serve(t, machines(), f))
	context, _ := f.event["requestContext"].(map[string]any)
	authorizer, _ := context["authorizer"].(map[string]any)
	iam, _ := authorizer["iam"].(map[string]any)
	for field, want := range map[string]any{
		"accessKey": "AKID", "accountId": "000000000000", "callerId": "AROAEXAMPLEROLEID0001:s", "userId": "AROAEXAMPLEROLEID0001:s",
		"userArn": "arn:aws:sts::000000000000:assumed-role/Uploader/s",
	} {
		if iam[field] != want {
			t.Errorf("%s is %v", field, iam[field])
		}
	}
	if authorizer["jwt"] != nil || strings.Contains(f.payload, "secret") {
		t.Errorf("it is told %s", f.payload)
	}
}

func TestAnAPIThatKnowsNobodyServesNoSignedRoute(t *testing.T) {
	cfg := machines()
	cfg.Identities = nil
	if _, err := New(cfg, nil, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("it was taken")
	}
	cfg = machines()
	cfg.Routes[0].Scopes = []string{"files:read"}
	if _, err := New(cfg, nil, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("scopes of a signature were taken")
	}
}
