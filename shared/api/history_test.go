package api

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/download"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/file/filetest"
	"github.com/vouch-s3/vouch/shared/parts"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/upload"
)

// trail is the trail of one file, and what was asked of it.
type trail struct {
	events []audit.Event
	next   string
	asked  audit.Query
	err    error
}

func (t *trail) List(_ context.Context, q audit.Query) ([]audit.Event, string, error) {
	t.asked = q
	return t.events, t.next, t.err
}

func TestAHistoryIsShownToTheOwnerAndNamesNobodyOfAnotherTenant(t *testing.T) {
	const id, at = "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e", "2026-11-24T15:00:00.000Z"
	now := time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)
	alice := access.Principal{Subject: "alice", Tenant: "acme"}
	var records filetest.Records
	if err := records.Create(t.Context(), file.File{ID: id, Owner: alice.Owner(), Status: file.Ready}); err != nil {
		t.Fatal(err)
	}
	tr := &trail{next: id, events: []audit.Event{
		{ID: id, At: now, Actor: audit.Actor{Subject: "bob", Tenant: "acme", RequestID: "r"}, Action: audit.DownloadPresigned, Outcome: audit.Done, VersionID: "v1", ExpiresAt: now, URLs: 1, Owner: alice.Owner()},
		{ID: id, At: now, Actor: audit.Actor{Subject: audit.Service("mark-ready")}, Action: audit.StatusChanged, Outcome: audit.Done, Status: file.Ready},
		{ID: id, At: now, Actor: audit.Actor{Subject: "mallory", Tenant: "umbrella"}, Action: audit.AccessDenied, Outcome: audit.Denied, Call: "see", Reason: "not-found"},
		{ID: id, At: now, Actor: audit.Actor{Subject: "alice", Tenant: "acme"}, Action: audit.GrantPut, Outcome: audit.Done, Grantee: file.Grantee{Type: file.Group, Name: "staff"}, Level: file.Read},
	}}
	h := GetHistory(&records, tr, policy.Default(), func() time.Time { return now })
	r, err := h(t.Context(), Request{Principal: alice, FileID: id, Query: map[string]string{"outcome": "denied", "limit": "7", "cursor": id}})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"events":[` +
		`{"id":"` + id + `","at":"` + at + `","actor":"bob","requestId":"r","action":"download-presigned","outcome":"done","versionId":"v1","expiresAt":"` + at + `","urls":1},` +
		`{"id":"` + id + `","at":"` + at + `","actor":":vouch/mark-ready","action":"status-changed","outcome":"done","status":"ready"},` +
		`{"id":"` + id + `","at":"` + at + `","action":"access-denied","outcome":"denied","reason":"not-found","call":"see"},` +
		`{"id":"` + id + `","at":"` + at + `","actor":"alice","action":"grant-put","outcome":"done","subject":"staff","type":"group","level":"read"}` +
		`],"nextCursor":"` + id + `"}`
	if got, err := json.Marshal(r.Body); err != nil || string(got) != want {
		t.Errorf("%s, %v\nwant\n%s", got, err, want)
	}
	if tr.asked != (audit.Query{FileID: id, Outcome: audit.Denied, Limit: 7, After: id}) {
		t.Errorf("asked %+v", tr.asked)
	}

	tr.asked = audit.Query{}
	for name, p := range map[string]access.Principal{
		"a stranger": {Subject: "mallory", Tenant: "acme"}, "of another tenant": {Subject: "alice", Tenant: "umbrella"}, "nobody": {},
	} {
		if r, err := h(t.Context(), Request{Principal: p, FileID: id}); file.CodeOf(err) != file.CodeNotFound || r.Body != nil || tr.asked.FileID != "" {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	for name, value := range map[string]string{"outcome": "all", "limit": "0", "cursor": "x", "after": id} {
		if _, err := h(t.Context(), Request{Principal: alice, FileID: id, Query: map[string]string{name: value}}); file.CodeOf(err) != file.CodeInvalidParameter {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
	tr.err = errors.New("DynamoDB is away")
	if _, err := h(t.Context(), Request{Principal: alice, FileID: id}); err == nil || file.CodeOf(err) != "" {
		t.Errorf("a fault of ours: %v", err)
	}
	if tr.asked.Limit != policy.Default().DefaultPage || tr.asked.Outcome != audit.Done {
		t.Errorf("asked %+v", tr.asked)
	}
}

func TestWhoActsInACallIsWhomItsTokenNames(t *testing.T) {
	var got audit.Actor
	h := Lambda(access.Claims{Owner: "sub", Tenant: "org"}, func(ctx context.Context, _ Request) (Response, error) {
		got, _ = audit.By(ctx)
		return Response{Status: 200}, nil
	})
	e := event("alice", "")
	e.RequestContext.RequestID = "JKJaXmPLvHcESHA="
	e.RequestContext.Authorizer.JWT.Claims["org"] = "acme"
	if r, err := h(t.Context(), e); err != nil || r.StatusCode != 200 {
		t.Fatalf("%+v, %v", r, err)
	}
	if got != (audit.Actor{Subject: "alice", Tenant: "acme", RequestID: "JKJaXmPLvHcESHA="}) {
		t.Errorf("%+v acts", got)
	}
}

// presigning is every call that gives out a URL of a record that is there, and the
// trail refuses as refuse does.
func presigning(t *testing.T, refuse func(audit.Event) error) map[string]func(context.Context) (Reply, error) {
	t.Helper()
	records := &filetest.Records{BeforeNote: refuse}
	ready, pending := add(t, records, file.Ready), add(t, records, file.Pending)
	pending.Method, pending.UploadExpiresAt, pending.Filename, pending.VersionID = file.Put, now.Add(time.Minute), "a.txt", ""
	waits := &filetest.Records{BeforeNote: refuse}
	if err := waits.Create(t.Context(), pending); err != nil {
		t.Fatal(err)
	}
	parted := pending
	parted.Method, parted.PartSize, parted.UploadID = file.Multipart, 5, "u"
	inParts := &filetest.Records{BeforeNote: refuse}
	if err := inParts.Create(t.Context(), parted); err != nil {
		t.Fatal(err)
	}
	creator := upload.Creator{Records: waits, Presigner: &presigner{}, Policy: policy.Default(), Now: clock}
	again := func(ctx context.Context, r Request) (Response, error) {
		r.Attempt = upload.Attempt{FileID: pending.ID, Again: true}
		return CreateUpload(creator)(ctx, r)
	}
	calls := map[string]func(context.Context) (Reply, error){}
	for name, c := range map[string]struct {
		h        Handler
		id, body string
	}{
		"a download":     {CreateDownload(download.Creator{Records: records, Presigner: &presigner{}, Policy: policy.Default(), Now: clock}), ready.ID, ""},
		"an upload anew": {again, "", `{"filename":"a.txt","contentType":"text/plain","size":5}`},
		"parts":          {PresignParts(parts.Presigner{Records: inParts, Signer: partSigner{}, Policy: policy.Default(), Now: clock}), parted.ID, `{"partNumbers":[1]}`},
	} {
		calls[name] = func(ctx context.Context) (Reply, error) {
			e := event("alice", c.body)
			e.PathParameters["id"] = c.id
			return Lambda(bySub, c.h)(ctx, e)
		}
	}
	return calls
}

type partSigner struct{}

func (partSigner) PresignPart(_ context.Context, put parts.Put) (upload.Instructions, error) {
	return upload.Instructions{Method: "PUT", URL: "https://example.com/part", ExpiresAt: now.Add(put.Life)}, nil
}

// A URL that the trail does not tell of is given to nobody.
func TestWhatCannotBeNotedIsNotPresigned(t *testing.T) {
	for name, h := range presigning(t, func(audit.Event) error { return errors.New("DynamoDB is away") }) {
		r, err := h(t.Context())
		if err != nil || r.StatusCode != 500 || strings.Contains(r.Body, "http") {
			t.Errorf("%s: %d %s, %v", name, r.StatusCode, r.Body, err)
		}
	}
	for name, h := range presigning(t, nil) {
		if r, err := h(t.Context()); err != nil || r.StatusCode >= 300 {
			t.Errorf("%s: %d %s, %v", name, r.StatusCode, r.Body, err)
		}
	}
}
