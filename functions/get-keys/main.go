// Command get-keys answers GET /.well-known/jwks.json: the public keys that
// receipts are verified with.
package main

import (
	"context"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/vouch-s3/vouch/shared/api"
	"github.com/vouch-s3/vouch/shared/kmskey"
	"github.com/vouch-s3/vouch/shared/settings"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.ReceiptKeys)
	client := kms.NewFromConfig(cfg)
	var keys []api.PublicKeyer
	for id := range strings.SplitSeq(env[settings.ReceiptKeys], ",") {
		keys = append(keys, kmskey.New(client, id))
	}
	lambda.Start(api.PublicLambda(api.GetKeys(keys...)))
}
