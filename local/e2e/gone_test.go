package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vouch-s3/vouch/shared/audit/audittest"
	domain "github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/verify"
)

// The event comes when its object is gone again: that is found by whoever
// validates, and the file has its end.
func TestTheEventOfAnObjectThatIsGoneEndsInARejection(t *testing.T) {
	alice := as(t, "alice")
	f := alice.ask(t, "a.bin", []byte("hello"), false)
	key := record(t, f.ID).Key
	version := passing(t, key, "hello").VersionID
	event := fmt.Appendf(nil, `{"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name":%q},"object":{"key":%q,"size":5,"etag":"e","version-id":%q,"sequencer":"00"}}}`, bucket, key, version)
	if result, err := local.Invoke(t.Context(), "StartVerificationFunction", event); err != nil || result.FunctionError != "" {
		t.Fatalf("%v %s", err, result.Payload)
	}
	if got := alice.await(t, f.ID, "rejected"); got.Reason != "object-missing" {
		t.Errorf("the reason is %s", got.Reason)
	}
}

// The object is taken away when it has been validated: the scanner's step says
// that it is missing, and does not fail over it.
func TestAnObjectThatIsGoneBeforeItsScanIsMissing(t *testing.T) {
	alice := as(t, "alice")
	f := alice.ask(t, "a.bin", []byte("hello"), false)
	object := passing(t, record(t, f.ID).Key, "hello")
	for _, c := range []domain.Change{{To: domain.Uploaded, At: time.Now(), Object: &object}, {To: domain.Verifying, At: time.Now()}} {
		if _, err := records().Change(audittest.As(t, "e2e"), f.ID, c); err != nil {
			t.Fatal(err)
		}
	}
	job, err := json.Marshal(verify.JobFor(record(t, f.ID)))
	if err != nil {
		t.Fatal(err)
	}
	result, err := local.Invoke(t.Context(), "ScanObjectFunction", job)
	if err != nil || result.FunctionError != "" {
		t.Fatalf("%v %s", err, result.Payload)
	}
	var said struct{ Outcome, Reason string }
	if err := json.Unmarshal(result.Payload, &said); err != nil || said.Outcome != "failed" || said.Reason != "object-missing" {
		t.Errorf("%s, %v", result.Payload, err)
	}
}

// passing puts an object there and takes it away again.
func passing(t *testing.T, key, body string) domain.Object {
	t.Helper()
	out, err := local.Objects().PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader(body), ContentType: aws.String(octets)})
	if err == nil {
		_, err = local.Objects().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: &key, VersionId: out.VersionId})
	}
	if err != nil {
		t.Fatal(err)
	}
	return domain.Object{VersionID: *out.VersionId, ETag: strings.Trim(*out.ETag, `"`)}
}
