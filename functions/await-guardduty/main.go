// Command await-guardduty is a step of the workflow that waits for a callback:
// it notes the task's token where receive-guardduty finds it, or answers the
// task with the word of GuardDuty that is there already.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/guardduty"
	"github.com/vouch-s3/vouch/shared/policy/override"
	"github.com/vouch-s3/vouch/shared/settings"
	"github.com/vouch-s3/vouch/shared/workflow"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.ScanResults)
	lambda.Start(guardduty.Await(guardduty.Meeting{
		Results: dynamo.NewScanResults(dynamodb.NewFromConfig(cfg), env[settings.ScanResults]),
		Tasks:   workflow.NewCallbacks(sfn.NewFromConfig(cfg)),
		Policy:  settings.MustPolicy(override.Load),
		Now:     time.Now,
	}))
}
