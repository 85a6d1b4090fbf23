package ask

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/api"
	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/idempotency"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/s3store"
	"github.com/vouch-s3/vouch/shared/upload"
)

// handler is the function create-upload, from the payload that the Lambda runtime
// hands it to the one that it hands back, wired as functions/create-upload does it:
// with its tables, answered from memory, or keeping nothing.
func handler(keeping bool) lambda.Handler {
	cfg := configuration()
	cfg.HTTPClient = &http.Client{Transport: table{}}
	tables := dynamodb.NewFromConfig(cfg)
	limits := policy.Default()
	objects := s3store.New(cfg, bucket)
	creator := upload.Creator{Presigner: objects, Uploads: objects, Policy: limits, Now: time.Now, Records: nothing{}}
	if keeping {
		creator.Records = dynamo.New(tables, "vouch-files").Recording("vouch-history").Counting("vouch-usage").Within(limits.Quotas)
	}
	keys := idempotency.Keeper{Store: dynamo.NewCalls(tables, "vouch-idempotency"), Now: time.Now}
	return lambda.NewHandler(api.Lambda(access.Claims{Owner: "sub"}, api.Idempotent(keys, api.CreateUpload(creator))))
}

// URLOnly is the function without its tables: it gives a URL out and keeps nothing.
func URLOnly() lambda.Handler { return handler(false) }

// nothing keeps no records.
type nothing struct{ upload.Records }

func (nothing) Create(context.Context, file.File) error { return nil }
func (nothing) Note(context.Context, audit.Event) error { return nil }

// created checks that a handler's answer is that of a file which was made.
func created(reply []byte, err error) error {
	if err != nil {
		return err
	}
	var r api.Reply
	if err := json.Unmarshal(reply, &r); err != nil {
		return fmt.Errorf("read the reply: %w", err)
	}
	if r.StatusCode != http.StatusCreated {
		return fmt.Errorf("answered %d: %s", r.StatusCode, r.Body)
	}
	return nil
}
