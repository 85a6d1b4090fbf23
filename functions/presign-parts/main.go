// Command presign-parts answers POST /files/{id}/parts: it presigns the PUTs that
// may bring parts of a file.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vouch-s3/vouch/shared/api"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/idempotency"
	"github.com/vouch-s3/vouch/shared/parts"
	"github.com/vouch-s3/vouch/shared/policy/override"
	"github.com/vouch-s3/vouch/shared/s3store"
	"github.com/vouch-s3/vouch/shared/settings"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Table, settings.History, settings.Bucket, settings.Idempotency)
	tables := dynamodb.NewFromConfig(cfg)
	keys := idempotency.Keeper{Store: dynamo.NewCalls(tables, env[settings.Idempotency]), Now: time.Now}
	lambda.Start(api.Lambda(settings.MustClaims(), api.Idempotent(keys, api.PresignParts(parts.Presigner{
		Records: dynamo.New(tables, env[settings.Table]).Recording(env[settings.History]),
		Signer:  s3store.New(cfg, env[settings.Bucket]),
		Policy:  settings.MustPolicy(override.Load),
		Now:     time.Now,
	}))))
}
