package api

import (
	"context"
	"net/http"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
)

// HistoryEvent is an event of the trail as the file's owner sees it.
type HistoryEvent struct {
	ID string `json:"id"`
	At string `json:"at"` // RFC 3339, UTC

	// Actor is the subject of whoever did it, or a function of Vouch. It is left out
	// where that is somebody of another tenant: tenants know nothing of each other.
	Actor     string        `json:"actor,omitempty"`
	RequestID string        `json:"requestId,omitempty"`
	Action    audit.Action  `json:"action"`
	Outcome   audit.Outcome `json:"outcome"`
	VersionID string        `json:"versionId,omitempty"`
	Status    file.Status   `json:"status,omitempty"`
	Reason    string        `json:"reason,omitempty"`
	Call      string        `json:"call,omitempty"`
	Subject   string        `json:"subject,omitempty"` // of a grant: for whom
	Type      string        `json:"type,omitempty"`    // of that subject
	Level     file.Level    `json:"level,omitempty"`
	ExpiresAt string        `json:"expiresAt,omitempty"` // RFC 3339, UTC
	URLs      int           `json:"urls,omitempty"`
}

// History is the answer to GetHistory, newest first. NextCursor is left out on the
// last page.
type History struct {
	Events     []HistoryEvent `json:"events"`
	NextCursor string         `json:"nextCursor,omitempty"`
}

// Trails reads the trail of a file.
type Trails interface {
	List(ctx context.Context, q audit.Query) (events []audit.Event, next string, err error)
}

// GetHistory answers GET /files/{id}/history.
func GetHistory(records access.Records, trails Trails, p policy.Policy, now func() time.Time) Handler {
	return func(ctx context.Context, r Request) (Response, error) {
		q, err := historyQuery(r, p)
		if err != nil {
			return Response{}, err
		}
		f, err := access.Load(ctx, records, r.Principal, r.FileID, access.History, now())
		if err != nil {
			return Response{}, err
		}
		q.FileID = f.ID
		events, next, err := trails.List(ctx, q)
		if err != nil {
			return Response{}, err
		}
		answer := History{Events: make([]HistoryEvent, len(events)), NextCursor: next}
		for i, e := range events {
			answer.Events[i] = historyEvent(e, r.Principal.Tenant)
		}
		return Response{Status: http.StatusOK, Body: answer}, nil
	}
}

func historyQuery(r Request, p policy.Policy) (audit.Query, error) {
	q := audit.Query{Outcome: audit.Done, Limit: p.DefaultPage}
	outcome := parameter{"outcome", func(value string) string {
		if q.Outcome = audit.Outcome(value); !q.Outcome.Valid() {
			return "one of " + string(audit.Done) + ", " + string(audit.Denied)
		}
		return ""
	}}
	if err := readQuery(r, outcome, limitOf(&q.Limit, p), cursorOf(&q.After)); err != nil {
		return audit.Query{}, err
	}
	return q, nil
}

// historyEvent is e as somebody of the tenant sees it. Functions of Vouch are of
// none.
func historyEvent(e audit.Event, tenant string) HistoryEvent {
	v := HistoryEvent{
		ID: e.ID, At: stamp(e.At), RequestID: e.Actor.RequestID, Action: e.Action, Outcome: e.Outcome, VersionID: e.VersionID,
		Status: e.Status, Reason: e.Reason, Call: e.Call, Subject: e.Grantee.Name, Type: string(e.Grantee.Type), Level: e.Level, URLs: e.URLs,
	}
	if e.Actor.Tenant == tenant || e.Actor.ByVouch() {
		v.Actor = e.Actor.Subject
	}
	if e.Action == audit.HoldPlaced || e.Action == audit.HoldReleased {
		v.Reason = "" // which is between administrators
	}
	if !e.ExpiresAt.IsZero() {
		v.ExpiresAt = stamp(e.ExpiresAt)
	}
	return v
}
