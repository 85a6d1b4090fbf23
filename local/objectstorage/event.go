package objectstorage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/uuid"
)

// Event is the detail of an "Object Created" event, as S3 tells it EventBridge
// ("EventBridge event message structure", Amazon S3 User Guide).
type Event struct {
	Version         string      `json:"version"`
	Bucket          EventBucket `json:"bucket"`
	Object          EventObject `json:"object"`
	RequestID       string      `json:"request-id"`
	Requester       string      `json:"requester"`
	SourceIPAddress string      `json:"source-ip-address"`
	Reason          string      `json:"reason"`
}

// EventBucket names the bucket of an Event.
type EventBucket struct {
	Name string `json:"name"`
}

// EventObject names the object version of an Event.
type EventObject struct {
	Key       string `json:"key"`
	Size      int64  `json:"size"` // bytes
	ETag      string `json:"etag"` // without quotes
	VersionID string `json:"version-id,omitempty"`
	Sequencer string `json:"sequencer"`
}

// created tells of the object that a request has created. versitygw's own
// notifications lack the version, so it is looked up where the answer does not
// name it.
func (s *Store) created(resp *http.Response, op operation, signed signature, o Options) {
	if o.Notify == nil {
		return
	}
	version := resp.Header.Get("X-Amz-Version-Id")
	source, _, _ := strings.Cut(resp.Request.RemoteAddr, ":")
	sequence := s.sequence.next()
	s.notices.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		input := &s3.HeadObjectInput{Bucket: &op.bucket, Key: &op.key}
		if version != "" {
			input.VersionId = &version
		}
		head, err := s.admin.HeadObject(ctx, input)
		if err != nil {
			s.log.Error("the event of a new object is lost: it cannot be looked up", "key", op.key, "error", err.Error())
			return
		}
		o.Notify(ctx, Event{
			Version: "0",
			Bucket:  EventBucket{Name: op.bucket},
			Object: EventObject{
				Key:       op.key,
				Size:      aws.ToInt64(head.ContentLength),
				ETag:      strings.Trim(aws.ToString(head.ETag), `"`),
				VersionID: aws.ToString(head.VersionId),
				Sequencer: sequence,
			},
			RequestID:       strings.ToUpper(strings.ReplaceAll(uuid.NewString(), "-", ""))[:16],
			Requester:       signed.AccessKey,
			SourceIPAddress: source,
			Reason:          op.creates,
		})
	})
}

// sequencer gives out the sequencers of events: hexadecimal, ever growing,
// across restarts too, for they follow the clock.
type sequencer struct {
	mu   sync.Mutex
	last int64
}

func (s *sequencer) next() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = max(s.last+1, time.Now().UnixNano())
	return fmt.Sprintf("%018X", s.last)
}

// statusOf returns the HTTP status of an error that S3 answered, or 0.
func statusOf(err error) int {
	if re, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return re.HTTPStatusCode()
	}
	return 0
}

func setBody(resp *http.Response, body string) {
	resp.Body = io.NopCloser(strings.NewReader(body))
	resp.ContentLength = int64(len(body))
	resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
}
