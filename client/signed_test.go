package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// role gives out the credentials of a role, which are others at every renewal.
type role struct {
	credentials aws.Credentials
	err         error
}

func (r *role) Retrieve(context.Context) (aws.Credentials, error) { return r.credentials, r.err }

// holds reports whether a request is signed by the credentials for execute-api in the
// region, as it came and with all its headers, by signing it again.
func holds(t *testing.T, r *http.Request, c aws.Credentials, region string) bool {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	date, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || time.Since(date).Abs() > time.Minute {
		return false
	}
	again, err := http.NewRequest(r.Method, "http://"+r.Host+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		t.Error(err)
	}
	for name, values := range r.Header {
		switch name {
		case "Authorization", "Accept-Encoding", "Content-Length":
		default:
			again.Header[name] = values
		}
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(t.Context(), c, again, hex.EncodeToString(sum[:]), "execute-api", region, date); err != nil {
		t.Error(err)
	}
	return again.Header.Get("Authorization") == r.Header.Get("Authorization")
}

func TestEveryCallIsSignedAsItIsSentByTheCredentialsOfThatMoment(t *testing.T) {
	r := &role{credentials: aws.Credentials{AccessKeyID: "ASIA1", SecretAccessKey: "s3cret", SessionToken: "session"}}
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		calls++
		if !holds(t, req, r.credentials, "eu-west-1") || req.Header.Get("X-Amz-Security-Token") != r.credentials.SessionToken {
			t.Errorf("%s %s is not signed: %v", req.Method, req.URL, req.Header)
		}
		if calls == 1 { // what is tried again is signed again
			w.WriteHeader(http.StatusServiceUnavailable)
			r.credentials = aws.Credentials{AccessKeyID: "ASIA2", SecretAccessKey: "another", SessionToken: "renewed"}
			return
		}
		io.WriteString(w, `{"subject":"bob","level":"read","grants":[],"files":[]}`)
	}))
	t.Cleanup(server.Close)
	c, err := New(server.URL, nil, SignedBy(r, "eu-west-1"))
	if err != nil {
		t.Fatal(err)
	}
	c.backoff = func(int) time.Duration { return 0 }
	const id = "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"
	if _, err := c.PutGrant(t.Context(), id, Grant{Grantee: Subject("a b/:iam:?"), Level: LevelRead}); err != nil {
		t.Error(err)
	}
	if _, err := c.Grants(t.Context(), id); err != nil {
		t.Error(err)
	}
	for _, err := range c.List(t.Context(), ListOptions{Status: StatusReady, PageSize: 7}) {
		t.Error(err)
	}
	if calls != 4 {
		t.Errorf("%d calls came", calls)
	}
}

func TestCredentialsThatDoNotComeFailTheCallAndAreNotTold(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a call came") }))
	t.Cleanup(server.Close)
	gone := errors.New("the session has ended")
	c, err := New(server.URL, nil, SignedBy(&role{credentials: aws.Credentials{SecretAccessKey: "s3cret"}, err: gone}, "eu-west-1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Usage(t.Context()); !errors.Is(err, gone) || strings.Contains(err.Error(), "s3cret") {
		t.Error(err)
	}
}

func TestAClientHasATokenOrASignatureAndNotBoth(t *testing.T) {
	const api = "https://files.example.com"
	r := &role{}
	for name, tt := range map[string]struct {
		token TokenSource
		with  []Option
		ok    bool
	}{
		"a token":                    {StaticToken("a"), nil, true},
		"a signature":                {nil, []Option{SignedBy(r, "eu-west-1")}, true},
		"neither":                    {nil, nil, false},
		"both":                       {StaticToken("a"), []Option{SignedBy(r, "eu-west-1")}, false},
		"a signature of no region":   {nil, []Option{SignedBy(r, "")}, false},
		"a signature by nobody":      {nil, []Option{SignedBy(nil, "eu-west-1")}, false},
		"a token and one by nobody ": {StaticToken("a"), []Option{SignedBy(nil, "")}, false},
	} {
		if _, err := New(api, tt.token, tt.with...); (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
