// Command publish-history takes the stream of the table of history and publishes
// each event of the trail to the event bus.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"github.com/vouch-s3/vouch/shared/eventbus"
	"github.com/vouch-s3/vouch/shared/metrics"
	"github.com/vouch-s3/vouch/shared/relay"
	"github.com/vouch-s3/vouch/shared/settings"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.EventBus)
	emitter := metrics.OfFunction()
	lambda.Start(relay.Relay{
		Teller: eventbus.NewTrail(eventbridge.NewFromConfig(cfg), env[settings.EventBus]),
		Rewritten: func(events int) error {
			return emitter.Emit(metrics.Value{Name: "HistoryRewritten", Unit: metrics.Count, Value: float64(events)})
		},
	}.Handle)
}
