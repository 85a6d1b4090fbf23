package e2e

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vouch-s3/vouch/local/stack"
)

// signedBy presigns a request for a version of an object as a function's role
// could, some time ago, for seven days, the longest that S3 knows.
func signedBy(t *testing.T, logicalID, method, key, version string, age time.Duration) string {
	t.Helper()
	credentials, err := functionKey(t, logicalID).Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	query := url.Values{"X-Amz-Expires": {"604800"}}
	if version != "" {
		query.Set("versionId", version)
	}
	req, err := http.NewRequest(method, local.S3URL()+"/"+bucket+"/"+key+"?"+query.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPut {
		req.Header.Set("If-None-Match", "*")
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	signed, _, err := signer.PresignHTTP(t.Context(), credentials, req, "UNSIGNED-PAYLOAD", "s3", stack.Region, time.Now().Add(-age))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// A function that is taken over may sign for seven days; the bucket takes what it
// signs for a quarter of an hour.
func TestNoURLOutlivesTheBucketsBoundWhateverItWasSignedFor(t *testing.T) {
	alice := as(t, "alice")
	r := record(t, alice.ready(t, "a.bin", random(t, 1000)).ID)
	for age, want := range map[time.Duration]int{-time.Hour: 403, 0: 200, 14 * time.Minute: 200, 16 * time.Minute: 403, 6 * 24 * time.Hour: 403} {
		if got, _, _ := fetch(t, signedBy(t, "CreateDownloadFunction", http.MethodGet, r.Key, r.VersionID, age)); got != want {
			t.Errorf("a download signed %v ago for seven days: %d, want %d", age, got, want)
		}
		pending := alice.ask(t, "b.bin", []byte("x"), false)
		to := signedBy(t, "CreateUploadFunction", http.MethodPut, record(t, pending.ID).Key, "", age)
		if got, code := putTo(t, to, map[string]string{"If-None-Match": "*"}, []byte("x")); got != want {
			t.Errorf("an upload signed %v ago for seven days: %d %s, want %d", age, got, code, want)
		}
	}
}

// The scan function may read every version, verified or not: it must not be a
// way to a URL of one.
func TestARoleThatSignsNothingCannotMakeAURL(t *testing.T) {
	alice := as(t, "alice")
	bad := alice.ask(t, "e.com", eicar, true)
	put(t, bad, eicar)
	alice.await(t, bad.ID, "rejected")
	r := record(t, bad.ID)
	if got, _, _ := fetch(t, signedBy(t, "ScanObjectFunction", http.MethodGet, r.Key, r.VersionID, 0)); got != 403 {
		t.Errorf("its URL: %d", got)
	}
	out, err := objectsAs(t, "ScanObjectFunction").GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &r.Key, VersionId: &r.VersionID})
	if err != nil {
		t.Fatalf("what it has to scan: %v", err)
	}
	out.Body.Close()
	if got, code := putTo(t, signedBy(t, "CompleteUploadFunction", http.MethodPut, "files/x/y", "", 0), map[string]string{"If-None-Match": "*"}, []byte("x")); got != 403 {
		t.Errorf("the URL of whoever puts parts together: %d %s", got, code)
	}
}

// Signature Version 2 knows neither an age nor signed headers.
func TestSignatureVersion2AndNoSignatureAreRefused(t *testing.T) {
	r := record(t, as(t, "alice").ready(t, "a.bin", random(t, 1000)).ID)
	key, err := functionKey(t, "CreateDownloadFunction").Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	resource := "/" + bucket + "/" + r.Key + "?versionId=" + r.VersionID
	sign := func(when string) string {
		mac := hmac.New(sha1.New, []byte(key.SecretAccessKey))
		io.WriteString(mac, "GET\n\n\n"+when+"\n"+resource)
		return base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	expires := fmt.Sprint(time.Now().Add(5 * time.Minute).Unix())
	date := time.Now().UTC().Format(http.TimeFormat)
	for name, tt := range map[string]struct{ query, authorization string }{
		"anonymous":           {"", ""},
		"version 2, a URL":    {"&AWSAccessKeyId=" + key.AccessKeyID + "&Expires=" + expires + "&Signature=" + url.QueryEscape(sign(expires)), ""},
		"version 2, a header": {"", "AWS " + key.AccessKeyID + ":" + sign(date)},
	} {
		req, err := http.NewRequest(http.MethodGet, local.S3URL()+resource+tt.query, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Date", date)
		if tt.authorization != "" {
			req.Header.Set("Authorization", tt.authorization)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 403 {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
}

// What a browser is told of a download leaves it nothing to guess and nothing to
// show: it is saved, under the type that was verified, and kept by no cache.
func TestADownloadIsAnAttachmentOfTheVerifiedTypeThatNobodyKeeps(t *testing.T) {
	alice := as(t, "alice")
	data := []byte("hello")
	f := alice.askAs(t, "page.html", "text/plain", data, true)
	put(t, f, data)
	link := alice.link(t, alice.await(t, f.ID, "ready").ID)
	status, header, _ := fetch(t, link)
	if status != 200 {
		t.Fatal(status)
	}
	for name, want := range map[string]string{"Content-Type": "text/plain", "Content-Disposition": `attachment; filename="page.html"`, "Cache-Control": "private, no-store"} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	// And nobody who has the URL can make it say anything else.
	for _, change := range [][2]string{{"attachment", "inline"}, {"text%2Fplain", "text%2Fhtml"}, {"no-store", "public"}} {
		changed := strings.Replace(link, change[0], change[1], 1)
		if changed == link {
			t.Fatalf("there is no %s in the URL", change[0])
		}
		if got, _, _ := fetch(t, changed); got != 403 {
			t.Errorf("with %s: %d", change[1], got)
		}
	}
}
