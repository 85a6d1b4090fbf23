package api

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/file/filetest"
	"github.com/vouch-s3/vouch/shared/idempotency"
	"github.com/vouch-s3/vouch/shared/idempotency/idempotencytest"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/rescan"
	"github.com/vouch-s3/vouch/shared/upload"
)

// keyed is a call with a key.
func keyed(subject, key, body string) Event {
	e := event(subject, body)
	e.Headers["idempotency-key"] = key
	return e
}

// counting answers by answer and counts how often it is carried out.
func counting(n *int, answer func(r Request) (Response, error)) Handler {
	return func(_ context.Context, r Request) (Response, error) {
		*n++
		return answer(r)
	}
}

func keeper(store idempotency.Store) idempotency.Keeper {
	return idempotency.Keeper{Store: store, Now: time.Now}
}

func created(r Request) (Response, error) {
	return Response{Status: 201, Header: map[string]string{"Location": "/files/1"}, Body: map[string]string{"url": "https://example.com/?a=1&b=<2>"}}, nil
}

func TestACallWithAKeyIsCarriedOutOnceAndAnsweredTheSame(t *testing.T) {
	var n int
	h := Idempotent(keeper(&idempotencytest.Calls{}), counting(&n, created))
	first := call(t, h, keyed("alice", `"k"`, `{}`))
	again := call(t, h, keyed("alice", "k", `{}`)) // the same key, without its quotes
	if first.Headers[ReplayedHeader] != "" || again.Headers[ReplayedHeader] != "true" || n != 1 {
		t.Errorf("%d times: %v, then %v", n, first.Headers, again.Headers)
	}
	delete(again.Headers, ReplayedHeader)
	if again.Body != first.Body || again.StatusCode != first.StatusCode || !maps.Equal(again.Headers, first.Headers) {
		t.Errorf("%+v after %+v", again, first)
	}
	for name, e := range map[string]Event{"another's": keyed("bob", "k", `{}`), "another key": keyed("alice", "l", `{}`), "none": event("alice", `{}`), "none again": event("alice", `{}`)} {
		n = 0
		if reply := call(t, h, e); reply.StatusCode != 201 || reply.Headers[ReplayedHeader] != "" || n != 1 {
			t.Errorf("%s: %d times, %+v", name, n, reply)
		}
	}
	n = 0
	if p := problem(t, call(t, h, keyed("alice", "k", `{ }`))); p.Status != 422 || p.Type != ProblemTypePrefix+"idempotency-mismatch" || n != 0 {
		t.Errorf("another body: %d times, %+v", n, p)
	}
	if p := problem(t, call(t, h, keyed("alice", "a b", `{}`))); p.Status != 400 || p.Accepted == "" || n != 0 {
		t.Errorf("no key: %d times, %+v", n, p)
	}
}

func TestWhileACallIsUnderWayItIsNotBegunAgain(t *testing.T) {
	var n int
	var h Handler
	h = Idempotent(keeper(&idempotencytest.Calls{}), counting(&n, func(r Request) (Response, error) {
		reply := call(t, h, keyed("alice", "k", `{}`))
		if p := problem(t, reply); p.Status != 409 || p.Type != ProblemTypePrefix+"idempotency-in-progress" || reply.Headers["Retry-After"] != "1" {
			t.Errorf("meanwhile: %+v", reply)
		}
		return created(r)
	}))
	if reply := call(t, h, keyed("alice", "k", `{}`)); reply.StatusCode != 201 || n != 1 {
		t.Errorf("%d times, %+v", n, reply)
	}
}

// What would be refused at any time is refused again by the same words; what may
// have passed is tried.
func TestARefusalIsKeptUnlessItMayPass(t *testing.T) {
	kept := map[file.Code]bool{
		file.CodeInvalidRequest: true, file.CodeFileTooLarge: true, file.CodeInvalidFilename: true, file.CodeInvalidContentType: true,
		file.CodeContentTypeRefused: true, file.CodeInvalidSize: true, file.CodeInvalidChecksum: true, file.CodeMethodRefused: true, file.CodeInvalidParts: true,
	}
	for _, k := range ProblemKinds() {
		var n int
		h := Idempotent(keeper(&idempotencytest.Calls{}), counting(&n, func(Request) (Response, error) {
			return Response{}, &file.Error{Code: k.Code, Detail: "No."}
		}))
		first := call(t, h, keyed("alice", "k", `{}`))
		again := call(t, h, keyed("alice", "k", `{}`))
		if p := problem(t, again); again.Body != first.Body || p.Status != k.Status {
			t.Errorf("%s: %s, then %s", k.Code, first.Body, again.Body)
		}
		if (n == 1) != kept[k.Code] || (again.Headers[ReplayedHeader] == "true") != kept[k.Code] {
			t.Errorf("%s: carried out %d times, %v", k.Code, n, again.Headers)
		}
	}
}

func TestWithoutItsStoreACallWithAKeyIsNotBegunButIsAnsweredOnceDone(t *testing.T) {
	fault := errors.New("the store is gone")
	for write, tt := range map[string]struct{ status, carriedOut int }{"start": {500, 0}, "finish": {201, 1}, "release": {201, 1}} {
		var n int
		store := idempotencytest.Calls{Before: func(w string) error {
			if w == write {
				return fault
			}
			return nil
		}}
		if reply := call(t, Idempotent(keeper(&store), counting(&n, created)), keyed("alice", "k", `{}`)); reply.StatusCode != tt.status || n != tt.carriedOut || strings.Contains(reply.Body, "gone") {
			t.Errorf("%s: %d times, %+v", write, n, reply)
		}
	}
}

// An attempt that outlives its deadline has lost the key: the client hears from
// the one that has it.
func TestAnAttemptThatHasLostItsKeyAnswersNothing(t *testing.T) {
	var n int
	at := time.Now()
	k := idempotency.Keeper{Store: &idempotencytest.Calls{}, Now: func() time.Time { return at }}
	var h Handler
	h = Idempotent(k, counting(&n, func(r Request) (Response, error) {
		if n == 1 {
			at = at.Add(time.Minute)
			if reply := call(t, h, keyed("alice", "k", `{}`)); reply.StatusCode != 201 {
				t.Errorf("the second attempt: %+v", reply)
			}
		}
		return created(r)
	}))
	if p := problem(t, call(t, h, keyed("alice", "k", `{}`))); p.Type != ProblemTypePrefix+"idempotency-in-progress" {
		t.Errorf("the first attempt: %+v", p)
	}
	if reply := call(t, h, keyed("alice", "k", `{}`)); reply.Headers[ReplayedHeader] != "true" || n != 2 {
		t.Errorf("the third: %d times, %+v", n, reply)
	}
	at = at.Add(idempotency.Life)
	if reply := call(t, h, keyed("alice", "k", `{"other":1}`)); reply.StatusCode != 201 || reply.Headers[ReplayedHeader] != "" || n != 3 {
		t.Errorf("a day later: %d times, %+v", n, reply)
	}
}

func TestAReplayStillNeedsTheScope(t *testing.T) {
	var w runs
	h := Requiring(ScopeAdmin, Idempotent(keeper(&idempotencytest.Calls{}), Rescan(rescan.Starter{Workflow: &w, Now: func() time.Time { return now }})))
	e := keyed("operator", "k", "")
	e.RequestContext.Authorizer.JWT.Claims["scope"] = ScopeAdmin
	if reply := call(t, h, e); reply.StatusCode != 202 {
		t.Fatalf("%+v", reply)
	}
	if p := problem(t, call(t, h, keyed("operator", "k", ""))); p.Status != 403 {
		t.Errorf("%+v", p)
	}
}

// cutOff lets the first attempt be carried out, and its function die before it
// can say so.
func cutOff(store *idempotencytest.Calls, at *time.Time) func() {
	store.Before = func(write string) error {
		if write == "finish" || write == "release" {
			return errors.New("cut off")
		}
		return nil
	}
	return func() {
		store.Before = nil
		*at = at.Add(2 * longestCall)
	}
}

func TestAnUploadThatIsTakenOverMakesNoSecondFile(t *testing.T) {
	for name, body := range map[string]string{
		"put":       `{"filename":"a","contentType":"image/png","size":1,"method":"put"}`,
		"form":      `{"filename":"a","contentType":"image/png","maxSize":9,"method":"form"}`,
		"multipart": `{"filename":"a","contentType":"image/png","size":1,"method":"multipart"}`,
	} {
		var records filetest.Records
		var store idempotencytest.Calls
		at := time.Now()
		clock := func() time.Time { return at }
		c := upload.Creator{Records: &records, Presigner: signs{clock}, Uploads: begins{}, Policy: policy.Default(), Now: clock}
		h := Idempotent(idempotency.Keeper{Store: &store, Now: clock}, CreateUpload(c))
		heal := cutOff(&store, &at)
		idOf := func(r Reply) string {
			t.Helper()
			var f struct{ ID string }
			if err := json.Unmarshal([]byte(r.Body), &f); err != nil || r.StatusCode != 201 {
				t.Fatalf("%s: %d %s", name, r.StatusCode, r.Body)
			}
			return f.ID
		}
		first := idOf(call(t, h, keyed("alice", "k", body)))
		heal()
		second := idOf(call(t, h, keyed("alice", "k", body)))
		due, err := records.Due(t.Context(), at.AddDate(1, 0, 0), 10)
		if first != second || err != nil || len(due) != 1 || due[0].ID != first {
			t.Errorf("%s: %s, then %s; %d files, %v", name, first, second, len(due), err)
		}
	}
}

// signs signs by a clock of its own.
type signs struct{ now func() time.Time }

func (s signs) PresignPut(_ context.Context, put upload.Put) (upload.Instructions, error) {
	return upload.Instructions{Method: "PUT", ExpiresAt: s.now().Add(put.Life)}, nil
}

func (s signs) PresignForm(_ context.Context, form upload.Form) (upload.Instructions, error) {
	return upload.Instructions{Method: "POST", ExpiresAt: s.now().Add(form.Life)}, nil
}

type begins struct{}

func (begins) BeginUpload(context.Context, string, string) (string, error) { return "upload-1", nil }
