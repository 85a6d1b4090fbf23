// Package workflow starts executions of the workflows on AWS Step Functions, and
// answers their tasks that wait.
package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/vouch-s3/vouch/shared/erasure"
	"github.com/vouch-s3/vouch/shared/rescan"
	"github.com/vouch-s3/vouch/shared/verify"
)

// API is what the Starter calls of Step Functions.
type API interface {
	StartExecution(context.Context, *sfn.StartExecutionInput, ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error)
}

// Starter starts executions of one state machine.
type Starter struct {
	api API
	arn string
}

// New returns a Starter for the Standard state machine with the ARN.
func New(api API, arn string) *Starter { return &Starter{api: api, arn: arn} }

// Start starts a verification. For a name that is running already with the same
// input it does nothing; for one that has ended within the last 90 days it
// returns verify.ErrAlreadyEnded (StartExecution, Step Functions API
// Reference). A name always comes with the same input here, so these two are
// all there is.
func (s *Starter) Start(ctx context.Context, name string, job verify.Job) error {
	_, err := s.start(ctx, name, job)
	return err
}

// StartRescan starts an execution of a re-scan likewise, and returns when the
// one of that name was started.
func (s *Starter) StartRescan(ctx context.Context, name string, p rescan.Position) (time.Time, error) {
	return s.start(ctx, name, p)
}

// StartErasure starts an execution of an erasure likewise.
func (s *Starter) StartErasure(ctx context.Context, name string, t erasure.Task) error {
	_, err := s.start(ctx, name, t)
	return err
}

func (s *Starter) start(ctx context.Context, name string, in any) (time.Time, error) {
	input, err := json.Marshal(in)
	if err != nil {
		return time.Time{}, fmt.Errorf("encode the input of execution %s: %w", name, err)
	}
	out, err := s.api.StartExecution(ctx, &sfn.StartExecutionInput{
		StateMachineArn: &s.arn, Name: &name, Input: aws.String(string(input)),
	})
	if _, exists := errors.AsType[*types.ExecutionAlreadyExists](err); exists {
		return time.Time{}, verify.ErrAlreadyEnded
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("start execution %s: %w", name, err)
	}
	return aws.ToTime(out.StartDate).UTC(), nil
}
