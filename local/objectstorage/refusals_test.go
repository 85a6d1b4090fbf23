package objectstorage

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const aSecret = "a secret"

// presigned returns a URL to PUT an object of five bytes, as the API signs it.
func presigned(t *testing.T, base string) string {
	t.Helper()
	req, err := http.NewRequest(http.MethodPut, base+"/bucket/files/a%20b/c?X-Amz-Expires=900&x-id=PutObject", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "text/plain")
	req.Header.Set("If-None-Match", "*")
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	signed, _, err := signer.PresignHTTP(t.Context(), aws.Credentials{AccessKeyID: "AKIA", SecretAccessKey: aSecret}, req, "UNSIGNED-PAYLOAD", "s3", "us-east-1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// What no policy allows is refused for its signature if that does not hold, and as
// denied if it does.
func TestARequestIsRefusedForTheFirstThingThatS3LooksAt(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if no := malformed(r); no != nil {
			no.answer(w)
			return
		}
		signed, ok := readSignature(r)
		if !ok {
			errAccessDenied.answer(w)
			return
		}
		denied(r, signed, map[string]string{"AKIA": aSecret}).answer(w)
	}))
	defer server.Close()
	to := presigned(t, server.URL)
	for name, tt := range map[string]struct {
		change func(*http.Request)
		want   *refusal
	}{
		"as it was signed":           {func(*http.Request) {}, errAccessDenied},
		"no signature":               {func(r *http.Request) { r.URL.RawQuery = "" }, errAccessDenied},
		"another method":             {func(r *http.Request) { r.Method = http.MethodGet }, errSignature},
		"a header that is missing":   {func(r *http.Request) { r.Header.Del("If-None-Match") }, errSignature},
		"a header that differs":      {func(r *http.Request) { r.Header.Set("Content-Type", "text/html") }, errSignature},
		"another host":               {func(r *http.Request) { r.Host = "files.example.com" }, errSignature},
		"another key":                {func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/bucket/files/a b/d", "" }, errSignature},
		"a longer life":              {func(r *http.Request) { set(r, "X-Amz-Expires", "901") }, errSignature},
		"another key's secret":       {func(r *http.Request) { replaceQuery(r, "AKIA", "AKIB") }, errSignature},
		"a length of another file":   {func(r *http.Request) { body(r, "hell") }, errSignature},
		"no parameter but the first": {func(r *http.Request) { r.URL.RawQuery = "X-Amz-Algorithm=AWS4-HMAC-SHA256" }, errParameters},
		"an ampersand of HTML":       {func(r *http.Request) { replaceQuery(r, "&", "&amp;") }, errParameters},
		"what was escaped twice":     {func(r *http.Request) { replaceQuery(r, "%", "%25") }, errCredential},
		"a plus for a slash":         {func(r *http.Request) { replaceQuery(r, "%2F", "+") }, errCredential},
		"a token besides":            {func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, errTwoMechanisms},
		"a length that nobody knows": {func(r *http.Request) { body(r, "hello"); r.ContentLength = -1 }, errChunked},
		"a stream that an SDK signs": {func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER") }, errAccessDenied},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, to, strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "text/plain")
		req.Header.Set("If-None-Match", "*")
		tt.change(req)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if want := "<Code>" + tt.want.code + "</Code>"; err != nil || resp.StatusCode != tt.want.status || !strings.Contains(string(answer), want) {
			t.Errorf("%s: %d %s %v, want %d %s", name, resp.StatusCode, answer, err, tt.want.status, want)
		}
	}
}

// net/http says a length with every PUT, so this one is written by hand.
func TestAPutWithoutALengthIsRefused(t *testing.T) {
	r := httptest.NewRequest(http.MethodPut, "/bucket/key", http.NoBody)
	if no := malformed(r); no != errLength {
		t.Errorf("%+v", no)
	}
	r.Header.Set("Content-Length", "0")
	if no := malformed(r); no != nil {
		t.Errorf("an empty one: %+v", no)
	}
}

func set(r *http.Request, name, value string) {
	q := r.URL.Query()
	q.Set(name, value)
	r.URL.RawQuery = q.Encode()
}

func replaceQuery(r *http.Request, from, to string) {
	r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, from, to)
}

func body(r *http.Request, text string) {
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
}
