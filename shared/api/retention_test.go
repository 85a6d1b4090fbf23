package api

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/file/filetest"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/retention"
)

// kept is a record of alice's, and what keeps it.
type kept struct {
	filetest.Records
	id string
}

func (k *kept) Tag(context.Context, string, string, file.Outcome) error { return nil }

func newKept(t *testing.T, f file.File) *kept {
	t.Helper()
	id, err := file.NewID()
	if err != nil {
		t.Fatal(err)
	}
	k := &kept{id: id}
	f.ID, f.Owner, f.CreatedAt, f.Revision = id, "alice", now, 1
	if err := k.Create(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	return k
}

func (k *kept) clock() time.Time { return now }

func (k *kept) record(t *testing.T) file.File {
	t.Helper()
	f, err := k.Get(t.Context(), k.id)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (k *kept) set(t *testing.T, body string) Reply {
	t.Helper()
	e := event("alice", body)
	e.PathParameters = map[string]string{"id": k.id}
	return call(t, SetRetention(retention.Retainer{Records: k, Policy: policy.Default(), Now: k.clock}), e)
}

func TestHowLongAFileIsKeptIsReadInOneWayOnly(t *testing.T) {
	for body, tt := range map[string]struct {
		status int
		answer string
	}{
		`{"expiresAt":"2026-11-24T16:00:00Z"}`:             {200, `{"expiresAt":"2026-11-24T16:00:00.000Z"}`},
		`{"expiresAt":"2026-11-24T18:00:00.123456+02:00"}`: {200, `{"expiresAt":"2026-11-24T16:00:00.123Z"}`},
		`{"expiresAt":null}`:                               {200, `{}`},
		`{"expiresAt":"2026-11-24T15:00:00Z"}`:             {422, ""},
		`{"expiresAt":"9999-12-31T23:59:59Z"}`:             {200, `{"expiresAt":"9999-12-31T23:59:59.000Z"}`},
		`{"expiresAt":"9999-12-31T23:59:59-01:00"}`:        {400, ""}, // a year that no record holds
		`{"expiresAt":"soon"}`:                             {400, ""},
		`{"expiresAt":""}`:                                 {400, ""},
		`{"expiresAt":1}`:                                  {400, ""},
		`{"expiresAt":false}`:                              {400, ""},
		`{"expiresAt":["2026-11-24T16:00:00Z"]}`:           {400, ""},
		`{}`:                                               {400, ""},
		``:                                                 {400, ""},
		`null`:                                             {400, ""},
		`{"expiresat":null}`:                               {400, ""},
		`{"expiresAt":null,"expiresAt":"2026-11-24T16:00:00Z"}`:       {400, ""},
		`{"expiresAt":"2026-11-24T16:00:00Z","hold":null}`:            {400, ""},
		`{"expiresAt":"2026-11-24T16:00:00Z"}{"expiresAt":null}`:      {400, ""},
		`{"expiresAt":"2026-11-24T16:00:00Z","expiresAt\u0000":null}`: {400, ""},
	} {
		k := newKept(t, file.File{Status: file.Ready, ExpiresAt: now.Add(time.Minute)})
		reply := k.set(t, body)
		if reply.StatusCode != tt.status || tt.answer != "" && strings.TrimSpace(reply.Body) != tt.answer {
			t.Errorf("%s: %d %s", body, reply.StatusCode, reply.Body)
		}
		if tt.status != 200 {
			if p := problem(t, reply); p.Accepted == "" || k.record(t).Revision != 1 {
				t.Errorf("%s: %+v, %+v", body, p, k.record(t))
			}
		}
	}
}

func TestAFileSaysHowLongItIsKeptAndThatItIsOnHold(t *testing.T) {
	for name, tt := range map[string]struct {
		f    file.File
		want string // of the two fields
	}{
		"neither": {file.File{}, `{}`},
		"a time":  {file.File{ExpiresAt: now.Add(time.Hour)}, `{"expiresAt":"2026-11-24T16:00:00.000Z"}`},
		"a hold":  {file.File{Hold: &file.Hold{Reason: "a secret", By: "operator"}}, `{"onHold":true}`},
	} {
		body, err := json.Marshal(view(tt.f))
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			ExpiresAt string `json:"expiresAt,omitempty"`
			OnHold    bool   `json:"onHold,omitempty"`
		}
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		shown, err := json.Marshal(got)
		if err != nil || string(shown) != tt.want || strings.Contains(string(body), "secret") || strings.Contains(string(body), "operator") {
			t.Errorf("%s: %s", name, body)
		}
	}
}

// API Gateway asks for the scope. The functions do not count upon a route that was
// set up right.
func TestAHoldNeedsTheScopeWhateverTheGatewayLetThrough(t *testing.T) {
	for scope, status := range map[string]int{"files:admin": 201, "vouch/files:admin": 201, "files:read files:write": 403, "": 403} {
		k := newKept(t, file.File{Status: file.Ready})
		e := event("alice", `{"reason":"a lawsuit"}`)
		e.PathParameters = map[string]string{"id": k.id}
		e.RequestContext.Authorizer.JWT.Claims["scope"] = scope
		holder := retention.Holder{Records: k, Objects: k, Policy: policy.Default(), Now: k.clock}
		if reply := call(t, PutHold(holder), e); reply.StatusCode != status || (k.record(t).Hold != nil) != (status == 201) {
			t.Errorf("%q: %d %s", scope, reply.StatusCode, reply.Body)
		}
		want := 204
		if status == 403 {
			want = 403
		}
		if reply := call(t, DeleteHold(holder), e); reply.StatusCode != want || k.record(t).Hold != nil {
			t.Errorf("%q, released: %d %s", scope, reply.StatusCode, reply.Body)
		}
	}
}

func TestAHoldIsAnsweredAsItIs(t *testing.T) {
	k := newKept(t, file.File{Status: file.Ready})
	holder := retention.Holder{Records: k, Objects: k, Policy: policy.Default(), Now: k.clock}
	for i, tt := range []struct {
		handler Handler
		body    string
		status  int
	}{
		{PutHold(holder), `{"reason":"a lawsuit"}`, 201},
		{PutHold(holder), `{"reason":"a lawsuit"}`, 200},
		{PutHold(holder), `{"reason":"another"}`, 200},
		{PutHold(holder), `{"reason":""}`, 400},
		{PutHold(holder), `{"reason":null}`, 400},
		{PutHold(holder), ``, 400},
		{PutHold(holder), `{"reason":"x","until":"2027"}`, 400},
		{DeleteHold(holder), ``, 400}, // whatever stood in between has lost the body
		{DeleteHold(holder), `{"reason":"it is settled"}`, 204},
		{DeleteHold(holder), `{"reason":"it is settled"}`, 204},
	} {
		e := event("operator", tt.body)
		e.PathParameters = map[string]string{"id": k.id}
		e.RequestContext.Authorizer.JWT.Claims["scope"] = ScopeAdmin
		reply := call(t, tt.handler, e)
		if reply.StatusCode != tt.status {
			t.Errorf("%d: %d %s", i, reply.StatusCode, reply.Body)
		}
		var h Hold
		if tt.status == 200 || tt.status == 201 {
			if err := json.Unmarshal([]byte(reply.Body), &h); err != nil || h.Reason == "" || h.By != "operator" || h.At != stamp(now) {
				t.Errorf("%d: %+v, %v", i, h, err)
			}
		}
	}
	if k.record(t).Hold != nil {
		t.Errorf("%+v", k.record(t))
	}
}

// The owner sees that a file was put on hold and by whom, and not why.
func TestAHistoryDoesNotShowWhyAFileIsOnHold(t *testing.T) {
	for action, want := range map[audit.Action]string{audit.HoldPlaced: "", audit.HoldReleased: "", audit.StatusChanged: "a reason"} {
		e := historyEvent(audit.Event{Action: action, Reason: "a reason", Actor: audit.Actor{Subject: "operator"}}, "")
		if e.Reason != want || e.Actor != "operator" {
			t.Errorf("%s: %+v", action, e)
		}
	}
}
