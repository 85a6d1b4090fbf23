// Command reconcile-usage runs on a schedule and holds the counters of quotas to
// the records that they count.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/metrics"
	"github.com/vouch-s3/vouch/shared/quota"
	"github.com/vouch-s3/vouch/shared/settings"
)

// pause is many times what an index of DynamoDB mostly is behind its table.
const pause = 5 * time.Second

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Table, settings.Usage)
	client := dynamodb.NewFromConfig(cfg)
	emitter := metrics.OfFunction()
	lambda.Start(quota.Lambda(quota.Reconciler{
		Ledger:  dynamo.NewAccounts(client, env[settings.Usage]),
		Records: dynamo.New(client, env[settings.Table]),
		Now:     time.Now,
		Pause: func(ctx context.Context) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(pause):
				return nil
			}
		},
	}, func(accounts int) error {
		return emitter.Emit(metrics.Value{Name: "UsageDrift", Unit: metrics.Count, Value: float64(accounts)})
	}))
}
