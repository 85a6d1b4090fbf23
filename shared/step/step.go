// Package step is the frame of the functions that the workflows invoke to verify a
// file. It links no client of AWS Step Functions.
package step

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/vouch-s3/vouch/shared/acting"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/verify"
)

// Task is what the state machines hand each step that verifies: the job, and
// what the steps before it found.
type Task struct {
	verify.Job

	// Step is what validate-object has decided, for scan-object; nil in a re-scan, and in
	// an execution that began with a definition that chose by itself.
	Step *verify.Result `json:"step,omitempty"`

	Reason         file.Reason   `json:"reason,omitempty"`
	ChecksumSHA256 string        `json:"checksumSHA256,omitempty"`
	Verdict        *file.Verdict `json:"verdict,omitempty"`

	// GuardDuty is what GuardDuty's word was judged to be; the zero Result
	// where it was not asked.
	GuardDuty verify.Result `json:"guardduty,omitzero"`
}

// Lambda returns run as the handler of a Lambda function that the workflow
// invokes, and in which the function of that name acts. Both what it found and how it
// failed are logged; a failure is also returned, as Throttled where it is that, so that
// the workflow's Retry and Catch decide.
func Lambda(function string, run func(context.Context, Task) (verify.Result, error)) func(context.Context, Task) (verify.Result, error) {
	return func(ctx context.Context, t Task) (verify.Result, error) {
		ctx = acting.As(ctx, function)
		log := slog.With("fileId", t.FileID, "versionId", t.VersionID)
		if lc, ok := lambdacontext.FromContext(ctx); ok {
			log = log.With("requestId", lc.AwsRequestID)
		}
		result, err := run(ctx, t)
		if err != nil {
			log.ErrorContext(ctx, "the step failed", "error", err.Error())
			return verify.Result{}, named(err)
		}
		log.InfoContext(ctx, "the step is done", "outcome", result.Outcome, "reason", result.Reason, "verdict", result.Verdict)
		return result, nil
	}
}
