// Command get-erasure answers GET /admin/erasures/{id}.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vouch-s3/vouch/shared/api"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/settings"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Erasures)
	lambda.Start(api.Lambda(settings.MustClaims(), api.GetErasure(dynamo.NewErasures(dynamodb.NewFromConfig(cfg), env[settings.Erasures]), time.Now)))
}
