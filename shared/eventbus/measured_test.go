package eventbus

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/metrics"
)

// bus is a bus that answers with an error, or with none.
type bus struct{ err error }

func (b bus) Publish(context.Context, file.File) error { return b.err }

// full is a log that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestAnEndStateIsCountedOnceItIsOut(t *testing.T) {
	uploaded := time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)
	ready := file.File{
		ID: "f", Owner: "alice", Filename: "secret.txt", Status: file.Ready, Size: 3000, UploadedAt: uploaded, UpdatedAt: uploaded.Add(4 * time.Second),
		Verdict: &file.Verdict{DurationMillis: 1500},
	}
	unread := ready
	unread.Verdict = nil
	rejected := ready
	rejected.Status, rejected.Reason = file.Rejected, file.MalwareDetected
	for name, tt := range map[string]struct {
		f      file.File
		err    error
		counts []string
		not    []string
	}{
		"ready": {ready, nil, []string{
			`"FilesReady":1`, `"BytesReady":3000`, `"SecondsToReady":4`, `"ScanSeconds":1.5`, `"ScanBytesPerSecond":2000`, `"Unit":"Bytes/Second"`,
		}, []string{"alice", "secret", "Reason"}},
		"ready, and not read": {unread, nil, []string{`"FilesReady":1`}, []string{"Scan"}},
		"rejected":            {rejected, nil, []string{`"FilesRejected":1`, `["FunctionName"]`, `["FunctionName","Reason"]`, `"Reason":"malware-detected"`}, []string{"Ready", "alice"}},
		"not out":             {ready, errors.New("throttled"), nil, []string{"FilesReady"}},
	} {
		var out bytes.Buffer
		m := Measured{bus{tt.err}, metrics.Emitter{Out: &out, Namespace: "Vouch", Dimensions: map[string]string{"FunctionName": "f"}, Now: time.Now}}
		if err := m.Publish(t.Context(), tt.f); !errors.Is(err, tt.err) {
			t.Errorf("%s: %v", name, err)
		}
		for _, want := range tt.counts {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: %s lacks %s", name, out.String(), want)
			}
		}
		for _, not := range tt.not {
			if strings.Contains(out.String(), not) {
				t.Errorf("%s: %s has %s", name, out.String(), not)
			}
		}
	}
}

func TestAnEventThatIsOutIsNoFailureForItsMetrics(t *testing.T) {
	m := Measured{bus{}, metrics.Emitter{Out: full{}, Namespace: "Vouch", Now: time.Now}}
	if err := m.Publish(t.Context(), file.File{ID: "f", Status: file.Ready}); err != nil {
		t.Error(err)
	}
}
