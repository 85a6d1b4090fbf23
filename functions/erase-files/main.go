// Command erase-files is the step of an erasure that removes, page by page, and goes
// on in a further execution before one is full.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/vouch-s3/vouch/shared/acting"
	"github.com/vouch-s3/vouch/shared/deletion"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/erasure"
	"github.com/vouch-s3/vouch/shared/policy/override"
	"github.com/vouch-s3/vouch/shared/s3store"
	"github.com/vouch-s3/vouch/shared/settings"
	"github.com/vouch-s3/vouch/shared/workflow"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Table, settings.History, settings.Usage, settings.Bucket, settings.Erasures, settings.StateMachine)
	client, policy := dynamodb.NewFromConfig(cfg), settings.MustPolicy(override.Load)
	records := dynamo.New(client, env[settings.Table]).Recording(env[settings.History]).Counting(env[settings.Usage])
	objects := s3store.New(cfg, env[settings.Bucket])
	erase := erasure.Eraser{
		Ledger:    dynamo.NewErasures(client, env[settings.Erasures]),
		Records:   records,
		Bucket:    objects,
		Histories: dynamo.NewHistories(client, env[settings.History]),
		Deleter:   deletion.Deleter{Records: records, Objects: objects, Uploads: objects, Policy: policy, Now: time.Now},
		Workflow:  workflow.New(sfn.NewFromConfig(cfg), env[settings.StateMachine]),
		Policy:    policy,
		Now:       time.Now,
		Pause:     erasure.Pause,
	}
	lambda.Start(erasure.Lambda(func(ctx context.Context, t erasure.Task) (erasure.Step, error) {
		return erase.Page(acting.As(ctx, "erase-files"), t)
	}))
}
