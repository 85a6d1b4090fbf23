// Command erase-owner answers POST /admin/erasures: it begins to erase all that is
// kept of one owner.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/vouch-s3/vouch/shared/api"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/erasure"
	"github.com/vouch-s3/vouch/shared/idempotency"
	"github.com/vouch-s3/vouch/shared/settings"
	"github.com/vouch-s3/vouch/shared/workflow"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Erasures, settings.StateMachine, settings.Idempotency)
	client, claims := dynamodb.NewFromConfig(cfg), settings.MustClaims()
	keys := idempotency.Keeper{Store: dynamo.NewCalls(client, env[settings.Idempotency]), Now: time.Now}
	lambda.Start(api.Lambda(claims, api.Requiring(api.ScopeAdmin, api.Idempotent(keys, api.EraseOwner(erasure.Starter{
		Ledger:   dynamo.NewErasures(client, env[settings.Erasures]),
		Workflow: workflow.New(sfn.NewFromConfig(cfg), env[settings.StateMachine]),
		Now:      time.Now,
	}, claims.Tenant != "", time.Now)))))
}
