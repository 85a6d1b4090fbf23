// Command delete-file answers DELETE /files/{id}.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vouch-s3/vouch/shared/api"
	"github.com/vouch-s3/vouch/shared/deletion"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/policy/override"
	"github.com/vouch-s3/vouch/shared/s3store"
	"github.com/vouch-s3/vouch/shared/settings"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Table, settings.History, settings.Usage, settings.Bucket)
	objects := s3store.New(cfg, env[settings.Bucket])
	lambda.Start(api.Lambda(settings.MustClaims(), api.DeleteFile(deletion.Deleter{
		Records: dynamo.New(dynamodb.NewFromConfig(cfg), env[settings.Table]).Recording(env[settings.History]).Counting(env[settings.Usage]),
		Objects: objects,
		Uploads: objects,
		Policy:  settings.MustPolicy(override.Load),
		Now:     time.Now,
	})))
}
