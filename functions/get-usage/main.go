// Command get-usage answers GET /usage: what the caller's own files use, and
// what remains of the quotas.
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
	env, cfg := settings.MustRead(context.Background(), settings.Usage)
	accounts := dynamo.NewAccounts(dynamodb.NewFromConfig(cfg), env[settings.Usage])
	lambda.Start(api.Lambda(settings.MustClaims(), api.GetUsage(accounts, settings.MustPolicy(override.Load).Quotas, time.Now)))
}
