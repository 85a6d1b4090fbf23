// Command rescan-files answers POST /admin/rescan: it starts a run that verifies
// ready files again.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/vouch-s3/vouch/shared/api"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/idempotency"
	"github.com/vouch-s3/vouch/shared/rescan"
	"github.com/vouch-s3/vouch/shared/settings"
	"github.com/vouch-s3/vouch/shared/workflow"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.StateMachine, settings.Idempotency)
	keys := idempotency.Keeper{Store: dynamo.NewCalls(dynamodb.NewFromConfig(cfg), env[settings.Idempotency]), Now: time.Now}
	lambda.Start(api.Lambda(settings.MustClaims(), api.Requiring(api.ScopeAdmin, api.Idempotent(keys, api.Rescan(rescan.Starter{
		Workflow: workflow.New(sfn.NewFromConfig(cfg), env[settings.StateMachine]),
		Now:      time.Now,
	})))))
}
