package awsapi

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/vouch-s3/vouch/local/lambdas"
)

// steps plays the functions of a re-scan: it lists as many pages as it is told,
// of one file for each outcome, and notes what is asked of the others.
type steps struct {
	pages    [][]string // the outcomes of each page's files
	mu       sync.Mutex
	asked    map[string]int // by function and file
	position []map[string]any
}

func (s *steps) Invoke(_ context.Context, function string, payload []byte) (lambdas.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var in map[string]any
	if err := json.Unmarshal(payload, &in); err != nil {
		return lambdas.Result{}, err
	}
	answer := map[string]any{"outcome": "passed", "reason": "", "checksumSHA256": "", "verdict": nil}
	if function == "list" {
		jobs := []any{}
		page := len(s.position)
		for i, outcome := range s.pages[page] {
			jobs = append(jobs, map[string]any{"fileId": fmt.Sprintf("%d/%d/%s", page, i, outcome), "key": "k", "versionId": "v", "etag": "e"})
		}
		s.position = append(s.position, in)
		done := page == len(s.pages)-1
		answer = map[string]any{"jobs": jobs, "concurrency": 2, "next": map[string]any{"cursor": fmt.Sprint(page), "failed": false, "done": done}}
	} else {
		id := fmt.Sprint(in["fileId"])
		s.asked[function+" "+id]++
		if in["rescan"] != true {
			return lambdas.Result{}, errors.New("the step is not told that it is a re-scan")
		}
		switch _, outcome, _ := strings.Cut(id[2:], "/"); {
		case outcome == "undecided", outcome == "unrevoked" && function == "reject", outcome == "unrenewed" && function == "ready":
			return lambdas.Result{}, errors.New("down")
		case outcome == "unrevoked":
			answer["outcome"], answer["reason"] = "failed", "malware-detected"
		case outcome != "unrenewed":
			answer["outcome"], answer["reason"] = outcome, "malware-detected"
		}
	}
	data, err := json.Marshal(answer)
	return lambdas.Result{Payload: data}, err
}

func (s *steps) InvokeAsync(string, []byte) error { return errors.New("nothing is asynchronous here") }

type everything struct{}

func (everything) Authorize(string, string, string, map[string][]string) error { return nil }

// The definition that is deployed, run to each of its ends, without its retries.
func TestEveryWayThroughAReScan(t *testing.T) {
	for name, tt := range map[string]struct {
		pages  [][]string
		status types.ExecutionStatus
		listed int
	}{
		"no files":              {[][]string{{}}, types.ExecutionStatusSucceeded, 1},
		"every outcome":         {[][]string{{"passed", "failed", "superseded", "undecided", "unrenewed", "passed"}, {"passed"}}, types.ExecutionStatusSucceeded, 2},
		"a page that fails":     {[][]string{{"undecided", "unrevoked", "passed"}, {"passed"}}, types.ExecutionStatusSucceeded, 2},
		"the last page fails":   {[][]string{{"passed"}, {"undecided"}}, types.ExecutionStatusFailed, 2},
		"one of two is too few": {[][]string{{"undecided", "passed"}}, types.ExecutionStatusSucceeded, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := &steps{pages: tt.pages, asked: map[string]int{}}
			e, err := Start(t.Context(), Options{
				Addr: "127.0.0.1:0", DataDir: t.TempDir(), Region: "us-east-1", Functions: s,
				AdminKey: "admin", AdminSecret: "secret", Authorizer: everything{}, Log: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			machine := "rescan-" + rand.Text() // kumo is one for the whole process
			if err := e.CreateStateMachine(t.Context(), machine, definition(t), "arn:aws:iam::"+AccountID+":role/rescan"); err != nil {
				t.Fatal(err)
			}
			arn := "arn:aws:states:us-east-1:" + AccountID + ":stateMachine:" + machine
			client := sfn.NewFromConfig(e.Admin())
			started, err := client.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &arn, Name: aws.String("x"), Input: aws.String(`{"run":"x"}`)})
			if err != nil {
				t.Fatal(err)
			}
			var out *sfn.DescribeExecutionOutput
			for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
				out, err = client.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: started.ExecutionArn})
				if err != nil {
					t.Fatal(err)
				}
				if out.Status != types.ExecutionStatusRunning || time.Now().After(deadline) {
					break
				}
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if out.Status != tt.status || len(s.position) != tt.listed {
				t.Fatalf("%s %s %s, %d pages", out.Status, aws.ToString(out.Error), aws.ToString(out.Cause), len(s.position))
			}
			if out.Status == types.ExecutionStatusFailed && aws.ToString(out.Error) != "RescanStopped" {
				t.Errorf("it ends as %s", aws.ToString(out.Error))
			}
			if s.position[0]["run"] != "x" {
				t.Errorf("the first page was asked for with %v", s.position[0])
			}
			for i, in := range s.position[1:] { // each with where the one before ended, and whether it failed
				failed := strings.HasPrefix(fmt.Sprint(tt.pages[i]), "[undecided unrevoked")
				if in["cursor"] != fmt.Sprint(i) || in["failed"] != failed || len(in) != 3 {
					t.Errorf("page %d was asked for with %v", i+1, in)
				}
			}
			for p, outcomes := range tt.pages {
				for i, outcome := range outcomes {
					id := fmt.Sprintf("%d/%d/%s", p, i, outcome)
					want := map[string]bool{
						"scan " + id:   true,
						"ready " + id:  outcome == "passed" || outcome == "unrenewed",
						"reject " + id: outcome == "failed" || outcome == "unrevoked",
					}
					for step, asked := range want {
						if (s.asked[step] == 1) != asked {
							t.Errorf("%s: it was asked %d times", step, s.asked[step])
						}
					}
				}
			}
		})
	}
}

// definition is statemachines/rescan-files.asl.json, with the names of steps and
// without retries.
func definition(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../statemachines/rescan-files.asl.json")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("${ListReadyFilesFunctionArn}", "list", "${ScanObjectFunctionArn}", "scan",
		"${MarkReadyFunctionArn}", "ready", "${MarkRejectedFunctionArn}", "reject").Replace(string(data))
	return withoutRetries(t, text)
}

// withoutRetries is a definition without its retries.
func withoutRetries(t *testing.T, definition string) string {
	t.Helper()
	var d any
	if err := json.Unmarshal([]byte(definition), &d); err != nil {
		t.Fatal(err)
	}
	var strip func(any)
	strip = func(v any) {
		if m, ok := v.(map[string]any); ok {
			delete(m, "Retry")
			for _, inner := range m {
				strip(inner)
			}
		}
	}
	strip(d)
	out, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
