package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/file/filetest"
	"github.com/vouch-s3/vouch/shared/metrics"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/upload"
)

func TestWhatIsHandedOutIsCountedAndNothingElse(t *testing.T) {
	for name, tt := range map[string]struct {
		body any
		want string // in the line; "" for none
	}{
		"an upload":        {Created{File: File{Size: 5}, Upload: &Upload{URL: "https://secret"}}, `"URLsSigned":1,"BytesPromised":5`},
		"a form":           {Created{File: File{Size: 7}, Form: &Form{URL: "https://secret"}}, `"URLsSigned":1,"BytesPromised":7`},
		"a form of a most": {Created{Form: &Form{}}, `"URLsSigned":1}`},
		"in parts":         {Created{File: File{Size: 5}, Multipart: &Multipart{}}, ""},
		"parts":            {PresignedParts{Parts: []PresignedPart{{Size: 8}, {Size: 2}}}, `"URLsSigned":2,"BytesPromised":10`},
		"no parts":         {PresignedParts{}, ""},
		"a download":       {Link{URL: "https://secret"}, `"URLsSigned":1}`},
		"given again":      {json.RawMessage(`{"url":"https://secret"}`), ""},
		"a file":           {File{Size: 5}, ""},
		"nothing":          {nil, ""},
	} {
		var out bytes.Buffer
		measure(t.Context(), metrics.Emitter{Out: &out, Namespace: "Vouch", Now: time.Now}, Response{Body: tt.body})
		if !strings.Contains(out.String(), tt.want) || tt.want == "" && out.Len() > 0 || strings.Contains(out.String(), "secret") {
			t.Errorf("%s: %q, want %q", name, out.String(), tt.want)
		}
	}
}

// full is a log that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestWhatCannotBeCountedIsLogged(t *testing.T) {
	line := logged(t)
	measure(t.Context(), metrics.Emitter{Out: full{}, Namespace: "Vouch", Now: time.Now}, Response{Body: Link{URL: "https://secret"}})
	if !strings.Contains(line.String(), "not counted") || strings.Contains(line.String(), "secret") {
		t.Error(line.String())
	}
}

// logged returns what is logged from here to the end of the test.
func logged(t *testing.T) *bytes.Buffer {
	var out bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&out, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &out
}

func TestTheLogLineOfACallThatMakesAFileNamesTheFile(t *testing.T) {
	out := logged(t)
	h := CreateUpload(upload.Creator{Records: &filetest.Records{}, Presigner: &presigner{}, Policy: policy.Default(), Now: clock})
	e := event("alice", `{"filename":"a","contentType":"image/png","size":1}`)
	e.RequestContext.RequestID = "request-1"
	reply := call(t, h, e)
	var made struct{ ID string }
	if err := json.Unmarshal([]byte(reply.Body), &made); err != nil || made.ID == "" {
		t.Fatal(reply.Body, err)
	}
	if line := out.String(); !strings.Contains(line, `"fileId":"`+made.ID+`"`) || !strings.Contains(line, `"requestId":"request-1"`) {
		t.Error(line)
	}
}
