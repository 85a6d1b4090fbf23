package api

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/file/filetest"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/upload"
)

func TestAFormIsSignedForWhatWasAskedAndItsOpenSizeIsNotShown(t *testing.T) {
	var records filetest.Records
	var signer presigner
	h := CreateUpload(upload.Creator{Records: &records, Presigner: &signer, Policy: policy.Default(), Now: func() time.Time { return now }})
	reply := call(t, h, event("alice", `{"filename":"a","contentType":"IMAGE/*","maxSize":1000,"method":"form"}`))
	var created map[string]any
	if err := json.Unmarshal([]byte(reply.Body), &created); err != nil || reply.StatusCode != 201 {
		t.Fatalf("%d %s", reply.StatusCode, reply.Body)
	}
	if _, shown := created["size"]; shown || created["upload"] != nil || created["method"] != "form" || created["contentType"] != "image/*" {
		t.Errorf("%s", reply.Body)
	}
	if reply.Headers["Cache-Control"] != "no-store" {
		t.Errorf("a secret may be kept: %v", reply.Headers)
	}
	form, _ := created["form"].(map[string]any)
	if form["url"] != "https://example.com/" || form["expiresAt"] != "2026-11-24T15:15:00.000Z" || len(form) != 3 {
		t.Errorf("the form is %v", form)
	}
	f, err := records.Get(t.Context(), created["id"].(string))
	if err != nil {
		t.Fatal(err)
	}
	if f.Method != file.Form || f.Size != 0 || f.MaxSize != 1000 || f.ContentType != "image/*" {
		t.Errorf("the record is %+v", f)
	}
	if want := (upload.Form{Key: f.Key, ContentType: "image/*", MaxSize: 1000, Life: 15 * time.Minute}); len(signer.forms) != 1 || signer.forms[0] != want {
		t.Errorf("signed were %+v", signer.forms)
	}
}

func TestAFormIsRefusedWhereThePolicyHasNone(t *testing.T) {
	p := policy.Default()
	p.Methods = []file.Method{file.Put}
	h := CreateUpload(upload.Creator{Records: &filetest.Records{}, Presigner: &presigner{}, Policy: p, Now: time.Now})
	got := problem(t, call(t, h, event("alice", `{"filename":"a","contentType":"image/png","size":1,"method":"form"}`)))
	if got.Type != ProblemTypePrefix+"method-not-allowed" || got.Field != "method" || got.Accepted != "one of put" {
		t.Errorf("%+v", got)
	}
}
