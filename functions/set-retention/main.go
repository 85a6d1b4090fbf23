// Command set-retention answers PUT /files/{id}/retention: it says how long a file is
// kept.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vouch-s3/vouch/shared/api"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/policy/override"
	"github.com/vouch-s3/vouch/shared/retention"
	"github.com/vouch-s3/vouch/shared/settings"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Table, settings.History)
	lambda.Start(api.Lambda(settings.MustClaims(), api.SetRetention(retention.Retainer{
		Records: dynamo.New(dynamodb.NewFromConfig(cfg), env[settings.Table]).Recording(env[settings.History]),
		Policy:  settings.MustPolicy(override.Load),
		Now:     time.Now,
	})))
}
