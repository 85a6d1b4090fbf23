// Command prove-erasure is the step of an erasure at its beginning, where it closes
// the owner's account, and at its end, where it looks whether anything is left and
// signs that nothing is.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/erasure"
	"github.com/vouch-s3/vouch/shared/kmskey"
	"github.com/vouch-s3/vouch/shared/s3store"
	"github.com/vouch-s3/vouch/shared/settings"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Table, settings.History, settings.Usage, settings.Bucket, settings.Erasures, settings.ReceiptKey)
	client := dynamodb.NewFromConfig(cfg)
	accounts := dynamo.NewAccounts(client, env[settings.Usage])
	lambda.Start(erasure.Lambda(erasure.Prover{
		Ledger:   dynamo.NewErasures(client, env[settings.Erasures]),
		Accounts: accounts,
		Records:  dynamo.New(client, env[settings.Table]),
		Events:   dynamo.NewHistories(client, env[settings.History]),
		Contents: s3store.New(cfg, env[settings.Bucket]),
		Balances: accounts,
		Issuer:   erasure.Signed{Signer: kmskey.New(kms.NewFromConfig(cfg), env[settings.ReceiptKey]), Bucket: env[settings.Bucket]},
		Now:      time.Now,
		Pause:    erasure.Pause,
	}.Look))
}
