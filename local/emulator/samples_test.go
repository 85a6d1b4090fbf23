package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vouch-s3/vouch/local/apidoc"
	"github.com/vouch-s3/vouch/local/samples"
	"github.com/vouch-s3/vouch/local/stack"
)

// inImagesOnly are the functions that the template has in an image and not
// otherwise, which the local stack has not. They run with what image returns.
var inImagesOnly = []string{"refresh-signatures"}

// The sample events are what docs/sam.md has people pass to sam local invoke, which
// runs them with this very emulator.
func TestEverySampleEventIsAnsweredByItsFunction(t *testing.T) {
	all, err := samples.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	api, err := apidoc.Load(filepath.Join(root, "docs/openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	local := startStack(t)
	functions := map[string]Function{}
	for _, f := range local.Template.Functions {
		env, err := local.Environment(f.LogicalID)
		if err != nil {
			t.Fatal(err)
		}
		functions[filepath.Base(f.CodeURI)] = Function{Name: f.Name, Env: env, Timeout: f.Timeout, MemoryMB: f.MemoryMB}
	}
	for _, name := range inImagesOnly {
		functions[name] = image(t, local, name)
	}
	for name, events := range all {
		t.Run(name, func(t *testing.T) {
			f, ok := functions[name]
			if !ok {
				t.Fatalf("no function of template.yaml is of functions/%s: add it there, or to inImagesOnly if it is in an image", name)
			}
			f.Binary = filepath.Join(binaries, name)
			e := start(t, f)
			for _, s := range events {
				got, err := e.Invoke(t.Context(), s.Event)
				if err != nil {
					t.Fatal(err)
				}
				if err := s.Check(samples.Answer{Payload: got.Payload, ErrorMessage: got.ErrorMessage}, api); err != nil {
					t.Error(err)
				}
			}
			if inits, err := e.Inits(); err != nil || len(inits) != 1 {
				t.Errorf("it was started %d times: %v", len(inits), err)
			}
		})
	}
}

// startStack starts a stack with every function of the template that is no image.
func startStack(t *testing.T) *stack.Stack {
	t.Helper()
	s, err := stack.Start(t.Context(), stack.Options{
		Template: filepath.Join(root, "template.yaml"), Functions: binaries, Dir: filepath.Join(dir, "stack"), Scanners: "clamav+guardduty",
		API: "127.0.0.1:0", MachineAPI: "127.0.0.1:0", S3: "127.0.0.1:0", AWS: "127.0.0.1:0", Clamd: "127.0.0.1:0",
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- callClean(ctx, s) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("GuardDuty: %v", err)
		}
		s.Close()
	})
	return s
}

// callClean says in GuardDuty's place that it found nothing in each object that
// comes, until ctx ends: the canary's clean file waits for that.
func callClean(ctx context.Context, s *stack.Stack) error {
	bucket := aws.String(s.Template.Buckets[0].Name)
	bus := eventbridge.NewFromConfig(s.Admin())
	said := map[string]bool{}
	for {
		page, err := s.Objects().ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: bucket})
		if err != nil {
			return err
		}
		for _, v := range page.Versions {
			if said[*v.VersionId] {
				continue
			}
			detail, err := json.Marshal(map[string]any{
				"scanStatus": "COMPLETED", "resourceType": "S3_OBJECT",
				"s3ObjectDetails":   map[string]any{"bucketName": bucket, "objectKey": v.Key, "versionId": v.VersionId, "eTag": strings.Trim(*v.ETag, `"`)},
				"scanResultDetails": map[string]any{"scanResultStatus": "NO_THREATS_FOUND", "threats": nil},
			})
			if err != nil {
				return err
			}
			out, err := bus.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
				Source: aws.String("aws.guardduty"), DetailType: aws.String("GuardDuty Malware Protection Object Scan Result"), Detail: aws.String(string(detail)),
			}}})
			if err != nil {
				return err
			}
			if out.FailedEntryCount > 0 {
				return errors.New(aws.ToString(out.Entries[0].ErrorMessage))
			}
			said[*v.VersionId] = true
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// image is what runs a function that is in an image only: as the administrator, for
// the template gives it a role that the local stack does not read, and with an
// empty mirror of signatures.
func image(t *testing.T, s *stack.Stack, name string) Function {
	t.Helper()
	key, err := s.Admin().Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return Function{Name: name, Timeout: 60 * time.Second, MemoryMB: 4096, Env: map[string]string{
		"AWS_REGION": stack.Region, "AWS_ACCESS_KEY_ID": key.AccessKeyID, "AWS_SECRET_ACCESS_KEY": key.SecretAccessKey,
		"AWS_ENDPOINT_URL_S3": s.S3URL(), "SIGNATURES_BUCKET": s.Template.Buckets[0].Name,
	}}
}

// It is what sam local start-api makes of every call, for it carries out no JWT
// authorizer.
func TestACallThatNoAuthorizerHasSeenIsNobodys(t *testing.T) {
	all, err := samples.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all["get-file"] {
		var event map[string]any
		if err := json.Unmarshal(s.Event, &event); err != nil {
			t.Fatal(err)
		}
		delete(event["requestContext"].(map[string]any), "authorizer")
		bare, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		e := start(t, Function{Name: "get-file", Binary: filepath.Join(binaries, "get-file"), Timeout: 5 * time.Second, MemoryMB: 128, Env: map[string]string{
			"AWS_REGION": stack.Region, "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
			"FILES_TABLE": "none", "HISTORY_TABLE": "none", "OWNER_CLAIM": "sub", "MACHINE_ROUTES": "disabled",
		}})
		got, err := e.Invoke(t.Context(), bare)
		if err != nil || !strings.Contains(string(got.Payload), `"statusCode":401`) || !strings.Contains(string(got.Payload), "urn:vouch:problem:unauthorized") {
			t.Errorf("%s: %s %v", s.File, got.Payload, err)
		}
	}
}
