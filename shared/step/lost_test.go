package step

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/metrics"
	"github.com/vouch-s3/vouch/shared/verify"
)

func TestOnlyAReadyFileWhoseObjectIsGoneIsCountedAsLost(t *testing.T) {
	for name, tt := range map[string]struct {
		rescan bool
		result verify.Result
		want   bool
	}{
		"gone, in a re-scan":    {true, verify.Result{Outcome: verify.Failed, Reason: file.ObjectMissing}, true},
		"gone, at an upload":    {false, verify.Result{Outcome: verify.Failed, Reason: file.ObjectMissing}, false},
		"deleted meanwhile":     {true, verify.Result{Outcome: verify.Superseded}, false},
		"revoked for its bytes": {true, verify.Result{Outcome: verify.Failed, Reason: file.MalwareDetected}, false},
	} {
		var out bytes.Buffer
		run := Lost(metrics.Emitter{Out: &out, Namespace: "Vouch", Now: time.Now}, func(context.Context, Task) (verify.Result, error) {
			return tt.result, nil
		})
		result, err := run(t.Context(), Task{Job: verify.Job{Rescan: tt.rescan}})
		if err != nil || result != tt.result || strings.Contains(out.String(), `"FilesLost":1`) != tt.want {
			t.Errorf("%s: %+v, %v, %q", name, result, err, out.String())
		}
	}
}
