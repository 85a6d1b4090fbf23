package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vouch-s3/vouch/shared/canary"
	domain "github.com/vouch-s3/vouch/shared/file"
)

func TestTheCanaryMakesBothProofsAndLeavesNothingBehind(t *testing.T) {
	result, err := local.Invoke(t.Context(), "RunCanaryFunction", []byte("{}"))
	if err != nil || result.FunctionError != "" {
		t.Fatalf("%v %s", err, result.Payload)
	}
	var report canary.Report
	if err := json.Unmarshal(result.Payload, &report); err != nil {
		t.Fatal(err)
	}
	if report.ReadySeconds <= 0 || report.RejectedSeconds <= 0 || report.NoScanner {
		t.Errorf("%+v", report)
	}
	for _, id := range []string{report.CleanID, report.MalwareID} {
		if f := record(t, id); f.Status != domain.Deleted || f.Owner != canary.Owner {
			t.Errorf("file %s of %s is %s", id, f.Owner, f.Status)
		}
	}
	if f := record(t, report.MalwareID); f.Reason != domain.MalwareDetected {
		t.Errorf("the test file was rejected for %q", f.Reason)
	}
	if !strings.Contains(functionsLog(t), `"Namespace":"Vouch"`) {
		t.Error("the functions' log has no metrics")
	}
	// The run that the schedule began with the stack may still have files.
	prefix := domain.Key(canary.Owner, "")
	deadline := time.Now().Add(60 * time.Second)
	for {
		listed, _, err := records().List(t.Context(), domain.Query{Owner: canary.Owner, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		out, err := local.Objects().ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: aws.String(bucket), Prefix: &prefix})
		if err != nil {
			t.Fatal(err)
		}
		if len(listed)+len(out.Versions)+len(out.DeleteMarkers) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("left behind: %v, and %d versions", listed, len(out.Versions))
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// Whoever could be it could read the test file, and delete what proves nothing then.
func TestNoTokenIsTheCanarys(t *testing.T) {
	if r := as(t, canary.Owner).call(t, "GET", "/files", ""); r.status != 401 {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func functionsLog(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "stack", "functions.log"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
