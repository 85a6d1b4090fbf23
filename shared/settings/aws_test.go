package settings

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

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
	cfg, err := awsConfig(t.Context(),
		config.WithRegion("us-east-1"),
		config.WithBaseEndpoint(server.URL),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("a", "b", "")),
	)
	if err != nil {
		t.Fatal(err)
	}
	return dynamodb.NewFromConfig(cfg)
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
