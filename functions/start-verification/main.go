// Command start-verification is the target of the EventBridge rule on S3's
// Object Created: it pins the version that arrived and starts the workflow.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/policy/override"
	"github.com/vouch-s3/vouch/shared/s3event"
	"github.com/vouch-s3/vouch/shared/s3store"
	"github.com/vouch-s3/vouch/shared/settings"
	"github.com/vouch-s3/vouch/shared/verify"
	"github.com/vouch-s3/vouch/shared/workflow"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Table, settings.History, settings.Usage, settings.Bucket, settings.StateMachine)
	lambda.Start(s3event.Lambda(env[settings.Bucket], verify.Starter{
		Records:  dynamo.New(dynamodb.NewFromConfig(cfg), env[settings.Table]).Recording(env[settings.History]).Counting(env[settings.Usage]),
		Objects:  s3store.New(cfg, env[settings.Bucket]),
		Workflow: workflow.New(sfn.NewFromConfig(cfg), env[settings.StateMachine]),
		Policy:   settings.MustPolicy(override.Load),
		Now:      time.Now,
	}))
}
