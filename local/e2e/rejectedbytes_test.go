package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vouch-s3/vouch/shared/verify"
)

// A policy may keep nothing of what was rejected: the bytes are gone with the
// verdict, whichever step closes the file.
func TestRejectedBytesAreGoneWhereThePolicySaysSo(t *testing.T) {
	policy := filepath.Join(t.TempDir(), "delete.yaml")
	if err := os.WriteFile(policy, []byte("rejectedBytes: delete\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := newProcess(t, "delete", "-policy", policy)
	p.start(t)
	alice := p.as(t, "alice")
	f := alice.ask(t, "e.com", eicar, true)
	if status, code := put(t, f, eicar); status != http.StatusOK {
		t.Fatalf("PUT: %d %s", status, code)
	}
	alice.await(t, f.ID, "rejected")
	r := p.record(t, f.ID)
	gone := func(by string) {
		t.Helper()
		// The record is closed a moment before the bytes go.
		eventually(t, by+" leaves the rejected version", func() bool {
			out, err := p.objects(t).ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: aws.String(bucket), Prefix: &r.Key})
			if err != nil {
				t.Fatal(err)
			}
			return len(out.Versions)+len(out.DeleteMarkers) == 0
		})
	}
	gone("mark-rejected")

	// An attempt of mark-ready that was under way when the file was closed comes
	// after it.
	event, err := json.Marshal(map[string]any{
		"fileId": r.ID, "key": r.Key, "versionId": r.VersionID, "etag": r.ETag, "checksumSHA256": checksum(eicar), "verdict": r.Verdict,
	})
	if err != nil {
		t.Fatal(err)
	}
	payload, functionError, err := p.invoke(t, "vouch-MarkReadyFunction", event)
	var said verify.Result
	if err != nil || functionError != "" || json.Unmarshal(payload, &said) != nil || said.Outcome != verify.Failed {
		t.Errorf("mark-ready: %v %s", err, payload)
	}
	gone("mark-ready")
}
