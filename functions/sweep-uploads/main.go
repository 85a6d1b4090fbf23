// Command sweep-uploads runs on a schedule: it ends what events have forgotten, and
// deletes files whose time is over.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/vouch-s3/vouch/shared/deletion"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/eventbus"
	"github.com/vouch-s3/vouch/shared/metrics"
	"github.com/vouch-s3/vouch/shared/policy/override"
	"github.com/vouch-s3/vouch/shared/s3store"
	"github.com/vouch-s3/vouch/shared/settings"
	"github.com/vouch-s3/vouch/shared/sweep"
	"github.com/vouch-s3/vouch/shared/verify"
	"github.com/vouch-s3/vouch/shared/workflow"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Table, settings.History, settings.Usage, settings.Bucket, settings.StateMachine, settings.EventBus)
	records := dynamo.New(dynamodb.NewFromConfig(cfg), env[settings.Table]).Recording(env[settings.History]).Counting(env[settings.Usage])
	objects := s3store.New(cfg, env[settings.Bucket])
	limits := settings.MustPolicy(override.Load)
	lambda.Start(sweep.Lambda(sweep.Sweeper{
		Records: records,
		Objects: objects,
		Uploads: objects,
		Expirer: deletion.Deleter{Records: records, Objects: objects, Uploads: objects, Policy: limits, Now: time.Now},
		Starter: verify.Starter{
			Records:  records,
			Objects:  objects,
			Workflow: workflow.New(sfn.NewFromConfig(cfg), env[settings.StateMachine]),
			Policy:   limits,
			Now:      time.Now,
		},
		Finisher: verify.Finisher{
			Records: records,
			Objects: objects,
			Events:  eventbus.Measured{Publisher: eventbus.New(eventbridge.NewFromConfig(cfg), env[settings.EventBus], env[settings.Bucket]), Metrics: metrics.OfFunction()},
			Policy:  limits,
			Now:     time.Now,
		},
		Policy: limits,
		Now:    time.Now,
		Limit:  500,
		AtOnce: 16, // what waits on others' answers, most of the time
	}))
}
