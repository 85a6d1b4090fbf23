// Command list-ready-files is the step of a re-scan that lists the next files to
// verify again, and goes on in a further execution before one is full.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/rescan"
	"github.com/vouch-s3/vouch/shared/settings"
	"github.com/vouch-s3/vouch/shared/workflow"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Table, settings.StateMachine)
	lambda.Start(rescan.Lambda(rescan.Pager{
		Records:     dynamo.New(dynamodb.NewFromConfig(cfg), env[settings.Table]),
		Workflow:    workflow.New(sfn.NewFromConfig(cfg), env[settings.StateMachine]),
		Now:         time.Now,
		Concurrency: settings.MustConcurrency(),
	}))
}
