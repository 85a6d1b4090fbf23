package settings

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
)

// How every call of AWS is made. The whole of a call, with its attempts and the
// waits between them, ends with its context, whose deadline is the Lambda
// function's. These keep one attempt that hangs from using all of it up: of the
// shortest deadline, 10 seconds, it leaves enough for another.
const (
	attempts = 3               // of one call, the first included
	backoff  = 2 * time.Second // the longest wait between two attempts, before jitter takes from it

	connectWithin = 2 * time.Second
	answerWithin  = 5 * time.Second // from the end of the request to the first of the response's headers
)

// awsConfig loads the configuration of every AWS client. Retries are the SDK's
// standard mode: the adaptive one also holds back first attempts, by a rate that
// it learns from throttling. A function's instance makes one call at a time and
// learns nothing of the others, so that would only take from its deadline. What
// three attempts do not mend, the hop that called the function tries again
// (docs/reliability.md).
func awsConfig(ctx context.Context, more ...func(*config.LoadOptions) error) (aws.Config, error) {
	return config.LoadDefaultConfig(ctx, append([]func(*config.LoadOptions) error{
		config.WithHTTPClient(httpClient(answerWithin)),
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = attempts
				o.MaxBackoff = backoff
			})
		}),
	}, more...)...)
}

// httpClient makes the connections of AWS clients. answer is how long they wait
// for an answer to begin; 0 for as long as the call's context lets them.
func httpClient(answer time.Duration) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = connectWithin }).
		WithTransportOptions(func(t *http.Transport) {
			t.TLSHandshakeTimeout = connectWithin
			t.ResponseHeaderTimeout = answer
		})
}

// Patient returns cfg for calls that may take as long as their context lets them:
// S3 puts thousands of parts together before it says how that went, and may not
// begin to answer until then ("CompleteMultipartUpload", Amazon S3 API Reference:
// "could take several minutes"). An attempt that is cut off for being slow would
// only be followed by one that finds the upload gone.
func Patient(cfg aws.Config) aws.Config {
	patient := cfg.Copy()
	patient.HTTPClient = httpClient(0)
	return patient
}
