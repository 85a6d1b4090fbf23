package eventbus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/file"
)

// AuditType is the detail-type of every event of the trail.
const AuditType = "Audit Event"

// AuditDetail is the detail of an event of the trail. Subscribers may see the same
// one more than once, and later than one that came after it: EventID tells a
// repeat, and the events of a file sort by it.
type AuditDetail struct {
	EventID   string        `json:"eventId"`
	At        time.Time     `json:"at"`
	Actor     AuditActor    `json:"actor"`
	RequestID string        `json:"requestId,omitempty"`
	Action    audit.Action  `json:"action"`
	Outcome   audit.Outcome `json:"outcome"`
	FileID    string        `json:"fileId"`

	// Owner is the subject who uploaded the file, and Tenant theirs. Both are left
	// out of a denial, which does not say whether there is such a file.
	Owner  string `json:"owner,omitempty"`
	Tenant string `json:"tenant,omitempty"`

	VersionID string        `json:"versionId,omitempty"`
	Status    file.Status   `json:"status,omitempty"`
	Reason    string        `json:"reason,omitempty"`
	Call      string        `json:"call,omitempty"`
	Grantee   *AuditGrantee `json:"grantee,omitempty"`
	Level     file.Level    `json:"level,omitempty"`
	ExpiresAt time.Time     `json:"expiresAt,omitzero"`
	URLs      int           `json:"urls,omitempty"`
}

// AuditActor is who did it, or was denied it.
type AuditActor struct {
	Subject string `json:"subject"`
	Tenant  string `json:"tenant,omitempty"`
}

// AuditGrantee is whom a grant is for.
type AuditGrantee struct {
	Type file.GranteeType `json:"type"`
	Name string           `json:"name"`
}

func auditDetail(e audit.Event) AuditDetail {
	tenant, owner := file.SplitOwner(e.Owner)
	d := AuditDetail{
		EventID: e.ID, At: e.At, Actor: AuditActor{e.Actor.Subject, e.Actor.Tenant}, RequestID: e.Actor.RequestID,
		Action: e.Action, Outcome: e.Outcome, FileID: e.FileID, Owner: owner, Tenant: tenant, VersionID: e.VersionID,
		Status: e.Status, Reason: e.Reason, Call: e.Call, Level: e.Level, ExpiresAt: e.ExpiresAt, URLs: e.URLs,
	}
	if e.Grantee != (file.Grantee{}) {
		d.Grantee = &AuditGrantee{e.Grantee.Type, e.Grantee.Name}
	}
	return d
}

// entriesAtOnce is how many entries PutEvents takes (PutEvents, Amazon EventBridge
// API Reference). None is longer than 4 KB, so that they are far below 256 KB.
const entriesAtOnce = 10

// Trail publishes the events of the trail to a bus.
type Trail struct {
	api  API
	name string
}

// NewTrail returns the Trail on the bus with the name.
func NewTrail(api API, name string) *Trail { return &Trail{api, name} }

// Tell publishes events, and returns what kept each from being published; nil
// stands for nothing. PutEvents can succeed as a call and fail for an entry.
func (t *Trail) Tell(ctx context.Context, events []audit.Event) []error {
	var errs []error
	for begin := 0; begin < len(events); begin += entriesAtOnce {
		errs = append(errs, t.tell(ctx, events[begin:min(begin+entriesAtOnce, len(events))])...)
	}
	return errs
}

func (t *Trail) tell(ctx context.Context, events []audit.Event) []error {
	errs := make([]error, len(events))
	all := func(err error) []error {
		for i := range errs {
			errs[i] = fmt.Errorf("put the events of the trail: %w", err)
		}
		return errs
	}
	entries := make([]types.PutEventsRequestEntry, len(events))
	for i, e := range events {
		detail, err := json.Marshal(auditDetail(e))
		if err != nil {
			return all(err)
		}
		entries[i] = types.PutEventsRequestEntry{
			EventBusName: &t.name, Source: aws.String(Source), DetailType: aws.String(AuditType), Detail: aws.String(string(detail)), Time: &events[i].At,
		}
	}
	out, err := t.api.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries})
	if err != nil {
		return all(err)
	}
	if len(out.Entries) != len(entries) {
		return all(errors.New("EventBridge answered for others than it was asked"))
	}
	for i, entry := range out.Entries {
		if entry.ErrorCode != nil {
			errs[i] = fmt.Errorf("put the event %s: %s: %s", events[i].ID, *entry.ErrorCode, aws.ToString(entry.ErrorMessage))
		}
	}
	return errs
}
