// Command mark-rejected is a last step of the workflow: it
// closes the file for the reason found and publishes File Rejected.
package main

import (
	"cmp"
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/eventbus"
	"github.com/vouch-s3/vouch/shared/metrics"
	"github.com/vouch-s3/vouch/shared/policy/override"
	"github.com/vouch-s3/vouch/shared/s3store"
	"github.com/vouch-s3/vouch/shared/settings"
	"github.com/vouch-s3/vouch/shared/step"
	"github.com/vouch-s3/vouch/shared/verify"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Table, settings.History, settings.Usage, settings.Bucket, settings.EventBus)
	finisher := verify.Finisher{
		Records: dynamo.New(dynamodb.NewFromConfig(cfg), env[settings.Table]).Recording(env[settings.History]).Counting(env[settings.Usage]),
		Objects: s3store.New(cfg, env[settings.Bucket]),
		Events:  eventbus.Measured{Publisher: eventbus.New(eventbridge.NewFromConfig(cfg), env[settings.EventBus], env[settings.Bucket]), Metrics: metrics.OfFunction()},
		Policy:  settings.MustPolicy(override.Load),
		Now:     time.Now,
	}
	emitter := metrics.OfFunction()
	lambda.Start(step.Lambda("mark-rejected", step.Lost(emitter, func(ctx context.Context, t step.Task) (verify.Result, error) {
		return finisher.Rejected(ctx, t.Job, cmp.Or(t.Reason, t.GuardDuty.Reason), verify.Merge(t.Verdict, t.GuardDuty.Verdict))
	})))
}
