package stack

import (
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/vouch-s3/vouch/local/objectstorage"
	"github.com/vouch-s3/vouch/local/policies"
	"github.com/vouch-s3/vouch/local/samtemplate"
)

func TestUsesAreThoseOfTheFunctionItself(t *testing.T) {
	path := filepath.Join(t.TempDir(), UsesFile)
	uses, err := openUses(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	policy, err := policies.ParseIdentity([]byte(`{"Statement":[
		{"Sid":"Read","Effect":"Allow","Action":["dynamodb:GetItem","s3:GetObject"],"Resource":"*"},
		{"Sid":"Count","Effect":"Allow","Action":"dynamodb:UpdateItem","Resource":"*","Condition":{"StringEquals":{"dynamodb:EnclosingOperation":"TransactWriteItems"}}},
		{"Sid":"ReadTwice","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}
	]}`))
	if err != nil {
		t.Fatal(err)
	}
	f := samtemplate.Function{LogicalID: "F", Role: policies.Role{Name: Name + "-FRole", ARN: "arn:aws:iam::000000000000:role/vouch-FRole", Policies: []policies.Policy{policy}}}
	s := &Stack{Template: &samtemplate.Stack{Functions: []samtemplate.Function{f}}, uses: uses, keys: keys{
		functions: map[string]key{"F": {ID: "own"}}, borrowed: map[string]key{"F": {ID: "borrowed"}},
	}}
	a := objectAuthorizer{s.authorizer()}
	const table = "arn:aws:dynamodb:us-east-1:000000000000:table/x"
	for range 2 { // each is written down once
		if a.authorizer.Authorize("borrowed", "dynamodb:GetItem", table, nil) != nil || a.authorizer.Authorize("own", "dynamodb:GetItem", table, nil) != nil {
			t.Error("it was refused")
		}
		if a.authorizer.Authorize("borrowed", "dynamodb:UpdateItem", table, nil) == nil {
			t.Error("it was allowed")
		}
		a.Denied("borrowed", "DynamoDB.UpdateItem")
		a.Denied("own", "DynamoDB.DeleteItem")
	}
	object := func(key, resource, by string) objectstorage.Access {
		return objectstorage.Access{AccessKeyID: key, Action: "s3:GetObject", Resource: resource, Context: map[string][]string{"s3:authType": {by}}}
	}
	a.Answered(object("own", "arn:aws:s3:::b/k", "REST-HEADER"), true)        // two grants allow it: neither is needed
	a.Answered(object("borrowed", "arn:aws:s3:::c/k", "REST-HEADER"), true)   // a test's
	a.Answered(object("own", "arn:aws:s3:::c/k", "REST-QUERY-STRING"), true)  // whoever has the URL
	a.Answered(object("own", "arn:aws:s3:::c/k", "REST-QUERY-STRING"), false) // who has spoilt it
	a.Answered(object("borrowed", "arn:aws:s3:::c/k", "REST-HEADER"), false)  // a test's
	a.Answered(object("own", "arn:aws:s3:::c/denied", "REST-HEADER"), false)  // the function's own
	a.Answered(object("own", "arn:aws:s3:::c/denied", "POST"), false)         // whoever has the form
	uses.close()
	want := []Use{
		{Role: "F", Grant: &policies.Grant{Sid: "Read", Action: "dynamodb:GetItem", Resource: "*"}},
		{Role: "F", Guard: &policies.Guard{Sid: "Count", Key: "dynamodb:EnclosingOperation"}},
		{Role: "F", Denied: "DynamoDB.DeleteItem"},
		{Role: "F", Grant: &policies.Grant{Sid: "Read", Action: "s3:GetObject", Resource: "*"}},
		{Role: "F", Denied: "s3:GetObject"},
	}
	got, err := ReadUses(path)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestUsesAreReadOfAStackThatWasKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), UsesFile)
	for text, want := range map[string]int{"": 0, `{"Role":`: 0, "{\"Role\":\"F\",\"Denied\":\"x\"}\n{\"Role\":\"F": 1} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadUses(path); err != nil || len(got) != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	if err := os.WriteFile(path, []byte("no JSON\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadUses(path); err == nil {
		t.Errorf("%+v was read", got)
	}
	if _, err := ReadUses(path + "x"); err == nil {
		t.Error("a file that is not there was read")
	}
}
