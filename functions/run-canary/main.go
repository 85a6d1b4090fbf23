// Command run-canary runs on a schedule and proves that malware is refused and
// a clean file is served.
package main

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vouch-s3/vouch/shared/canary"
	"github.com/vouch-s3/vouch/shared/deletion"
	"github.com/vouch-s3/vouch/shared/download"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/metrics"
	"github.com/vouch-s3/vouch/shared/policy/override"
	"github.com/vouch-s3/vouch/shared/quota"
	"github.com/vouch-s3/vouch/shared/s3store"
	"github.com/vouch-s3/vouch/shared/settings"
	"github.com/vouch-s3/vouch/shared/upload"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Table, settings.History, settings.Usage, settings.Bucket)
	records := dynamo.New(dynamodb.NewFromConfig(cfg), env[settings.Table]).Recording(env[settings.History]).Counting(env[settings.Usage]).Within(quota.Quotas{}) // no quota of the policy is meant for the canary
	objects := s3store.New(cfg, env[settings.Bucket])
	limits := settings.MustPolicy(override.Load)
	lambda.Start(canary.Lambda(canary.Canary{
		Uploads:     upload.Creator{Records: records, Presigner: objects, Policy: canary.OneWay(limits), Now: time.Now},
		Downloads:   download.Creator{Records: records, Presigner: objects, Policy: limits, Now: time.Now},
		Deletions:   deletion.Deleter{Records: records, Objects: objects, Policy: limits, Now: time.Now},
		Records:     records,
		Presigner:   objects,
		HTTP:        &http.Client{Timeout: 30 * time.Second},
		Now:         time.Now,
		ContentType: canary.ContentType(limits),
		NoScanner:   len(settings.MustScanners()) == 0,
	}, metrics.OfFunction()))
}
