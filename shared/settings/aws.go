package settings

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/logging"
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

// awsConfig is the configuration of every AWS client. Retries are the SDK's
// standard mode: the adaptive one also holds back first attempts, by a rate that
// it learns from throttling. A function's instance makes one call at a time and
// learns nothing of the others, so that would only take from its deadline. What
// three attempts do not mend, the hop that called the function tries again
// (docs/reliability.md).
//
// Lambda gives a function its region and its role's credentials in its environment
// ("Defined runtime environment variables", AWS Lambda Developer Guide). They are
// read from there, and credentials come from nowhere else: the SDK's own
// config.LoadDefaultConfig would look for them in files, at the instance's metadata
// and at IAM Identity Center too, whose clients it links into every function and has
// initialised at every start (docs/performance.md). Nor does any other variable of
// the SDK's count, but AWS_ENDPOINT_URL and the like of a service, which say where a
// stand-in for AWS is.
func awsConfig() (aws.Config, error) {
	env, missing := lookUp([]string{region, accessKeyID, secretAccessKey})
	if len(missing) > 0 {
		return aws.Config{}, fmt.Errorf("environment variables are not set: %s (Lambda sets them for every function)", strings.Join(missing, ", "))
	}
	cfg := aws.Config{
		Region:      env[region],
		Credentials: credentials.NewStaticCredentialsProvider(env[accessKeyID], env[secretAccessKey], os.Getenv(sessionToken)),
		HTTPClient:  httpClient(answerWithin),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = attempts
				o.MaxBackoff = backoff
			})
		},
		ConfigSources: []any{standIns{}},
		Logger:        logging.NewStandardLogger(os.Stderr),

		// The SDK's own defaults, which LoadDefaultConfig sets and clients do not.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
		AccountIDEndpointMode:      aws.AccountIDEndpointModePreferred,
	}
	if url := os.Getenv(endpointURL); url != "" {
		cfg.BaseEndpoint = &url
	}
	return cfg, nil
}

// What Lambda gives every function, and what a stand-in for AWS is found by
// ("Service-specific endpoints", AWS SDKs and Tools Reference Guide).
const (
	region          = "AWS_REGION"
	accessKeyID     = "AWS_ACCESS_KEY_ID"
	secretAccessKey = "AWS_SECRET_ACCESS_KEY" // #nosec G101 -- the name of a variable
	sessionToken    = "AWS_SESSION_TOKEN"     // #nosec G101 -- the name of a variable
	endpointURL     = "AWS_ENDPOINT_URL"
)

// standIns tells a client where the stand-in for its service alone is.
type standIns struct{}

// GetServiceBaseEndpoint is what clients look for in aws.Config.ConfigSources.
func (standIns) GetServiceBaseEndpoint(_ context.Context, sdkID string) (url string, found bool, err error) {
	url = os.Getenv(endpointURL + "_" + strings.ReplaceAll(strings.ToUpper(sdkID), " ", "_"))
	return url, url != "", nil
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
