// Package s3event reads what Amazon S3 tells EventBridge of new objects.
package s3event

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-lambda-go/events"

	"github.com/vouch-s3/vouch/shared/file"
)

// detail is the part of an "Object Created" event that is used ("EventBridge
// event message structure", Amazon S3 User Guide). Unlike in notifications to
// queues and functions, the key is not URL-encoded.
type detail struct {
	Bucket struct {
		Name string `json:"name"`
	} `json:"bucket"`
	Object struct {
		Key       string `json:"key"`
		Size      int64  `json:"size"`
		ETag      string `json:"etag"`
		VersionID string `json:"version-id"`
	} `json:"object"`
}

// ObjectCreated returns the object version that the event tells of. It is an
// error when the event is another one, tells of another bucket, or does not
// name the version: nothing may be verified that is not pinned.
func ObjectCreated(e events.EventBridgeEvent, bucket string) (file.Object, error) {
	if e.Source != "aws.s3" || e.DetailType != "Object Created" {
		return file.Object{}, fmt.Errorf("event %s is a %q of %q, not an Object Created of aws.s3", e.ID, e.DetailType, e.Source)
	}
	var d detail
	if err := json.Unmarshal(e.Detail, &d); err != nil {
		return file.Object{}, fmt.Errorf("read the detail of event %s: %w", e.ID, err)
	}
	switch {
	case d.Bucket.Name != bucket:
		return file.Object{}, fmt.Errorf("event %s is of bucket %q, not of %q", e.ID, d.Bucket.Name, bucket)
	case d.Object.Key == "" || d.Object.VersionID == "" || d.Object.ETag == "":
		return file.Object{}, fmt.Errorf("event %s names no key, version or ETag", e.ID)
	}
	return file.Object{
		Key:       d.Object.Key,
		VersionID: d.Object.VersionID,
		ETag:      d.Object.ETag,
		Size:      d.Object.Size,
	}, nil
}
