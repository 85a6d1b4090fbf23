// Command receive-guardduty is the target of the EventBridge rule on
// GuardDuty's scan results: it notes the result, and answers the task of the
// workflow that waits for it.
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
	env, cfg := settings.MustRead(context.Background(), settings.Bucket, settings.ScanResults)
	lambda.Start(guardduty.Receive(env[settings.Bucket], guardduty.Meeting{
		Results: dynamo.NewScanResults(dynamodb.NewFromConfig(cfg), env[settings.ScanResults]),
		Tasks:   workflow.NewCallbacks(sfn.NewFromConfig(cfg)),
		Policy:  settings.MustPolicy(override.Load),
		Now:     time.Now,
	}))
}
