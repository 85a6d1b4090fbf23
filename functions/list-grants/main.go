// Command list-grants answers GET /files/{id}/grants: who else may do what with a
// file.
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
	lambda.Start(api.Lambda(settings.MustClaims(), api.ListGrants(sharing.Sharer{
		Records: dynamo.New(dynamodb.NewFromConfig(cfg), env[settings.Table]).Recording(env[settings.History]),
		Now:     time.Now,
	})))
}
