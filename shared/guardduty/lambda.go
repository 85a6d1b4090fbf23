package guardduty

import (
	"context"
	"errors"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"github.com/vouch-s3/vouch/shared/verify"
)

// Waiting is what the workflow hands the function that has it wait: the job,
// and the token of its task, which is a secret.
type Waiting struct {
	verify.Job
	Token string `json:"token"`
}

// Await returns a Lambda function's handler that has tasks of the workflow wait
// for GuardDuty. Its answer is nothing to the workflow; its error fails the task.
func Await(m Meeting) func(context.Context, Waiting) error {
	return func(ctx context.Context, w Waiting) error {
		log := slog.With("fileId", w.FileID, "versionId", w.VersionID)
		err := m.Await(ctx, VersionOf(w.Job), w.Token)
		if errors.Is(err, verify.ErrNobodyWaits) {
			log.InfoContext(ctx, "the task was answered already")
			return nil
		}
		if err != nil {
			log.ErrorContext(ctx, "the task cannot wait for GuardDuty", "error", err.Error())
			return err
		}
		log.InfoContext(ctx, "the task waits for GuardDuty, or has its word")
		return nil
	}
}

// Receive returns a Lambda function's handler that takes GuardDuty's results on
// objects in bucket. An error is returned for EventBridge and Lambda to try
// again, and to keep the event in the end.
func Receive(bucket string, m Meeting) func(context.Context, events.EventBridgeEvent) error {
	return func(ctx context.Context, e events.EventBridgeEvent) error {
		r, err := ScanResult(e, bucket)
		if err != nil {
			slog.ErrorContext(ctx, "the event cannot be read", "eventId", e.ID, "error", err.Error())
			return err
		}
		log := slog.With("eventId", e.ID, "key", r.Key, "versionId", r.VersionID, "status", r.Status, "names", r.Names)
		answered, err := m.Receive(ctx, r)
		if err != nil {
			log.ErrorContext(ctx, "GuardDuty's result was not passed on", "error", err.Error())
			return err
		}
		log.InfoContext(ctx, "GuardDuty's result is noted", "answeredATask", answered)
		return nil
	}
}
