// Command get-history answers GET /files/{id}/history: what was done to a file,
// and by whom.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vouch-s3/vouch/shared/api"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/policy/override"
	"github.com/vouch-s3/vouch/shared/settings"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Table, settings.History)
	tables := dynamodb.NewFromConfig(cfg)
	lambda.Start(api.Lambda(settings.MustClaims(), api.GetHistory(
		dynamo.New(tables, env[settings.Table]).Recording(env[settings.History]),
		dynamo.NewHistory(tables, env[settings.History]), settings.MustPolicy(override.Load), time.Now,
	)))
}
