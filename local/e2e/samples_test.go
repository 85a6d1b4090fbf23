package e2e

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vouch-s3/vouch/local/samples"
	"github.com/vouch-s3/vouch/local/samtemplate"
	"github.com/vouch-s3/vouch/shared/audit/audittest"
	domain "github.com/vouch-s3/vouch/shared/file"
)

// The sample events are what docs/sam.md has people pass to sam local invoke;
// local/emulator has AWS's own emulator run them too.
func TestEverySampleEventIsAnsweredByItsFunction(t *testing.T) {
	for _, f := range local.Template.Functions {
		answersItsSamples(t, f, func(event []byte) ([]byte, string, error) {
			result, err := local.Invoke(t.Context(), f.LogicalID, event)
			return result.Payload, result.FunctionError, err
		})
	}
}

// answersItsSamples invokes a function with its sample events, and holds what
// it answers to what such a function answers about a file that is not there.
func answersItsSamples(t *testing.T, f samtemplate.Function, invoke func(event []byte) (payload []byte, functionError string, err error)) {
	t.Helper()
	all, err := samples.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	events := all[filepath.Base(f.CodeURI)]
	if len(events) == 0 {
		t.Errorf("%s has no sample", f.LogicalID)
	}
	for _, s := range events {
		payload, functionError, err := invoke(s.Event)
		if err != nil {
			t.Errorf("%s: %v", s.File, err)
			continue
		}
		if err := s.Check(samples.Answer{Payload: payload, ErrorMessage: functionError}, openAPI); err != nil {
			t.Error(err)
		}
	}
}

// A browser asks S3 first whether it may PUT from the page's origin.
func TestPagesOfTheAllowedOriginMayUpload(t *testing.T) {
	f := as(t, "alice").ask(t, "a.bin", []byte("x"), true)
	for origin, want := range map[string]string{local.APIURL(): local.APIURL(), "https://evil.example": ""} {
		req, err := http.NewRequest(http.MethodOptions, f.Upload.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", origin)
		req.Header.Set("Access-Control-Request-Method", "PUT")
		req.Header.Set("Access-Control-Request-Headers", "content-type,if-none-match,x-amz-checksum-crc64nvme,x-amz-checksum-sha256")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("from %s: %d %v", origin, resp.StatusCode, resp.Header)
		}
	}
	req, err := http.NewRequest(http.MethodPut, f.Upload.URL, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", local.APIURL())
	for name, value := range f.Upload.Headers {
		if name != "Content-Length" {
			req.Header.Set(name, value)
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	exposed := strings.ToLower(resp.Header.Get("Access-Control-Expose-Headers"))
	if resp.StatusCode != 200 || resp.Header.Get("Access-Control-Allow-Origin") != local.APIURL() || !strings.Contains(exposed, "etag") || !strings.Contains(exposed, "x-amz-checksum-crc64nvme") {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
}

// What was stored is held to what was promised by the workflow itself too, for
// whoever can write to the bucket past a presigned URL.
func TestAnObjectThatIsNotWhatWasPromisedIsRejected(t *testing.T) {
	alice := as(t, "alice")
	for _, tt := range []struct {
		name   string
		in     s3.PutObjectInput
		body   string
		gone   bool
		reason string
	}{
		{name: "longer", body: "hello, world", in: s3.PutObjectInput{ContentType: aws.String(octets)}, reason: "size-mismatch"},
		{name: "another type", body: "hello", in: s3.PutObjectInput{ContentType: aws.String("text/html")}, reason: "content-type-mismatch"},
		{name: "other bytes", body: "hullo", in: s3.PutObjectInput{ContentType: aws.String(octets)}, reason: "checksum-mismatch"},
		{name: "gone", body: "hello", in: s3.PutObjectInput{ContentType: aws.String(octets)}, gone: true, reason: "object-missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := alice.ask(t, "a.bin", []byte("hello"), true)
			key := record(t, f.ID).Key
			tt.in.Bucket, tt.in.Key, tt.in.Body = aws.String(bucket), &key, strings.NewReader(tt.body)
			out, err := local.Objects().PutObject(t.Context(), &tt.in)
			if err != nil {
				t.Fatal(err)
			}
			// The administrator's write is no client's, so it makes no event.
			if tt.gone {
				pinned := domain.Object{VersionID: *out.VersionId, ETag: strings.Trim(*out.ETag, `"`)}
				if _, err := records().Change(audittest.As(t, "e2e"), f.ID, domain.Change{To: domain.Uploaded, At: record(t, f.ID).CreatedAt, Object: &pinned}); err != nil {
					t.Fatal(err)
				}
				if _, err := local.Objects().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: &key, VersionId: out.VersionId}); err != nil {
					t.Fatal(err)
				}
			}
			if r := alice.call(t, "POST", "/files/"+f.ID+"/complete", ""); r.status != http.StatusAccepted {
				t.Fatalf("%d %s", r.status, r.body)
			}
			if got := alice.await(t, f.ID, "rejected"); got.Reason != tt.reason {
				t.Errorf("the reason is %s, want %s", got.Reason, tt.reason)
			}
		})
	}
}
