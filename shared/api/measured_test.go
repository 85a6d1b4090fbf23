package api

import (
	"bytes"
	"context"
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
		response Response
		err      error
		want     string // in the line; "" for none
	}{
		"an upload":        {Response{Body: Created{File: File{Size: 5}, Upload: &Upload{URL: "https://secret"}}}, nil, `"BytesPromised":5,"URLsSigned":1`},
		"a form":           {Response{Body: Created{File: File{Size: 7}, Form: &Form{URL: "https://secret"}}}, nil, `"BytesPromised":7,"URLsSigned":1`},
		"a form of a most": {Response{Body: Created{Form: &Form{}}}, nil, `{"URLsSigned":1`},
		"in parts":         {Response{Body: Created{File: File{Size: 5}, Multipart: &Multipart{}}}, nil, ""},
		"parts":            {Response{Body: PresignedParts{Parts: []PresignedPart{{Size: 8}, {Size: 2}}}}, nil, `"BytesPromised":10,"URLsSigned":2`},
		"no parts":         {Response{Body: PresignedParts{}}, nil, ""},
		"a download":       {Response{Body: Link{URL: "https://secret"}}, nil, `{"URLsSigned":1`},
		"a file":           {Response{Body: File{Size: 5}}, nil, ""},
		"nothing":          {Response{}, nil, ""},
		"a failure":        {Response{Body: Link{}}, errors.New("no"), ""},
	} {
		var out bytes.Buffer
		h := Measured(metrics.Emitter{Out: &out, Namespace: "Vouch", Now: time.Now}, func(context.Context, Request) (Response, error) { return tt.response, tt.err })
		if _, err := h(t.Context(), Request{}); !errors.Is(err, tt.err) {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.Contains(out.String(), tt.want) || tt.want == "" && out.Len() > 0 || strings.Contains(out.String(), "secret") {
			t.Errorf("%s: %q, want %q", name, out.String(), tt.want)
		}
	}
}

// failing publishes nothing.
type failing struct{}

func (failing) Emit(...metrics.Value) error { return errors.New("no space left on device") }

func TestACallThatCannotBeCountedIsAnsweredAllTheSame(t *testing.T) {
	h := Measured(failing{}, func(context.Context, Request) (Response, error) { return Response{Status: 200, Body: Link{}}, nil })
	if response, err := h(t.Context(), Request{}); err != nil || response.Status != 200 {
		t.Errorf("%+v, %v", response, err)
	}
}

func TestTheLogLineOfACallThatMakesAFileNamesTheFile(t *testing.T) {
	var out bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&out, nil)))
	defer slog.SetDefault(before)
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
