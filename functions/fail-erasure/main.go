// Command fail-erasure is the step of an erasure that gives it up.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/erasure"
	"github.com/vouch-s3/vouch/shared/settings"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Erasures)
	lambda.Start(erasure.Lambda(erasure.Failer{
		Ledger: dynamo.NewErasures(dynamodb.NewFromConfig(cfg), env[settings.Erasures]),
		Now:    time.Now,
	}.Fail))
}
