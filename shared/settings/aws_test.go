package settings

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
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
	cfg, err := awsConfig(t.Context(),
		config.WithRegion("us-east-1"),
		config.WithBaseEndpoint(url),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("a", "b", "")),
	)
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
