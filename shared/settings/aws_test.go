package settings

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// table returns a client of a DynamoDB that answers by handler.
func table(t *testing.T, handler http.HandlerFunc) *dynamodb.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	t.Setenv("AWS_MAX_ATTEMPTS", "9") // what surrounds a function does not decide this
	t.Setenv("AWS_RETRY_MODE", "adaptive")
	return dynamodb.NewFromConfig(configOf(t, server.URL))
}

// configOf is the configuration of clients of what answers at url.
func configOf(t *testing.T, url string) aws.Config {
	t.Helper()
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "a")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "b")
	t.Setenv("AWS_ENDPOINT_URL", url)
	cfg, err := awsConfig()
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// waitOf is how long the clients of cfg wait for an answer to begin.
func waitOf(t *testing.T, cfg aws.Config) time.Duration {
	t.Helper()
	client, ok := cfg.HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		t.Fatalf("the HTTP client is a %T", cfg.HTTPClient)
	}
	return client.GetTransport().ResponseHeaderTimeout
}

func TestOnlyAPatientCallOutwaitsASlowAnswer(t *testing.T) {
	cfg := configOf(t, "http://127.0.0.1:1")
	patient := Patient(cfg)
	if got := waitOf(t, patient); got != 0 {
		t.Errorf("a patient call waits %v", got)
	}
	if got := waitOf(t, cfg); got != answerWithin {
		t.Errorf("every other waits %v", got)
	}
	if patient.Retryer().MaxAttempts() != attempts || patient.Region != cfg.Region {
		t.Error("a patient call is also otherwise another")
	}
}

func TestACallIsAttemptedThreeTimes(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		body   string
		want   int32
	}{
		"a fault of the service": {http.StatusInternalServerError, `{}`, attempts},
		"throttled":              {http.StatusBadRequest, `{"__type":"ThrottlingException"}`, attempts},
		"a fault of ours":        {http.StatusBadRequest, `{"__type":"ValidationException"}`, 1},
	} {
		var calls atomic.Int32
		client := table(t, func(w http.ResponseWriter, _ *http.Request) {
			calls.Add(1)
			w.WriteHeader(tt.status)
			w.Write([]byte(tt.body))
		})
		_, err := client.ListTables(t.Context(), &dynamodb.ListTablesInput{})
		if err == nil || calls.Load() != tt.want {
			t.Errorf("%s: %d calls, %v", name, calls.Load(), err)
		}
	}
}

// The context of a Lambda function's handler ends at the function's deadline.
func TestNoCallOutlivesItsContext(t *testing.T) {
	for name, answers := range map[string]bool{"it waits for an answer": false, "it would try again": true} {
		ctx, deadline := context.WithCancel(t.Context())
		var calls atomic.Int32
		client := table(t, func(w http.ResponseWriter, r *http.Request) {
			calls.Add(1)
			io.Copy(io.Discard, r.Body) // or the server does not see that the client has left
			deadline()
			if answers {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			<-r.Context().Done()
		})
		if _, err := client.ListTables(ctx, &dynamodb.ListTablesInput{}); !errors.Is(err, context.Canceled) || calls.Load() != 1 {
			t.Errorf("%s: %d calls, %v", name, calls.Load(), err)
		}
	}
}

// A function that finds itself without its role's credentials must not go looking for
// others.
func TestCredentialsComeFromTheEnvironmentAndFromNowhereElse(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"config": "[default]\nregion = us-east-1\n", "credentials": "[default]\naws_access_key_id = c\naws_secret_access_key = d\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "credentials"))
	t.Setenv("AWS_REGION", "eu-west-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "b")
	if _, err := awsConfig(); err == nil || !strings.Contains(err.Error(), "not set: AWS_ACCESS_KEY_ID (") {
		t.Errorf("%v", err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "a")
	t.Setenv("AWS_SESSION_TOKEN", "c")
	cfg, err := awsConfig()
	if err != nil {
		t.Fatal(err)
	}
	got, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil || got.AccessKeyID != "a" || got.SecretAccessKey != "b" || got.SessionToken != "c" || cfg.Region != "eu-west-1" {
		t.Errorf("%+v of %s, %v", got, cfg.Region, err)
	}
}

func TestAServiceMayHaveAStandInOfItsOwn(t *testing.T) {
	for _, tt := range []struct{ all, s3, wantS3, wantTables string }{
		{"", "", "", ""},
		{"http://127.0.0.1:1", "", "http://127.0.0.1:1", "http://127.0.0.1:1"},
		{"http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:2", "http://127.0.0.1:1"},
		{"", "http://127.0.0.1:2", "http://127.0.0.1:2", ""},
	} {
		t.Setenv("AWS_ENDPOINT_URL_S3", tt.s3)
		if tt.s3 == "" {
			os.Unsetenv("AWS_ENDPOINT_URL_S3") // clients tell an empty one from none
		}
		cfg := configOf(t, tt.all)
		if tt.all == "" {
			os.Unsetenv("AWS_ENDPOINT_URL")
		}
		if got := aws.ToString(s3.NewFromConfig(cfg).Options().BaseEndpoint); got != tt.wantS3 {
			t.Errorf("%+v: S3 is at %q", tt, got)
		}
		if got := aws.ToString(dynamodb.NewFromConfig(cfg).Options().BaseEndpoint); got != tt.wantTables {
			t.Errorf("%+v: DynamoDB is at %q", tt, got)
		}
	}
}

// The clients' own zero is none of these: with it, S3 is sent no checksums and none
// are looked at.
func TestWhatIsSentAndReadHasChecksums(t *testing.T) {
	o := s3.NewFromConfig(configOf(t, "http://127.0.0.1:1")).Options()
	if o.RequestChecksumCalculation != aws.RequestChecksumCalculationWhenSupported || o.ResponseChecksumValidation != aws.ResponseChecksumValidationWhenSupported {
		t.Errorf("%v %v", o.RequestChecksumCalculation, o.ResponseChecksumValidation)
	}
}
