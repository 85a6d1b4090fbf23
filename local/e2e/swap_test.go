package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vouch-s3/vouch/shared/audit/audittest"
	domain "github.com/vouch-s3/vouch/shared/file"
)

// The scan has passed, and before mark-ready runs the object is swapped or taken
// away by somebody with every right: what was scanned is not there any more, so
// nothing becomes ready.
func TestAnObjectSwappedBetweenScanAndMarkReadyIsNeverReady(t *testing.T) {
	alice := as(t, "alice")
	for _, swapped := range []bool{true, false} {
		f := alice.ask(t, "a.txt", []byte("hello"), false)
		key := record(t, f.ID).Key
		put := func(body string) domain.Object {
			out, err := local.Objects().PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader(body), ContentType: aws.String(octets)})
			if err != nil {
				t.Fatal(err)
			}
			return domain.Object{VersionID: *out.VersionId, ETag: strings.Trim(*out.ETag, `"`)}
		}
		scanned := put("hello")
		for _, c := range []domain.Change{{To: domain.Uploaded, At: time.Now(), Object: &scanned}, {To: domain.Verifying, At: time.Now()}} {
			if _, err := records().Change(audittest.As(t, "e2e"), f.ID, c); err != nil {
				t.Fatal(err)
			}
		}
		job := map[string]any{"fileId": f.ID, "key": key, "versionId": scanned.VersionID, "etag": scanned.ETag}
		step := func(function string) map[string]any {
			t.Helper()
			payload, err := json.Marshal(job)
			if err != nil {
				t.Fatal(err)
			}
			result, err := local.Invoke(t.Context(), function, payload)
			if err != nil {
				t.Fatal(err)
			}
			var out map[string]any
			if err := json.Unmarshal(result.Payload, &out); err != nil {
				t.Fatal(err)
			}
			out["failed"] = result.FunctionError
			return out
		}
		scan := step("ScanObjectFunction")
		if scan["outcome"] != "passed" {
			t.Fatalf("the scan: %v", scan)
		}
		if _, err := local.Objects().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: &key, VersionId: &scanned.VersionID}); err != nil {
			t.Fatal(err)
		}
		if swapped {
			put("hullo")
		}
		job["checksumSHA256"], job["verdict"] = scan["checksumSHA256"], scan["verdict"]
		if got := step("MarkReadyFunction"); got["failed"] == "" {
			t.Errorf("mark-ready: %v", got)
		}
		if got := alice.get(t, f.ID).Status; got != "verifying" {
			t.Errorf("the file is %s", got)
		}
		if r := alice.call(t, "POST", "/files/"+f.ID+"/download", ""); r.status != http.StatusConflict {
			t.Errorf("its download answers %d", r.status)
		}
		// As the workflow does when mark-ready has failed for good.
		job["reason"], job["verdict"] = "verification-failed", nil
		if got := step("MarkRejectedFunction"); got["outcome"] != "failed" {
			t.Errorf("mark-rejected: %v", got)
		}
		if got := alice.get(t, f.ID); got.Status != "rejected" || got.Reason != "verification-failed" {
			t.Errorf("the file is %s (%s)", got.Status, got.Reason)
		}
	}
}

// 75 files at once left others' scanners timed out, with files in progress for
// ever (awslabs/cdk-serverless-clamscan #1259).
func TestManyFilesAtOnceAllEnd(t *testing.T) {
	alice := as(t, "alice")
	var wg sync.WaitGroup
	for i := range 75 {
		data, want := random(t, 200_000), "ready"
		if i%5 == 0 {
			data, want = eicar, "rejected"
		}
		wg.Go(func() {
			f := alice.ask(t, fmt.Sprintf("%d.bin", i), data, true)
			if status, code := put(t, f, data); status != http.StatusOK {
				t.Errorf("PUT: %d %s", status, code)
				return
			}
			alice.await(t, f.ID, want)
		})
	}
	wg.Wait()
}
