package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/vouch-s3/vouch/local/awsapi"
	"github.com/vouch-s3/vouch/local/httpgateway"
	"github.com/vouch-s3/vouch/local/lambdas"
	"github.com/vouch-s3/vouch/local/objectstorage"
	"github.com/vouch-s3/vouch/local/samtemplate"
)

// defaultConcurrency is how many environments a function may have here that
// the template does not limit.
const defaultConcurrency = 8

func (s *Stack) function(f samtemplate.Function, o Options, failures string) (lambdas.Function, error) {
	binary := filepath.Join(o.Functions, filepath.Base(f.CodeURI))
	if _, err := os.Stat(binary); err != nil {
		return lambdas.Function{}, fmt.Errorf("the binary of %s is missing (make functions builds it): %w", f.LogicalID, err)
	}
	var env []string
	for name, value := range s.environment(f) {
		env = append(env, name+"="+value)
	}
	fn := lambdas.Function{
		Name: f.Name, ARN: f.ARN, Command: binary, Env: env, Timeout: f.Timeout, MemoryMB: f.MemoryMB,
		MaxConcurrency: f.MaxConcurrency, AsyncRetries: f.AsyncRetries,
	}
	if fn.MaxConcurrency == 0 {
		fn.MaxConcurrency = defaultConcurrency
	}
	if failures != "" {
		fn.OnFailure = func(ctx context.Context, payload []byte, r lambdas.Result) {
			s.deadLetter(ctx, failures, f.ARN, payload, r)
		}
	}
	return fn, nil
}

// Environment returns what a function, by its logical id, is given in its
// environment besides what Lambda gives every function.
func (s *Stack) Environment(logicalID string) (map[string]string, error) {
	for _, f := range s.Template.Functions {
		if f.LogicalID == logicalID {
			return s.environment(f), nil
		}
	}
	return nil, fmt.Errorf("the template has no function %s", logicalID)
}

// environment is what the template says, and as whom and where the function calls
// AWS here.
func (s *Stack) environment(f samtemplate.Function) map[string]string {
	key := s.keys.functions[f.LogicalID]
	env := map[string]string{
		"AWS_REGION":            Region,
		"AWS_DEFAULT_REGION":    Region,
		"AWS_ACCESS_KEY_ID":     key.ID,
		"AWS_SECRET_ACCESS_KEY": key.Secret,
		"AWS_ENDPOINT_URL":      urlOf(s.via.AWS, s.aws.URL()),
		"AWS_ENDPOINT_URL_S3":   urlOf(s.via.S3, s.objects.URL()),
	}
	maps.Copy(env, f.Env)
	return env
}

// urlOf is the URL of the proxy at addr, or direct if there is none.
func urlOf(addr, direct string) string {
	if addr == "" {
		return direct
	}
	return "http://" + addr
}

// deadLetter sends what a function failed at to a queue, in the form of an
// asynchronous invocation's record ("Capturing records of Lambda asynchronous
// invocations").
func (s *Stack) deadLetter(ctx context.Context, queueURL, functionARN string, payload []byte, r lambdas.Result) {
	record, err := json.Marshal(map[string]any{
		"version":         "1.0",
		"timestamp":       time.Now().UTC(),
		"requestContext":  map[string]any{"requestId": r.RequestID, "functionArn": functionARN + ":$LATEST", "condition": "RetriesExhausted"},
		"requestPayload":  json.RawMessage(payload),
		"responsePayload": json.RawMessage(r.Payload),
	})
	if err == nil {
		err = s.aws.Send(ctx, queueURL, string(record))
	}
	if err != nil {
		s.log.Error("a failed invocation did not reach the dead-letter queue", "function", functionARN, "error", err.Error())
	}
}

func bucketOf(b samtemplate.Bucket) objectstorage.Bucket {
	out := objectstorage.Bucket{Name: b.Name, Versioned: b.Versioned}
	for _, r := range b.CORS {
		out.CORS = append(out.CORS, types.CORSRule{
			AllowedOrigins: r.AllowedOrigins, AllowedMethods: r.AllowedMethods, AllowedHeaders: r.AllowedHeaders,
			ExposeHeaders: r.ExposedHeaders, MaxAgeSeconds: &r.MaxAge,
		})
	}
	for _, r := range b.Lifecycle {
		out.Lifecycle = append(out.Lifecycle, objectstorage.Rule{
			ID: r.ID, Tags: r.Tags, ExpireDays: r.ExpireDays, NoncurrentDays: r.NoncurrentDays,
			AbortMultipartDays: r.AbortMultipartDays, ExpiredDeleteMarkers: r.ExpiredDeleteMarkers,
		})
	}
	return out
}

func createTable(t samtemplate.Table) map[string]any {
	in := map[string]any{
		"TableName": t.Name, "BillingMode": "PAY_PER_REQUEST",
		"AttributeDefinitions": t.Attributes, "KeySchema": t.Key,
	}
	if len(t.Indexes) > 0 {
		in["GlobalSecondaryIndexes"] = t.Indexes
	}
	return in
}

// The ids of the HTTP APIs, as they stand in the resources of policies.
const (
	tokenAPI   = "local"
	machineAPI = "machines"
)

func gatewayConfig(id string, a samtemplate.API, who httpgateway.Identities) httpgateway.Config {
	cfg := httpgateway.Config{
		APIID: id, AccountID: awsapi.AccountID, Region: Region, Identities: who, Authorizers: map[string]httpgateway.Authorizer{},
		RatePerSecond: a.RatePerSecond, Burst: a.Burst,
	}
	for name, authorizer := range a.Authorizers {
		cfg.Authorizers[name] = httpgateway.Authorizer(authorizer)
	}
	if a.CORS != nil {
		cors := httpgateway.CORS(*a.CORS)
		cfg.CORS = &cors
	}
	for _, r := range a.Routes {
		switch r.Authorizer {
		case "":
			r.Authorizer = a.DefaultAuthorizer
		case "NONE":
			r.Authorizer = ""
		}
		cfg.Routes = append(cfg.Routes, httpgateway.Route(r))
	}
	return cfg
}

// invoker lets the HTTP API invoke functions.
type invoker struct{ service *lambdas.Service }

func (i invoker) Invoke(ctx context.Context, function string, payload []byte) ([]byte, string, error) {
	r, err := i.service.Invoke(ctx, function, payload)
	return r.Payload, r.FunctionError, err
}

// eventLog returns a function that writes every event on a bus to a file, a
// JSON object a line, for people to follow with tail -f.
func (s *Stack) eventLog(dir string) func(bus, source, detailType, detail string) {
	var mu sync.Mutex
	path := filepath.Join(dir, "events.jsonl")
	return func(bus, source, detailType, detail string) {
		line, err := json.Marshal(map[string]any{
			"time": time.Now().UTC(), "bus": bus, "source": source, "detail-type": detailType, "detail": json.RawMessage(detail),
		})
		if err != nil {
			s.log.Error("an event cannot be written down", "error", err.Error())
			return
		}
		mu.Lock()
		defer mu.Unlock()
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			s.log.Error("an event cannot be written down", "error", err.Error())
			return
		}
		defer f.Close()
		if _, err := f.Write(append(line, '\n')); err != nil {
			s.log.Error("an event cannot be written down", "error", err.Error())
		}
	}
}
