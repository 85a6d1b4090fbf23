// Command mark-ready is a last step of the workflow: it
// makes the verified version available and publishes File Ready.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/eventbus"
	"github.com/vouch-s3/vouch/shared/kmskey"
	"github.com/vouch-s3/vouch/shared/metrics"
	"github.com/vouch-s3/vouch/shared/policy/override"
	"github.com/vouch-s3/vouch/shared/receipt"
	"github.com/vouch-s3/vouch/shared/s3store"
	"github.com/vouch-s3/vouch/shared/settings"
	"github.com/vouch-s3/vouch/shared/step"
	"github.com/vouch-s3/vouch/shared/verify"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Table, settings.History, settings.Bucket, settings.EventBus, settings.ReceiptKey)
	finisher := verify.Finisher{
		Scanners: settings.MustScanners(),
		Records:  dynamo.New(dynamodb.NewFromConfig(cfg), env[settings.Table]).Recording(env[settings.History]),
		Objects:  s3store.New(cfg, env[settings.Bucket]),
		Events:   eventbus.Measured{Publisher: eventbus.New(eventbridge.NewFromConfig(cfg), env[settings.EventBus], env[settings.Bucket]), Metrics: metrics.OfFunction()},
		Receipts: receipt.Issuer{Signer: kmskey.New(kms.NewFromConfig(cfg), env[settings.ReceiptKey]), Bucket: env[settings.Bucket], Now: time.Now},
		Policy:   settings.MustPolicy(override.Load),
		Now:      time.Now,
	}
	lambda.Start(step.Lambda("mark-ready", func(ctx context.Context, t step.Task) (verify.Result, error) {
		return finisher.Ready(ctx, t.Job, t.ChecksumSHA256, verify.Merge(t.Verdict, t.GuardDuty.Verdict))
	}))
}
