package s3event

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"github.com/vouch-s3/vouch/shared/acting"
	"github.com/vouch-s3/vouch/shared/file"
)

// Receiver takes the news that an object version has arrived.
type Receiver interface {
	Arrived(ctx context.Context, obj file.Object) (file.File, error)
}

// Lambda returns a Lambda function's handler that passes the objects created
// in bucket on to r. An error is returned for EventBridge and Lambda to try
// again; an object that no record knows is logged and left alone, since trying
// again would not make it known.
func Lambda(bucket string, r Receiver) func(context.Context, events.EventBridgeEvent) error {
	return func(ctx context.Context, e events.EventBridgeEvent) error {
		ctx = acting.As(ctx, "start-verification")
		obj, err := ObjectCreated(e, bucket)
		if err != nil {
			slog.ErrorContext(ctx, "the event cannot be read", "eventId", e.ID, "error", err.Error())
			return err
		}
		log := slog.With("eventId", e.ID, "key", obj.Key, "versionId", obj.VersionID)
		f, err := r.Arrived(ctx, obj)
		if file.CodeOf(err) == file.CodeNotFound {
			log.WarnContext(ctx, "an object arrived that no record knows")
			return nil
		}
		if err != nil {
			log.ErrorContext(ctx, "the arrival was not recorded", "error", err.Error())
			return err
		}
		log.InfoContext(ctx, "an object arrived", "fileId", f.ID, "status", f.Status, "pinned", f.VersionID == obj.VersionID)
		return nil
	}
}
