// Command validate-object is the first step of the workflow: is what was
// stored what was promised?
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/policy/override"
	"github.com/vouch-s3/vouch/shared/s3store"
	"github.com/vouch-s3/vouch/shared/settings"
	"github.com/vouch-s3/vouch/shared/step"
	"github.com/vouch-s3/vouch/shared/verify"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Table, settings.History, settings.Bucket)
	validator := verify.Validator{
		Records: dynamo.New(dynamodb.NewFromConfig(cfg), env[settings.Table]).Recording(env[settings.History]),
		Objects: s3store.New(cfg, env[settings.Bucket]),
		Policy:  settings.MustPolicy(override.Load),
		Now:     time.Now,
	}
	lambda.Start(step.Lambda("validate-object", func(ctx context.Context, t step.Task) (verify.Result, error) {
		return validator.Validate(ctx, t.Job)
	}))
}
