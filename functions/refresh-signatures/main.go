// Command refresh-signatures is run by a schedule. It brings the mirror of
// ClamAV's signatures up to date, and says how old they are.
package main

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vouch-s3/vouch/shared/metrics"
	"github.com/vouch-s3/vouch/shared/s3mirror"
	"github.com/vouch-s3/vouch/shared/settings"
	"github.com/vouch-s3/vouch/shared/signatures"
)

func main() {
	env, cfg := settings.MustRead(context.Background(), settings.Signatures)
	refresher := signatures.Refresher{
		Mirror:  s3mirror.Mirror{Client: s3.NewFromConfig(cfg), Bucket: env[settings.Signatures]},
		Updater: signatures.Freshclam{Path: "/usr/bin/freshclam", Config: "/etc/vouch/official.conf"},
		Dir:     "/tmp/signatures",
		Now:     time.Now,
	}
	emitter := metrics.OfFunction()
	lambda.Start(func(ctx context.Context) error {
		age, err := refresher.Refresh(ctx)
		if age > 0 {
			err = errors.Join(err, emitter.Emit(metrics.Value{Name: "SignatureAgeHours", Unit: "None", Value: age.Hours()}))
		}
		return err
	})
}
