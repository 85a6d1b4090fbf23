package sigv4

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// The example of "Authenticating Requests: Using Query Parameters (AWS Signature
// Version 4)", Amazon S3 API Reference.
func TestAURLIsThatOfAWSsOwnExample(t *testing.T) {
	s := New(Place{Scheme: "https", Host: "examplebucket.s3.amazonaws.com"}, "us-east-1")
	got, err := s.Presign(Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}, Request{
		Method: "GET", Key: "test.txt", At: time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC), Life: 24 * time.Hour,
	})
	const want = "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
	if err != nil || got != want {
		t.Errorf("%v\n%s, want\n%s", err, got, want)
	}
}

// bySDK is the URL that the SDK's signer makes.
func bySDK(t *testing.T, p Place, c Credentials, r Request) string {
	t.Helper()
	query := url.Values{"X-Amz-Expires": {strconv.Itoa(int(r.Life.Seconds()))}}
	for _, f := range r.Query {
		query.Add(f.Name, f.Value)
	}
	path := p.Path + "/" + r.Key
	req := &http.Request{Method: r.Method, Host: p.Host, Header: http.Header{}, URL: &url.URL{
		Scheme: p.Scheme, Host: p.Host, Path: path, RawPath: awsEscaped(path), RawQuery: query.Encode(),
	}}
	for _, f := range r.Headers {
		if f.Name == "content-length" {
			req.ContentLength, _ = strconv.ParseInt(f.Value, 10, 64)
			continue
		}
		req.Header.Add(f.Name, f.Value)
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableHeaderHoisting, o.DisableURIPathEscaping = true, true })
	link, _, err := signer.PresignHTTP(t.Context(), aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken},
		req, "UNSIGNED-PAYLOAD", "s3", "eu-west-1", r.At)
	if err != nil {
		t.Fatal(err)
	}
	return link
}

// awsEscaped escapes a path as the SDK's client of S3 does, by the standard library.
func awsEscaped(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
	}
	return strings.Join(segments, "/")
}

var (
	at     = time.Date(2026, 11, 25, 23, 59, 59, 0, time.UTC)
	aws1   = Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret", SessionToken: "a/session+of=mine"}
	bucket = Place{Scheme: "https", Host: "bucket.s3.eu-west-1.amazonaws.com"}
)

func TestAURLIsTheOneThatTheSDKMakes(t *testing.T) {
	put := []Field{
		{"content-length", "5"},
		{"content-type", "text/plain;charset=utf-8"},
		{"if-none-match", "*"},
		{"x-amz-checksum-sha256", "u1H2ULRs4+cT4Mzkgh4vDDoaQsvE1j5/0bqdONgEp8o="},
	}
	for name, tt := range map[string]struct {
		place Place
		by    Credentials
		ask   Request
	}{
		"a PUT":               {bucket, aws1, Request{Method: "PUT", Key: "files/a/b", Headers: put}},
		"by nobody's session": {bucket, Credentials{AccessKeyID: "A", SecretAccessKey: "S"}, Request{Method: "PUT", Key: "files/a/b", Headers: put}},
		"below a path":        {Place{"http", "127.0.0.1:9000", "/bucket"}, aws1, Request{Method: "PUT", Key: "files/a/b", Headers: put}},
		"a key with anything": {bucket, aws1, Request{Method: "GET", Key: "a b/+é//~%2F?&=.."}},
		"a query":             {bucket, aws1, Request{Method: "GET", Key: "k", Query: []Field{{"versionId", "v /+"}, {"response-content-disposition", `attachment; filename="ä b"`}}}},
		"fields in any order": {bucket, aws1, Request{Method: "PUT", Key: "k", Query: []Field{{"x-id", "X"}, {"partNumber", "1"}}, Headers: []Field{{"x-amz-b", "1"}, {"a", "2"}}}},
	} {
		tt.ask.At, tt.ask.Life = at, 15*time.Minute
		got, err := New(tt.place, "eu-west-1").Presign(tt.by, tt.ask)
		if want := bySDK(t, tt.place, tt.by, tt.ask); err != nil || got != want {
			t.Errorf("%s: %v\n%s, want\n%s", name, err, got, want)
		}
	}
}

// The key of a day is kept, and must not sign for another day or another secret.
func TestAKeptKeySignsOnlyForItsDayAndItsSecret(t *testing.T) {
	s := New(bucket, "eu-west-1")
	other := Credentials{AccessKeyID: aws1.AccessKeyID, SecretAccessKey: "another"}
	for i, tt := range []struct {
		by Credentials
		at time.Time
	}{{aws1, at}, {aws1, at}, {aws1, at.Add(time.Second)}, {other, at.Add(time.Second)}, {other, at}, {aws1, at}} {
		ask := Request{Method: "GET", Key: "k", At: tt.at, Life: time.Minute}
		got, err := s.Presign(tt.by, ask)
		if want := bySDK(t, bucket, tt.by, ask); err != nil || got != want {
			t.Errorf("%d: %v\n%s, want\n%s", i, err, got, want)
		}
	}
}

func TestASignerServesSeveralAtATime(t *testing.T) {
	s := New(bucket, "eu-west-1")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			ask := Request{Method: "GET", Key: "k", At: at.Add(time.Duration(i) * 24 * time.Hour), Life: time.Minute}
			for range 20 {
				if got, err := s.Presign(aws1, ask); err != nil || got != bySDK(t, bucket, aws1, ask) {
					t.Errorf("%v, %s", err, got)
				}
			}
		})
	}
	all.Wait()
}

func TestWhatCannotBeSentAsItIsSignedIsNotSigned(t *testing.T) {
	for name, tt := range map[string]struct {
		by  Credentials
		ask Request
	}{
		"nobody":             {Credentials{}, Request{Key: "k", Life: time.Minute}},
		"no secret":          {Credentials{AccessKeyID: "A"}, Request{Key: "k", Life: time.Minute}},
		"no object":          {aws1, Request{Life: time.Minute}},
		"no life":            {aws1, Request{Key: "k"}},
		"a past life":        {aws1, Request{Key: "k", Life: -time.Minute}},
		"too long a life":    {aws1, Request{Key: "k", Life: LongestLife + time.Second}},
		"half a second":      {aws1, Request{Key: "k", Life: 1500 * time.Millisecond}},
		"a second header":    {aws1, Request{Key: "k", Life: time.Minute, Headers: []Field{{"content-type", "a/b\r\nx-amz-acl: public-read"}}}},
		"a space":            {aws1, Request{Key: "k", Life: time.Minute, Headers: []Field{{"content-type", "a/b; c=d"}}}},
		"an empty header":    {aws1, Request{Key: "k", Life: time.Minute, Headers: []Field{{"content-type", ""}}}},
		"letters of others":  {aws1, Request{Key: "k", Life: time.Minute, Headers: []Field{{"content-type", "a/é"}}}},
		"a name in capitals": {aws1, Request{Key: "k", Life: time.Minute, Headers: []Field{{"Content-Type", "a/b"}}}},
	} {
		tt.ask.Method, tt.ask.At = "PUT", at
		if link, err := New(bucket, "eu-west-1").Presign(tt.by, tt.ask); err == nil {
			t.Errorf("%s: %s", name, link)
		}
	}
}

// Whatever the key and the value of a parameter are, the URL is the SDK's.
func FuzzPresign(f *testing.F) {
	f.Add("files/a/b", "v", "image/png", "session")
	f.Add("a b/+é%", `attachment; filename="a"`, "a/b;c=d", "")
	f.Add("\xff\x00", "", "x", "+/=")
	f.Fuzz(func(t *testing.T, key, parameter, header, session string) {
		by := Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret", SessionToken: session}
		ask := Request{
			Method: "PUT", Key: key, Query: []Field{{"versionId", parameter}}, Headers: []Field{{"content-type", header}},
			At: at, Life: time.Minute,
		}
		got, err := New(bucket, "eu-west-1").Presign(by, ask)
		if err != nil {
			if key != "" && visible(header) {
				t.Error(err)
			}
			return
		}
		if want := bySDK(t, bucket, by, ask); got != want {
			t.Errorf("%s, want\n%s", got, want)
		}
	})
}

func BenchmarkPresign(b *testing.B) {
	s := New(bucket, "eu-west-1")
	by := Credentials{AccessKeyID: "ASIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", SessionToken: strings.Repeat("IQoJb3JpZ2lu+/", 60)}
	ask := Request{
		Method: "PUT", Key: "files/0f1e2d3c4b5a69788796a5b4c3d2e1f0/0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e", At: at, Life: 15 * time.Minute,
		Headers: []Field{{"content-length", "5"}, {"content-type", "image/png"}, {"if-none-match", "*"}, {"x-amz-checksum-sha256", "u1H2ULRs4+cT4Mzkgh4vDDoaQsvE1j5/0bqdONgEp8o="}},
		Query:   []Field{{"x-id", "PutObject"}},
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Presign(by, ask); err != nil {
			b.Fatal(err)
		}
	}
}
