// Command get-file answers GET /files/{id}: what became of a file.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vouch-s3/vouch/shared/api"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/settings"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Table, settings.History)
	lambda.Start(api.Lambda(settings.MustClaims(), api.GetFile(dynamo.New(dynamodb.NewFromConfig(cfg), env[settings.Table]).Recording(env[settings.History]), time.Now)))
}
