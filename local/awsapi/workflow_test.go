package awsapi

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/local/lambdas"
)

// verification plays the functions of a verification, and remembers what they were handed.
type verification struct {
	mu      sync.Mutex
	answers map[string]string
	handed  map[string]string
	tokens  chan string // of the tasks that wait
}

func (s *verification) Invoke(_ context.Context, function string, payload []byte) (lambdas.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handed[function] = string(payload)
	if function == "await-guardduty" {
		var waiting struct{ Token string }
		if err := json.Unmarshal(payload, &waiting); err != nil || waiting.Token == "" {
			return lambdas.Result{Payload: []byte(`{"errorType":"NoToken"}`), FunctionError: "Unhandled"}, nil
		}
		s.tokens <- waiting.Token
		return lambdas.Result{Payload: []byte("null")}, nil
	}
	return lambdas.Result{Payload: []byte(s.answers[function])}, nil
}

func (s *verification) InvokeAsync(string, []byte) error { return nil }

// The deployed definition itself, with a wait for GuardDuty of two seconds.
func verifyDefinition(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../statemachines/verify-file.asl.json")
	if err != nil {
		t.Fatal(err)
	}
	functions := strings.NewReplacer(
		"${ValidateObjectFunctionArn}", "validate-object", "${ScanObjectFunctionArn}", "scan-object", "${AwaitGuardDutyFunctionArn}", "await-guardduty",
		"${MarkReadyFunctionArn}", "mark-ready", "${MarkRejectedFunctionArn}", "mark-rejected",
	)
	short := regexp.MustCompile(`"TimeoutSeconds": 1800\b`)
	if n := len(short.FindAll(data, -1)); n != 1 {
		t.Fatalf("%d states wait for half an hour", n)
	}
	return functions.Replace(short.ReplaceAllString(string(data), `"TimeoutSeconds": 2`))
}

func TestTheWorkflowMakesAFileReadyOnlyByTheWordThatItWaitsFor(t *testing.T) {
	const verdict = `"verdict":{"outcome":"clean"}`
	for name, tt := range map[string]struct {
		validation     string // the outcome, passed if empty
		scan           string // likewise
		word           string // the output that the task is ended with, empty for none
		to, status     string // the last step and the end of the execution
		handed         string // in what the last step is handed
		neverReady     bool
		waitsForNobody bool
	}{
		"GuardDuty is not asked": {scan: "passed", to: "mark-ready", status: "SUCCEEDED", handed: `"guardduty":{"outcome":"","reason":"","verdict":null}`, waitsForNobody: true},
		"clean":                  {scan: "awaiting", word: `{"outcome":"passed","reason":"","checksumSHA256":"",` + verdict + `}`, to: "mark-ready", status: "SUCCEEDED", handed: `"guardduty":{"outcome":"passed","reason":"",` + verdict + `}`},
		"malware":                {scan: "awaiting", word: `{"outcome":"failed","reason":"malware-detected",` + verdict + `}`, to: "mark-rejected", status: "SUCCEEDED", handed: `"guardduty":{"outcome":"failed","reason":"malware-detected",` + verdict + `}`, neverReady: true},
		"a word that is none":    {scan: "awaiting", word: `{"outcome":"perhaps","reason":"",` + verdict + `}`, to: "mark-rejected", status: "FAILED", handed: `"reason":"verification-failed"`, neverReady: true},
		"half a word":            {scan: "awaiting", word: `{"outcome":"passed"}`, status: "FAILED", neverReady: true}, // for the sweeper to start again
		"refused unscanned":      {validation: "failed", scan: "failed", to: "mark-rejected", status: "SUCCEEDED", handed: `"reason":"size-mismatch"`, neverReady: true, waitsForNobody: true},
		"moved on unscanned":     {validation: "superseded", scan: "superseded", to: "scan-object", status: "SUCCEEDED", handed: `"step":{"outcome":"superseded",`, neverReady: true, waitsForNobody: true},
		"no answer of the scan":  {scan: "perhaps", to: "mark-rejected", status: "FAILED", handed: `"reason":"verification-failed"`, neverReady: true, waitsForNobody: true},
		"no word at all":         {scan: "awaiting", to: "mark-rejected", status: "FAILED", handed: `"reason":"verification-failed"`, neverReady: true},
	} {
		t.Run(name, func(t *testing.T) {
			validation, reason := cmp.Or(tt.validation, "passed"), ""
			if validation == "failed" {
				reason = "size-mismatch"
			}
			s := &verification{handed: map[string]string{}, tokens: make(chan string, 10), answers: map[string]string{
				"validate-object": fmt.Sprintf(`{"outcome":%q,"reason":%q,"checksumSHA256":"","verdict":null}`, validation, reason),
				"scan-object":     fmt.Sprintf(`{"outcome":%q,"reason":%q,"checksumSHA256":"c","verdict":{"outcome":"unscanned"}}`, tt.scan, reason),
				"mark-ready":      `{"outcome":"passed"}`, "mark-rejected": `{"outcome":"failed"}`,
			}}
			e, err := Start(t.Context(), Options{
				Addr: "127.0.0.1:0", DataDir: t.TempDir(), Region: "us-east-1", Functions: s, Authorizer: everything{},
				Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
			})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			machine := strings.ReplaceAll(name, " ", "-") // kumo keeps those of its servers before
			if err := e.CreateStateMachine(t.Context(), machine, verifyDefinition(t), "arn:aws:iam::"+AccountID+":role/verify"); err != nil {
				t.Fatal(err)
			}
			var started struct{ ExecutionArn string }
			if err := e.ask(t.Context(), "AWSStepFunctions.StartExecution", map[string]string{
				"stateMachineArn": "arn:aws:states:us-east-1:" + AccountID + ":stateMachine:" + machine, "name": "x",
				"input": `{"fileId":"f","key":"k","versionId":"v","etag":"e"}`,
			}, &started); err != nil {
				t.Fatal(err)
			}
			if tt.word != "" {
				if err := e.ask(t.Context(), "AWSStepFunctions.SendTaskSuccess", map[string]string{"taskToken": <-s.tokens, "output": tt.word}, nil); err != nil {
					t.Fatal(err)
				}
			}
			deadline := time.Now().Add(30 * time.Second)
			var now struct{ Status string }
			for now.Status == "" || now.Status == running {
				if time.Now().After(deadline) {
					t.Fatal("the execution does not end")
				}
				time.Sleep(10 * time.Millisecond)
				if err := e.ask(t.Context(), "AWSStepFunctions.DescribeExecution", map[string]string{"executionArn": started.ExecutionArn}, &now); err != nil {
					t.Fatal(err)
				}
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if decided := fmt.Sprintf(`"step":{"outcome":%q,"reason":%q,`, validation, reason); !strings.Contains(s.handed["scan-object"], decided) {
				t.Errorf("scan-object was handed %s, without what is decided", s.handed["scan-object"])
			}
			if now.Status != tt.status || !strings.Contains(s.handed[tt.to], tt.handed) {
				t.Errorf("it %s; %s was handed %s", now.Status, tt.to, s.handed[tt.to])
			}
			if _, ready := s.handed["mark-ready"]; ready == tt.neverReady {
				t.Errorf("mark-ready was invoked: %v", ready)
			}
			if _, waited := s.handed["await-guardduty"]; waited == tt.waitsForNobody {
				t.Errorf("it waited: %v", waited)
			}
			if !tt.waitsForNobody && tt.word == "" && len(s.tokens) != 1 {
				t.Errorf("a wait that was in vain was begun %d times", len(s.tokens))
			}
		})
	}
}
