package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/vouch-s3/vouch/shared/verify"
)

// CallbackAPI is what Callbacks call of Step Functions.
type CallbackAPI interface {
	SendTaskSuccess(context.Context, *sfn.SendTaskSuccessInput, ...func(*sfn.Options)) (*sfn.SendTaskSuccessOutput, error)
	SendTaskFailure(context.Context, *sfn.SendTaskFailureInput, ...func(*sfn.Options)) (*sfn.SendTaskFailureOutput, error)
}

// Callbacks answer tasks of the workflow that wait ("Wait for a Callback with
// Task Token", Step Functions Developer Guide). A task token lets whoever has
// it answer in the name of the step: none is logged, or part of an error.
type Callbacks struct{ api CallbackAPI }

// NewCallbacks returns Callbacks by api.
func NewCallbacks(api CallbackAPI) *Callbacks { return &Callbacks{api: api} }

// Succeed ends the task with r as its output. It returns verify.ErrNobodyWaits
// when the task has ended already.
func (c *Callbacks) Succeed(ctx context.Context, token string, r verify.Result) error {
	output, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode the answer to a task: %w", err)
	}
	_, err = c.api.SendTaskSuccess(ctx, &sfn.SendTaskSuccessInput{TaskToken: &token, Output: aws.String(string(output))})
	return answered(err)
}

// Fail ends the task with an error, by whose name (at most 256 characters) the
// workflow retries and catches; cause has at most 32768. It returns
// verify.ErrNobodyWaits when the task has ended already.
func (c *Callbacks) Fail(ctx context.Context, token, name, cause string) error {
	_, err := c.api.SendTaskFailure(ctx, &sfn.SendTaskFailureInput{TaskToken: &token, Error: &name, Cause: &cause})
	return answered(err)
}

func answered(err error) error {
	_, ended := errors.AsType[*types.TaskTimedOut](err)
	_, unknown := errors.AsType[*types.TaskDoesNotExist](err)
	switch {
	case ended || unknown:
		return verify.ErrNobodyWaits
	case err != nil:
		return fmt.Errorf("answer a task: %w", err)
	}
	return nil
}
