// Command delete-hold answers DELETE /admin/holds/{id}: it releases a file from
// its hold.
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
	"github.com/vouch-s3/vouch/shared/s3store"
	"github.com/vouch-s3/vouch/shared/settings"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Table, settings.History, settings.Bucket)
	lambda.Start(api.Lambda(settings.MustClaims(), api.DeleteHold(retention.Holder{
		Records: dynamo.New(dynamodb.NewFromConfig(cfg), env[settings.Table]).Recording(env[settings.History]),
		Objects: s3store.New(cfg, env[settings.Bucket]),
		Policy:  settings.MustPolicy(override.Load),
		Now:     time.Now,
	})))
}
