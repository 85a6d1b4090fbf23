package s3store

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/vouch-s3/vouch/shared/download"
	"github.com/vouch-s3/vouch/shared/upload"
)

func store(p aws.CredentialsProvider) *Store {
	return New(aws.Config{Region: "eu-west-1", Credentials: p}, "bucket")
}

func static() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "session")
}

const sum = "u1H2ULRs4+cT4Mzkgh4vDDoaQsvE1j5/0bqdONgEp8o="

func TestAPutSignsEverythingThatWasPromisedAndNothingElse(t *testing.T) {
	for _, tt := range []struct {
		checksum, signed string
		headers          map[string]string
	}{
		{"", "content-length;content-type;host;if-none-match", map[string]string{
			"Content-Length": "5", "Content-Type": "image/png", "If-None-Match": "*",
		}},
		{sum, "content-length;content-type;host;if-none-match;x-amz-checksum-sha256", map[string]string{
			"Content-Length": "5", "Content-Type": "image/png", "If-None-Match": "*", "X-Amz-Checksum-Sha256": sum,
		}},
	} {
		got, err := store(static()).PresignPut(t.Context(), upload.Put{
			Key: "files/a/b", ContentType: "image/png", Size: 5, ChecksumSHA256: tt.checksum, Life: 15 * time.Minute,
		})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(got.URL)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if q.Get("X-Amz-SignedHeaders") != tt.signed {
			t.Errorf("signed headers %s, want %s", q.Get("X-Amz-SignedHeaders"), tt.signed)
		}
		if q.Get("X-Amz-Expires") != "900" || got.Method != "PUT" || u.Path != "/files/a/b" {
			t.Errorf("%s %s", got.Method, got.URL)
		}
		// The trap of the SDK's default checksum, and checksums that S3 would not
		// hold the client to.
		for name := range q {
			if n := strings.ToLower(name); strings.Contains(n, "checksum") || strings.Contains(n, "crc") {
				t.Errorf("the query carries %s", name)
			}
		}
		if len(got.Headers) != len(tt.headers) {
			t.Errorf("headers %v, want %v", got.Headers, tt.headers)
		}
		for name, want := range tt.headers {
			if got.Headers[name] != want {
				t.Errorf("header %s is %q, want %q", name, got.Headers[name], want)
			}
		}
	}
}

func TestAGetIsOfOneVersionAndOneDisposition(t *testing.T) {
	link, expires, err := store(static()).PresignGet(t.Context(), download.Get{
		Key: "files/a/b", VersionID: "v 1", ContentType: "image/png", ContentDisposition: `attachment; filename="a b.png"`, Life: 5 * time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"versionId": "v 1", "response-content-type": "image/png", "X-Amz-Expires": "300",
		"response-content-disposition": `attachment; filename="a b.png"`, "response-cache-control": "private, no-store",
		"X-Amz-SignedHeaders": "host",
	} {
		if got := u.Query().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if d := time.Until(expires); d < 4*time.Minute || d > 5*time.Minute {
		t.Errorf("it expires in %v", d)
	}
}

func TestAURLNeverOutlivesTheCredentialsThatSignedIt(t *testing.T) {
	ending := func(in time.Duration) aws.CredentialsProvider {
		return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "A", SecretAccessKey: "S", CanExpire: true, Expires: time.Now().Add(in)}, nil
		})
	}
	put := upload.Put{Key: "k", ContentType: "image/png", Size: 5, Life: 15 * time.Minute}
	got, err := store(ending(time.Minute)).PresignPut(t.Context(), put)
	if err != nil {
		t.Fatal(err)
	}
	if d := time.Until(got.ExpiresAt); d > time.Minute {
		t.Errorf("it is said to live %v", d)
	}
	if _, err := store(ending(-time.Second)).PresignPut(t.Context(), put); err == nil {
		t.Error("it was signed with dead credentials")
	}
}

// S3 counts from the date of the signature, in whole seconds.
func TestADownloadsURLNeverOutlivesItsFile(t *testing.T) {
	for _, left := range []time.Duration{3 * time.Second, 30*time.Second + 999*time.Millisecond, time.Minute, 4*time.Minute + 59*time.Second, 5 * time.Minute, time.Hour} {
		until := time.Now().Add(left)
		link, expires, err := store(static()).PresignGet(t.Context(), download.Get{
			Key: "files/a/b", VersionID: "v", ContentType: "image/png", ContentDisposition: "attachment", Life: 5 * time.Minute, Until: until,
		})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := time.Parse("20060102T150405Z", u.Query().Get("X-Amz-Date"))
		if err != nil {
			t.Fatal(err)
		}
		life, err := time.ParseDuration(u.Query().Get("X-Amz-Expires") + "s")
		if err != nil || life <= 0 || life > 5*time.Minute {
			t.Errorf("%v left: it lives for %v, %v", left, life, err)
		}
		if end := signed.Add(life); end.After(until) || expires.After(until) {
			t.Errorf("%v left: the URL lives until %v, says %v, and the file is kept until %v", left, end, expires, until)
		}
	}
	if link, _, err := store(static()).PresignGet(t.Context(), download.Get{Key: "k", VersionID: "v", Life: time.Minute, Until: time.Now()}); err == nil {
		t.Errorf("a file whose time is over has the URL %s", link)
	}
}
