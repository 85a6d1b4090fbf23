// Command scan-object is the second step of the workflow: it streams the
// object through SHA-256 and the malware scanner, unless the step before has
// decided already.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vouch-s3/vouch/shared/clamd"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/policy/override"
	"github.com/vouch-s3/vouch/shared/s3store"
	"github.com/vouch-s3/vouch/shared/settings"
	"github.com/vouch-s3/vouch/shared/step"
	"github.com/vouch-s3/vouch/shared/verify"
)

func main() {
	scanners := settings.MustScanners()
	names := []string{settings.Table, settings.Bucket}
	if scanners.Asks(verify.ClamAV) {
		names = append(names, settings.Clamd)
	}
	env, cfg := settings.MustRead(context.Background(), names...)
	var antivirus verify.Antivirus = verify.Unasked{}
	ready := func(context.Context) error { return nil }
	if scanners.Asks(verify.ClamAV) {
		client := clamd.Client{Addr: env[settings.Clamd]}
		antivirus = client
		if wait := settings.MustDuration(settings.ClamdWait); wait > 0 {
			ready = func(ctx context.Context) error { return client.Ready(ctx, wait) }
		}
	}
	scanner := verify.Scanner{
		Records:   dynamo.New(dynamodb.NewFromConfig(cfg), env[settings.Table]),
		Objects:   s3store.New(cfg, env[settings.Bucket]),
		Antivirus: antivirus,
		Scanners:  scanners,
		Policy:    settings.MustPolicy(override.Load),
		Now:       time.Now,
	}
	lambda.Start(step.Lambda("scan-object", func(ctx context.Context, t step.Task) (verify.Result, error) {
		return verify.IfPassed(t.Step, func() (verify.Result, error) {
			if err := ready(ctx); err != nil {
				return verify.Result{}, err
			}
			return scanner.Scan(ctx, t.Job)
		})
	}))
}
