// Command list-files answers GET /files: the caller's own files, newest first.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vouch-s3/vouch/shared/api"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/policy/override"
	"github.com/vouch-s3/vouch/shared/settings"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Table)
	lambda.Start(api.Lambda(settings.MustClaims(), api.ListFiles(dynamo.New(dynamodb.NewFromConfig(cfg), env[settings.Table]), settings.MustPolicy(override.Load))))
}
