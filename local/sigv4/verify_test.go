package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

var at = time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)

func keys(accessKey string) (string, bool) { return "secret of " + accessKey, accessKey == "AKID" }

// signed is a POST that the SDK has signed.
func signed(t testing.TB, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequest("POST", "http://example.com/files/a%2Fb/grants/:iam:1?encoding=base64url&type=group", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret of AKID"}, r, hex.EncodeToString(sum[:]), "execute-api", "us-east-1", at); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestASignatureHoldsForTheRequestThatWasSignedAndNoOther(t *testing.T) {
	const body = `{"level":"read"}`
	for name, tt := range map[string]struct {
		change func(*http.Request)
		body   string
		late   time.Duration
		holds  bool
	}{
		"as it was signed":      {nil, body, 0, true},
		"at the last moment":    {nil, body, 5 * time.Minute, true},
		"too late":              {nil, body, 5*time.Minute + time.Second, false},
		"before its time":       {nil, body, -5*time.Minute - time.Second, false},
		"another body":          {nil, body + " ", 0, false},
		"no body":               {nil, "", 0, false},
		"another method":        {func(r *http.Request) { r.Method = "PUT" }, body, 0, false},
		"another path":          {func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/files/a/b/grants/:iam:1", "" }, body, 0, false},
		"a query less":          {func(r *http.Request) { r.URL.RawQuery = "encoding=base64url" }, body, 0, false},
		"a query more":          {func(r *http.Request) { r.URL.RawQuery += "&x=1" }, body, 0, false},
		"another host":          {func(r *http.Request) { r.Host = "example.org" }, body, 0, false},
		"a signed header":       {func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, body, 0, false},
		"a header taken away":   {func(r *http.Request) { r.Header.Del("Content-Type") }, body, 0, false},
		"a header that is not":  {func(r *http.Request) { r.Header.Set("If-None-Match", `"1"`) }, body, 0, true},
		"another date":          {func(r *http.Request) { r.Header.Set("X-Amz-Date", "20261124T150001Z") }, body, 0, false},
		"no date":               {func(r *http.Request) { r.Header.Del("X-Amz-Date") }, body, 0, false},
		"no signature":          {func(r *http.Request) { r.Header.Del("Authorization") }, body, 0, false},
		"two of them":           {func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) }, body, 0, false},
		"a token":               {func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, body, 0, false},
		"another key's":         {replace("AKID/", "AKIE/"), body, 0, false},
		"another region":        {replace("us-east-1", "eu-west-1"), body, 0, false},
		"another service":       {replace("execute-api", "s3"), body, 0, false},
		"another day's":         {replace("/20261124/", "/20261125/"), body, 0, false},
		"without a header":      {replace("content-type;", ""), body, 0, false},
		"with its end cut off":  {func(r *http.Request) { r.Header.Set("Authorization", r.Header.Get("Authorization")[:200]) }, body, 0, false},
		"an unsigned body":      {func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") }, body, 0, false},
		"with something behind": {func(r *http.Request) { r.Header.Set("Authorization", r.Header.Get("Authorization")+"0") }, body, 0, false},
	} {
		r := signed(t, body)
		if tt.change != nil {
			tt.change(r)
		}
		s, err := Verify(r, []byte(tt.body), keys, at.Add(tt.late), 5*time.Minute)
		if (err == nil) != tt.holds {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (s.AccessKey != "AKID" || s.Region != "us-east-1" || s.Service != "execute-api") {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// replace changes a part of the Authorization header, which must be there.
func replace(old, other string) func(*http.Request) {
	return func(r *http.Request) {
		before, after, found := strings.Cut(r.Header.Get("Authorization"), old)
		if !found {
			panic(old + " is not in the header")
		}
		r.Header.Set("Authorization", before+other+after)
	}
}

// Whatever an Authorization header holds, the one that was signed is the only one
// that is taken.
func FuzzVerify(f *testing.F) {
	good := signed(f, "x").Header.Get("Authorization")
	for _, s := range []string{good, good + ",", strings.Replace(good, ", ", ",", 2), strings.Replace(good, "host;", "", 1), "AWS4-HMAC-SHA256 Credential=AKID/20261124///aws4_request, SignedHeaders=;, Signature="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, authorization string) {
		r := signed(t, "x")
		r.Header.Set("Authorization", authorization)
		if _, err := Verify(r, []byte("x"), keys, at, time.Minute); err == nil && authorization != good {
			t.Errorf("%q was taken", authorization)
		}
	})
}
