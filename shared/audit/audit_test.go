package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/audit/audittest"
	"github.com/vouch-s3/vouch/shared/file"
)

const id = "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"

var now = time.Date(2026, 11, 24, 15, 0, 0, 123456789, time.UTC)

// a file with everything that must not be in any event.
func secretive() file.File {
	return file.File{
		ID: id, Owner: "alice", Filename: "the-filename.pdf", ContentType: "application/the-type", ChecksumSHA256: "the-checksum", Receipt: "the-receipt",
		UploadID: "the-upload", Key: "files/the-key", ETag: "the-etag", Status: file.Ready, Reason: file.MalwareDetected, VersionID: "v1", Method: file.Put,
		Verdict: &file.Verdict{DetectedType: "the-verdict"}, CreatedAt: now, UpdatedAt: now, UploadExpiresAt: now.Add(time.Minute),
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestNobodyKeepsAnEventWithoutSayingWhoActs(t *testing.T) {
	for name, ctx := range map[string]context.Context{
		"nobody":   t.Context(),
		"no name":  audit.With(t.Context(), audit.Actor{RequestID: "r"}),
		"a tenant": audit.With(t.Context(), audit.Actor{Tenant: "acme"}),
	} {
		if e, err := audit.Of(ctx, secretive(), audit.DownloadPresigned, now); err == nil {
			t.Errorf("%s: %+v", name, e)
		}
		if e, err := audit.Created(ctx, secretive()); err == nil {
			t.Errorf("%s: %+v", name, e)
		}
		if e, err := audit.Refused(ctx, id, "see", file.CodeNotFound, now); err == nil {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func TestNoTokenIsTakenForAFunctionOfVouch(t *testing.T) {
	if _, err := (access.Claims{Owner: "sub"}).Principal(map[string]string{"sub": audit.Service("mark-ready")}); err == nil {
		t.Error("a token has the name of a function")
	}
	if !(audit.Actor{Subject: audit.Service("x")}).ByVouch() || (audit.Actor{Subject: "vouch/x"}).ByVouch() {
		t.Error("one is taken for the other")
	}
}

func TestARecordThatIsNotSentInPartsBeginsWithItsURL(t *testing.T) {
	ctx := audittest.As(t, "alice")
	f := secretive()
	f.Status = file.Pending
	for method, want := range map[file.Method]int{file.Put: 2, file.Form: 2, file.Multipart: 1} {
		f.Method = method
		events := must[[]audit.Event](t)(audit.Created(ctx, f))
		if len(events) != want || events[0].Status != file.Pending || events[0].Action != audit.StatusChanged {
			t.Fatalf("%s: %+v", method, events)
		}
		if want == 2 && (events[1].Action != audit.UploadPresigned || !events[1].ExpiresAt.Equal(f.UploadExpiresAt) || events[1].ID <= events[0].ID) {
			t.Errorf("%s: %+v", method, events[1])
		}
	}
}

func TestOnlyARejectionHasAReason(t *testing.T) {
	f := secretive()
	for _, s := range file.Statuses() {
		f.Status = s // a record that was rejected keeps its reason when it is deleted
		e := must[audit.Event](t)(audit.Changed(audittest.As(t, "alice"), f))
		if e.Status != s || (e.Reason != "") != (s == file.Rejected) || !e.At.Equal(now.Truncate(time.Millisecond)) || e.VersionID != "v1" || e.Owner != "alice" {
			t.Errorf("%s: %+v", s, e)
		}
	}
}

func TestOfGrantsWhatIsAnotherIsTold(t *testing.T) {
	to := func(name string, level file.Level, until time.Time) file.Grant {
		return file.Grant{Grantee: file.Grantee{Type: file.Subject, Name: name}, Level: level, ExpiresAt: until}
	}
	later, past := now.Add(time.Hour), now.Add(-time.Second)
	for name, tt := range map[string]struct {
		before, after []file.Grant
		want          string
	}{
		"a first":                {nil, []file.Grant{to("bob", file.Read, later)}, "grant-put bob read"},
		"one more":               {[]file.Grant{to("bob", file.Read, later)}, []file.Grant{to("bob", file.Read, later), to("eve", file.Manage, time.Time{})}, "grant-put eve manage"},
		"more of it":             {[]file.Grant{to("bob", file.Read, later)}, []file.Grant{to("bob", file.Manage, later)}, "grant-put bob manage"},
		"for longer":             {[]file.Grant{to("bob", file.Read, later)}, []file.Grant{to("bob", file.Read, time.Time{})}, "grant-put bob read"},
		"taken away":             {[]file.Grant{to("bob", file.Read, later), to("eve", file.Read, later)}, []file.Grant{to("eve", file.Read, later)}, "grant-removed bob"},
		"one that has expired":   {[]file.Grant{to("bob", file.Read, past)}, []file.Grant{to("eve", file.Read, later)}, "grant-put eve read"},
		"a group of that name":   {[]file.Grant{to("bob", file.Read, later)}, []file.Grant{{Grantee: file.Grantee{Type: file.Group, Name: "bob"}, Level: file.Read}}, "grant-put bob read, grant-removed bob"},
		"nothing":                {[]file.Grant{to("bob", file.Read, later)}, []file.Grant{to("bob", file.Read, later)}, ""},
		"one that is given anew": {[]file.Grant{to("bob", file.Read, past)}, []file.Grant{to("bob", file.Read, later)}, "grant-put bob read"},
	} {
		f := secretive()
		f.Grants = tt.before
		var got []string
		for _, e := range must[[]audit.Event](t)(audit.Shared(audittest.As(t, "alice"), f, file.Sharing{Grants: tt.after, At: now})) {
			if err := e.Check(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			got = append(got, strings.TrimSpace(string(e.Action)+" "+e.Grantee.Name+" "+string(e.Level)))
		}
		if strings.Join(got, ", ") != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// What is in no event, and in no line of the log, whatever the file has.
func TestNoEventAndNoLogLineHasWhatIsSecretOrTheUploaders(t *testing.T) {
	var out bytes.Buffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewJSONHandler(&out, nil)))
	ctx := audittest.As(t, "alice")
	for _, s := range file.Statuses() {
		f := secretive()
		f.Status = s
		for _, e := range append(must[[]audit.Event](t)(audit.Created(ctx, f)), must[audit.Event](t)(audit.Of(ctx, f, audit.DownloadPresigned, now))) {
			audit.Log(ctx, e)
			whole, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			out.Write(append(whole, '\n'))
		}
	}
	if text := out.String(); strings.Contains(text, "the-") || strings.Contains(text, "http") || len(text) < 1000 {
		t.Errorf("%s", text)
	}
}

// The logs are kept longer than an owner's data may be.
func TestALogLineNamesNoOwnerAndNoGrantee(t *testing.T) {
	var out bytes.Buffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewJSONHandler(&out, nil)))
	f := secretive()
	for _, e := range must[[]audit.Event](t)(audit.Shared(audittest.As(t, "bob"), f, file.Sharing{Grants: []file.Grant{{Grantee: file.Grantee{Type: file.Subject, Name: "eve"}, Level: file.Read}}, At: now})) {
		audit.Log(t.Context(), e)
	}
	hold := must[audit.Event](t)(audit.Of(audittest.As(t, "bob"), f, audit.HoldPlaced, now))
	hold.Reason = "what alice has done"
	line := map[string]any{}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	if text := out.String(); strings.Contains(text, "alice") || strings.Contains(text, "eve\"") || line["actor"] != "bob" || line["owner"] != file.Pseudonym("alice") || line["action"] != "grant-put" || line["requestId"] != "request" {
		t.Errorf("%s", text)
	}
	out.Reset()
	if audit.Log(t.Context(), hold); strings.Contains(out.String(), "alice") || !strings.Contains(out.String(), "hold-placed") {
		t.Errorf("%s", out.String())
	}
}
