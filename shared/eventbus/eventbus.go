// Package eventbus publishes the end states of files to the project's own
// EventBridge bus. The events are a contract: docs/events.md describes them.
package eventbus

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/vouch-s3/vouch/shared/file"
)

// Source is the source of every event.
const Source = "vouch"

// detailTypes names the event of each end state that is published.
var detailTypes = map[file.Status]string{
	file.Ready:    "File Ready",
	file.Rejected: "File Rejected",
}

// Detail is the detail of an event. Subscribers may see the same one more than
// once: FileID, Status and Revision together tell a repeat.
type Detail struct {
	FileID string `json:"fileId"`

	// Owner is the subject who uploaded the file, and Tenant theirs, left out
	// where there are no tenants.
	Owner  string `json:"owner"`
	Tenant string `json:"tenant,omitempty"`

	Status         file.Status `json:"status"`
	Reason         file.Reason `json:"reason,omitempty"`
	Filename       string      `json:"filename"`
	ContentType    string      `json:"contentType"`
	Size           int64       `json:"size"` // bytes
	ChecksumSHA256 string      `json:"checksumSHA256,omitempty"`

	// Verdict is what was found out about the bytes; left out where
	// verification did not get as far as them.
	Verdict *file.Verdict `json:"verdict,omitempty"`

	// Receipt is the signed statement of a ready file's verdict, a JWS.
	Receipt string `json:"receipt,omitempty"`

	Bucket    string    `json:"bucket"`
	Key       string    `json:"key"`
	VersionID string    `json:"versionId"`
	Revision  int64     `json:"revision"`
	At        time.Time `json:"at"`
}

// API is what the Bus calls of EventBridge.
type API interface {
	PutEvents(context.Context, *eventbridge.PutEventsInput, ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)
}

// Bus is an event bus.
type Bus struct {
	api    API
	name   string
	bucket string
}

// New returns the bus with the name; its events say that the bytes are in bucket.
func New(api API, name, bucket string) *Bus { return &Bus{api: api, name: name, bucket: bucket} }

// Publish tells subscribers that f has reached its end state. PutEvents can
// succeed as a call and fail for an entry; both are errors here.
func (b *Bus) Publish(ctx context.Context, f file.File) error {
	detailType, ok := detailTypes[f.Status]
	if !ok {
		return fmt.Errorf("publish file %s: no event for status %s", f.ID, f.Status)
	}
	tenant, owner := file.SplitOwner(f.Owner)
	detail, err := json.Marshal(Detail{
		FileID: f.ID, Owner: owner, Tenant: tenant, Status: f.Status, Reason: f.Reason,
		Filename: f.Filename, ContentType: f.ContentType, Size: f.Size, ChecksumSHA256: f.ChecksumSHA256,
		Verdict: f.Verdict, Receipt: f.Receipt,
		Bucket: b.bucket, Key: f.Key, VersionID: f.VersionID, Revision: f.Revision, At: f.UpdatedAt,
	})
	if err != nil {
		return fmt.Errorf("encode the event of file %s: %w", f.ID, err)
	}
	out, err := b.api.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		EventBusName: &b.name,
		Source:       aws.String(Source),
		DetailType:   &detailType,
		Detail:       aws.String(string(detail)),
		Time:         &f.UpdatedAt,
	}}})
	if err != nil {
		return fmt.Errorf("put the event of file %s: %w", f.ID, err)
	}
	for _, entry := range out.Entries {
		if entry.ErrorCode != nil {
			return fmt.Errorf("put the event of file %s: %s: %s", f.ID, *entry.ErrorCode, aws.ToString(entry.ErrorMessage))
		}
	}
	if out.FailedEntryCount > 0 {
		return fmt.Errorf("put the event of file %s: EventBridge refused it", f.ID)
	}
	return nil
}
