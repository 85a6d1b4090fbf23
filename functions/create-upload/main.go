// Command create-upload answers POST /files: it writes a pending record and
// presigns the one PUT that may bring its bytes, or begins their upload in parts.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vouch-s3/vouch/shared/api"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/idempotency"
	"github.com/vouch-s3/vouch/shared/policy/override"
	"github.com/vouch-s3/vouch/shared/s3store"
	"github.com/vouch-s3/vouch/shared/settings"
	"github.com/vouch-s3/vouch/shared/upload"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Table, settings.History, settings.Usage, settings.Bucket, settings.Idempotency)
	tables := dynamodb.NewFromConfig(cfg)
	keys := idempotency.Keeper{Store: dynamo.NewCalls(tables, env[settings.Idempotency]), Now: time.Now}
	limits := settings.MustPolicy(override.Load)
	objects := s3store.New(cfg, env[settings.Bucket])
	lambda.Start(api.Lambda(settings.MustClaims(), api.Idempotent(keys, api.CreateUpload(upload.Creator{
		Records:   dynamo.New(tables, env[settings.Table]).Recording(env[settings.History]).Counting(env[settings.Usage]).Within(limits.Quotas),
		Presigner: objects,
		Uploads:   objects,
		Policy:    limits,
		Now:       time.Now,
	}))))
}
