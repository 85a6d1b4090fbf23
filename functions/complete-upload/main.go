// Command complete-upload answers POST /files/{id}/complete: the client says
// that its bytes are there, so that what was sent in parts is put together, and
// verification need not wait for the event.
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
	"github.com/vouch-s3/vouch/shared/parts"
	"github.com/vouch-s3/vouch/shared/policy/override"
	"github.com/vouch-s3/vouch/shared/s3store"
	"github.com/vouch-s3/vouch/shared/settings"
	"github.com/vouch-s3/vouch/shared/verify"
	"github.com/vouch-s3/vouch/shared/workflow"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Table, settings.History, settings.Usage, settings.Bucket, settings.Idempotency, settings.StateMachine)
	tables := dynamodb.NewFromConfig(cfg)
	records := dynamo.New(tables, env[settings.Table]).Recording(env[settings.History]).Counting(env[settings.Usage])
	objects := s3store.New(settings.Patient(cfg), env[settings.Bucket])
	keys := idempotency.Keeper{Store: dynamo.NewCalls(tables, env[settings.Idempotency]), Now: time.Now}
	lambda.Start(api.LambdaUpTo(api.MaxCompletion, settings.MustClaims(), api.Idempotent(keys, api.CompleteUpload(parts.Completer{
		Records: records,
		Uploads: objects,
		Starter: verify.Starter{
			Records:  records,
			Objects:  objects,
			Workflow: workflow.New(sfn.NewFromConfig(cfg), env[settings.StateMachine]),
			Policy:   settings.MustPolicy(override.Load),
			Now:      time.Now,
		},
		Now: time.Now,
	}))))
}
