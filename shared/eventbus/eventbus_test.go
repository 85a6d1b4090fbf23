package eventbus

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/vouch-s3/vouch/shared/file"
)

// fault answers PutEvents with a failure that the service cannot be brought to.
type fault struct {
	out *eventbridge.PutEventsOutput
	err error
}

func (f fault) PutEvents(context.Context, *eventbridge.PutEventsInput, ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	return f.out, f.err
}

func TestAnEntryThatFailedIsAnErrorThoughTheCallSucceeded(t *testing.T) {
	for name, f := range map[string]fault{
		"call":  {nil, errors.New("throttled")},
		"entry": {&eventbridge.PutEventsOutput{FailedEntryCount: 1, Entries: []types.PutEventsResultEntry{{ErrorCode: aws.String("InternalFailure")}}}, nil},
		"count": {&eventbridge.PutEventsOutput{FailedEntryCount: 1}, nil},
	} {
		if err := New(f, "bus", "bucket").Publish(t.Context(), file.File{Status: file.Ready}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestOnlyVerdictsArePublished(t *testing.T) {
	for _, s := range file.Statuses() {
		err := New(fault{&eventbridge.PutEventsOutput{}, nil}, "bus", "bucket").Publish(t.Context(), file.File{Status: s})
		if (err == nil) != (s == file.Ready || s == file.Rejected) {
			t.Errorf("%s: %v", s, err)
		}
	}
}
