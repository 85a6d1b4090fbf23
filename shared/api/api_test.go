package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/download"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/file/filetest"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/upload"
)

var now = time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

// bySub is how claims are read where nobody has said otherwise.
var bySub = access.Claims{Owner: "sub"}

// event is a call as API Gateway hands it over for a subject.
func event(subject, body string) Event {
	e := Event{Version: "2.0", RouteKey: "TEST", Body: body, Headers: map[string]string{}, PathParameters: map[string]string{}}
	e.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: map[string]string{"sub": subject}},
	}
	return e
}

func call(t *testing.T, h Handler, e Event) Reply {
	t.Helper()
	reply, err := Lambda(bySub, h)(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

func problem(t *testing.T, r Reply) Problem {
	t.Helper()
	if r.Headers["Content-Type"] != "application/problem+json" {
		t.Fatalf("%d %s %s is no problem", r.StatusCode, r.Headers["Content-Type"], r.Body)
	}
	var p Problem
	if err := json.Unmarshal([]byte(r.Body), &p); err != nil {
		t.Fatal(err)
	}
	if p.Status != r.StatusCode || !strings.HasPrefix(p.Type, ProblemTypePrefix) || p.Title == "" {
		t.Fatalf("the problem %+v came with status %d", p, r.StatusCode)
	}
	return p
}

func add(t *testing.T, records *filetest.Records, s file.Status) file.File {
	t.Helper()
	id, err := file.NewID()
	if err != nil {
		t.Fatal(err)
	}
	f := file.File{
		ID: id, Owner: "alice", Filename: "a.txt", ContentType: "text/plain", Size: 5, Status: s,
		Key: file.Key("alice", id), VersionID: "v1", CreatedAt: now, UpdatedAt: now, Revision: 3,
	}
	if err := records.Create(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	return f
}

type presigner struct {
	puts  []upload.Put
	forms []upload.Form
}

func (p *presigner) PresignForm(_ context.Context, form upload.Form) (upload.Instructions, error) {
	p.forms = append(p.forms, form)
	return upload.Instructions{Method: "POST", URL: "https://example.com/", Fields: map[string]string{"key": form.Key}, ExpiresAt: now.Add(form.Life)}, nil
}

func (p *presigner) PresignPut(_ context.Context, put upload.Put) (upload.Instructions, error) {
	p.puts = append(p.puts, put)
	return upload.Instructions{Method: "PUT", URL: "https://example.com/put", Headers: map[string]string{"Content-Type": put.ContentType}, ExpiresAt: now.Add(put.Life)}, nil
}

func (p *presigner) PresignGet(_ context.Context, get download.Get) (string, time.Time, error) {
	return "https://example.com/get?versionId=" + get.VersionID, now.Add(get.Life), nil
}

func TestARefusedUploadWritesAndSignsNothing(t *testing.T) {
	for _, tt := range []struct {
		body, kind, field string
		status            int
	}{
		{`{`, "invalid-request", "", 400},
		{`{"filename":"../x","contentType":"image/png","size":1}`, "invalid-filename", "filename", 422},
		{`{"filename":"a","contentType":"image","size":1}`, "invalid-content-type", "contentType", 422},
		{`{"filename":"a","contentType":"text/html","size":1}`, "content-type-not-allowed", "contentType", 422},
		{`{"filename":"a","contentType":"image/png","size":0}`, "invalid-size", "size", 422},
		{`{"filename":"a","contentType":"image/png"}`, "invalid-size", "size", 422},
		{`{"filename":"a","contentType":"image/png","maxSize":1}`, "invalid-size", "maxSize", 422},
		{`{"filename":"a","contentType":"image/png","size":1,"maxSize":1,"method":"put"}`, "invalid-size", "maxSize", 422},
		{`{"filename":"a","contentType":"image/*","size":1,"method":"put"}`, "content-type-not-allowed", "contentType", 422},
		{`{"filename":"a","contentType":"image/png","size":1,"method":"post"}`, "method-not-allowed", "method", 422},
		{`{"filename":"a","contentType":"image/png","size":1,"method":1}`, "invalid-request", "method", 400},
		{`{"filename":"a","contentType":"image/png","method":"form"}`, "invalid-size", "size", 422},
		{`{"filename":"a","contentType":"image/png","size":1,"maxSize":1,"method":"form"}`, "invalid-size", "maxSize", 422},
		{`{"filename":"a","contentType":"image/png","size":0,"maxSize":1,"method":"form"}`, "invalid-size", "size", 422},
		{`{"filename":"a","contentType":"image/png","size":1,"maxSize":0}`, "invalid-size", "maxSize", 422},
		{`{"filename":"a","contentType":"image/png","size":null,"maxSize":1,"method":"form"}`, "invalid-request", "size", 400},
		{`{"filename":"a","contentType":"image/png","maxSize":-1,"method":"form"}`, "invalid-size", "maxSize", 422},
		{`{"filename":"a","contentType":"image/png","size":-1,"method":"form"}`, "invalid-size", "size", 422},
		{`{"filename":"a","contentType":"image/*","maxSize":2147483648,"method":"form"}`, "file-too-large", "maxSize", 422},
		{`{"filename":"a","contentType":"image/png","size":2147483648,"method":"form"}`, "file-too-large", "size", 422},
		{`{"filename":"a","contentType":"font/*","maxSize":1,"method":"form"}`, "content-type-not-allowed", "contentType", 422},
		{`{"filename":"a","contentType":"*/*","maxSize":1,"method":"form"}`, "content-type-not-allowed", "contentType", 422},
		{`{"filename":"a","contentType":"text/html","maxSize":1,"method":"form"}`, "content-type-not-allowed", "contentType", 422},
		{`{"filename":"a","contentType":"image/png","size":1,"checksumSHA256":"x","method":"form"}`, "invalid-checksum", "checksumSHA256", 422},
		{`{"filename":"a","contentType":"image/png","maxSize":1,"checksumSHA256":"u1H2ULRs4+cT4Mzkgh4vDDoaQsvE1j5/0bqdONgEp8o=","method":"form"}`, "invalid-checksum", "checksumSHA256", 422},
		{`{"filename":"a","contentType":"image/*","size":1,"checksumSHA256":"u1H2ULRs4+cT4Mzkgh4vDDoaQsvE1j5/0bqdONgEp8o=","method":"form"}`, "", "", 201},
		{`{"filename":"a","contentType":"image/png","size":2147483648}`, "file-too-large", "size", 422},
		{`{"filename":"a","contentType":"image/png","size":1,"checksumSHA256":"x"}`, "invalid-checksum", "checksumSHA256", 422},
		{`{"filename":"a","contentType":"image/png","size":1,"checksumSHA256":""}`, "", "", 201},
		{`{"filename":"a","contentType":"image/png","size":1,"owner":"bob"}`, "invalid-request", "owner", 400},
		{`{"filename":"` + strings.Repeat("a", MaxBody) + `"}`, "request-too-large", "", 413},
		{`{"filename":"a","contentType":"image/png","size":1}`, "", "", 201},
	} {
		var records filetest.Records
		var signer presigner
		h := CreateUpload(upload.Creator{Records: &records, Presigner: &signer, Policy: policy.Default(), Now: func() time.Time { return now }})
		reply := call(t, h, event("alice", tt.body))
		if reply.StatusCode != tt.status {
			t.Errorf("%.80s: %d %s", tt.body, reply.StatusCode, reply.Body)
			continue
		}
		due, err := records.Due(t.Context(), now.AddDate(1, 0, 0), 10)
		if err != nil {
			t.Fatal(err)
		}
		if tt.kind == "" {
			if len(due) != 1 || len(signer.puts)+len(signer.forms) != 1 {
				t.Errorf("%.80s: %d records, %d signatures", tt.body, len(due), len(signer.puts)+len(signer.forms))
			}
			continue
		}
		p := problem(t, reply)
		if p.Type != ProblemTypePrefix+tt.kind || p.Field != tt.field || p.Accepted == "" {
			t.Errorf("%.80s: %+v", tt.body, p)
		}
		if len(due) != 0 || len(signer.puts)+len(signer.forms) != 0 {
			t.Errorf("%.80s: %d records, %d signatures were left behind", tt.body, len(due), len(signer.puts)+len(signer.forms))
		}
	}
}

func TestARequestWithoutASubjectIsRefusedWhateverTheGatewayLetThrough(t *testing.T) {
	reached := func(context.Context, Request) (Response, error) { return Response{Status: 200}, nil }
	noAuthorizer, noJWT := event("", ""), event("", "")
	noAuthorizer.RequestContext.Authorizer = nil
	noJWT.RequestContext.Authorizer.JWT = nil
	for _, e := range []Event{noAuthorizer, noJWT, event("", "")} {
		if reply := call(t, reached, e); reply.StatusCode != http.StatusUnauthorized {
			t.Errorf("%d", reply.StatusCode)
		}
	}
}

func TestAnothersFileAnswersExactlyLikeAMissingOne(t *testing.T) {
	var records filetest.Records
	f := add(t, &records, file.Ready)
	unknown, err := file.NewID()
	if err != nil {
		t.Fatal(err)
	}
	p := policy.Default()
	for name, h := range map[string]Handler{
		"get":      GetFile(&records, clock),
		"download": CreateDownload(download.Creator{Records: &records, Presigner: &presigner{}, Policy: p, Now: clock}),
	} {
		ask := func(id string) Reply {
			e := event("mallory", "")
			e.PathParameters["id"] = id
			return call(t, h, e)
		}
		theirs, none, odd := ask(f.ID), ask(unknown), ask("../x")
		if theirs.StatusCode != 404 {
			t.Errorf("%s: %d", name, theirs.StatusCode)
		}
		for _, other := range []Reply{none, odd} {
			a, _ := json.Marshal(theirs)
			b, _ := json.Marshal(other)
			if string(a) != string(b) {
				t.Errorf("%s: %s\nand %s", name, a, b)
			}
		}
	}
}

func TestOnlyReadyFilesAreDownloaded(t *testing.T) {
	for _, s := range file.Statuses() {
		var records filetest.Records
		f := add(t, &records, s)
		e := event("alice", "")
		e.PathParameters["id"] = f.ID
		reply := call(t, CreateDownload(download.Creator{Records: &records, Presigner: &presigner{}, Policy: policy.Default(), Now: clock}), e)
		if s == file.Ready {
			if reply.StatusCode != 200 || !strings.Contains(reply.Body, "versionId=v1") || reply.Headers["Cache-Control"] != "no-store" {
				t.Errorf("%d %v %s", reply.StatusCode, reply.Headers, reply.Body)
			}
			continue
		}
		if strings.Contains(reply.Body, "example.com") {
			t.Errorf("%s: a URL was given out", s)
		}
		if p := problem(t, reply); p.Status != 409 || p.FileStatus != s {
			t.Errorf("%s: %+v", s, p)
		}
	}
}

func TestAnUnchangedFileIsNotSentAgain(t *testing.T) {
	var records filetest.Records
	f := add(t, &records, file.Verifying)
	for field, want := range map[string]int{`"3"`: 304, `W/"3"`: 304, `"1", "3"`: 304, `*`: 304, `"2"`: 200, `3`: 200, ``: 200} {
		e := event("alice", "")
		e.PathParameters["id"] = f.ID
		if field != "" {
			e.Headers["if-none-match"] = field
		}
		reply := call(t, GetFile(&records, clock), e)
		if reply.StatusCode != want || reply.Headers["ETag"] != `"3"` || (want == 304) != (reply.Body == "") {
			t.Errorf("If-None-Match %s: %d %v %q", field, reply.StatusCode, reply.Headers, reply.Body)
		}
		if reply.Headers["Retry-After"] == "" {
			t.Error("there is no Retry-After while the file is not final")
		}
	}
}

func TestRetryAfterEndsWithTheEndState(t *testing.T) {
	for _, s := range file.Statuses() {
		if has := headersOf(file.File{Status: s})["Retry-After"] != ""; has == s.Final() {
			t.Errorf("%s: Retry-After is there: %v", s, has)
		}
	}
}

func TestListParametersOutOfRangeAreRefused(t *testing.T) {
	h := ListFiles(lister{}, policy.Default())
	for name, tt := range map[string]struct {
		query map[string]string
		field string
	}{
		"limit 0":     {map[string]string{"limit": "0"}, "limit"},
		"limit 101":   {map[string]string{"limit": "101"}, "limit"},
		"limit text":  {map[string]string{"limit": "x"}, "limit"},
		"two limits":  {map[string]string{"limit": "1,2"}, "limit"},
		"status":      {map[string]string{"status": "gone"}, "status"},
		"cursor":      {map[string]string{"cursor": "x"}, "cursor"},
		"unknown one": {map[string]string{"owner": "bob"}, "owner"},
	} {
		e := event("alice", "")
		e.QueryStringParameters = tt.query
		if p := problem(t, call(t, h, e)); p.Status != 400 || p.Field != tt.field || p.Accepted == "" {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

type lister struct{}

func (lister) List(context.Context, file.Query) ([]file.File, string, error) { return nil, "", nil }

func TestAnEmptyListIsAnEmptyArray(t *testing.T) {
	if reply := call(t, ListFiles(lister{}, policy.Default()), event("alice", "")); strings.TrimSpace(reply.Body) != `{"files":[]}` {
		t.Error(reply.Body)
	}
}

func TestInternalErrorsAndPanicsTellTheUserNothing(t *testing.T) {
	for name, h := range map[string]Handler{
		"error": func(context.Context, Request) (Response, error) { return Response{}, errors.New("secret") },
		"panic": func(context.Context, Request) (Response, error) { panic("secret") },
		"code outside of the table": func(context.Context, Request) (Response, error) {
			return Response{}, &file.Error{Code: "made-up", Detail: "secret"}
		},
	} {
		reply := call(t, h, event("alice", ""))
		if strings.Contains(reply.Body, "secret") || problem(t, reply).Status != 500 {
			t.Errorf("%s: %s", name, reply.Body)
		}
	}
}
