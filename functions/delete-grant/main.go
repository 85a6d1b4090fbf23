// Command delete-grant answers DELETE /files/{id}/grants/{subject}: it takes a
// grant away.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vouch-s3/vouch/shared/api"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/settings"
	"github.com/vouch-s3/vouch/shared/sharing"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Table, settings.History)
	lambda.Start(api.Lambda(settings.MustClaims(), api.DeleteGrant(sharing.Sharer{
		Records: dynamo.New(dynamodb.NewFromConfig(cfg), env[settings.Table]).Recording(env[settings.History]),
		Now:     time.Now,
	})))
}
