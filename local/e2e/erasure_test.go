package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/erasure"
	domain "github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/receipt"
	"github.com/vouch-s3/vouch/shared/workflow"
)

const erasuresTable = "vouch-ErasuresTable"

// erased is an erasure as the API shows it.
type erased struct {
	ID, Status, Pseudonym, Statement, WaitsUntil, EndedAt string
	KeepClosed                                            bool
	Held                                                  int
	Removed                                               erasure.Counts
}

// erase asks for an erasure.
func (u user) erase(t *testing.T, body string) erased {
	t.Helper()
	r := u.call(t, "POST", "/admin/erasures", body)
	var e erased
	if r.into(t, &e); r.status != http.StatusAccepted || r.header.Get("Location") != "/admin/erasures/"+e.ID {
		t.Fatalf("POST /admin/erasures: %d %v %s", r.status, r.header, r.body)
	}
	return e
}

// awaitErasure waits until an erasure has ended.
func (u user) awaitErasure(t *testing.T, id string) erased {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		r := u.call(t, "GET", "/admin/erasures/"+id, "")
		var e erased
		if r.into(t, &e); r.status != http.StatusOK {
			t.Fatalf("GET: %d %s", r.status, r.body)
		}
		if e.Status != "erasing" {
			return e
		}
		if time.Now().After(deadline) {
			t.Fatalf("the erasure comes to no end: %s", r.body)
		}
	}
}

// age has the URLs of the owner's files be dead since an hour and more, so that
// nobody has to wait for them.
func age(t *testing.T, client *dynamodb.Client, owner string) {
	t.Helper()
	long := time.Now().Add(-3 * time.Hour).UTC().Format("2006-01-02T15:04:05.000Z07:00")
	for _, item := range naming(t, client, table, owner) {
		_, err := client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
			TableName: aws.String(table), Key: map[string]types.AttributeValue{"id": item["id"]},
			UpdateExpression:          aws.String("SET uploadExpiresAt = :long"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":long": &types.AttributeValueMemberS{Value: long}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// naming returns the items of a table in which a name is anywhere.
func naming(t *testing.T, client *dynamodb.Client, table, name string) (items []map[string]types.AttributeValue) {
	t.Helper()
	pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: &table})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			if text, err := json.Marshal(item); err != nil || strings.Contains(string(text), name) {
				items = append(items, item)
			}
		}
	}
	return items
}

// storedBy lists what is in the bucket under the owner's prefix.
func storedBy(t *testing.T, client *s3.Client, owner string) (keys []string) {
	t.Helper()
	prefix := aws.String("files/" + domain.Pseudonym(owner) + "/")
	versions, err := client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: aws.String(bucket), Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range versions.Versions {
		keys = append(keys, *v.Key+" "+*v.VersionId)
	}
	for _, m := range versions.DeleteMarkers {
		keys = append(keys, *m.Key+" "+*m.VersionId)
	}
	uploads, err := client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String(bucket), Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range uploads.Uploads {
		keys = append(keys, *u.Key+" "+*u.UploadId)
	}
	return keys
}

// everything gives somebody a file of every kind that there is, all with the name in
// it, and returns their ids.
func (u user) everything(t *testing.T, name string) map[string]file {
	t.Helper()
	files := map[string]file{"ready": u.ready(t, name+".bin", random(t, 1000)), "deleted": u.ready(t, name+".gone", random(t, 1000))}
	if r := u.call(t, "PUT", "/files/"+files["ready"].ID+"/grants/"+name+"-friend", `{"level":"read"}`); r.status != http.StatusOK && r.status != http.StatusCreated {
		t.Fatalf("PUT grant: %d %s", r.status, r.body)
	}
	if r := u.call(t, "DELETE", "/files/"+files["deleted"].ID, ""); r.status != http.StatusNoContent {
		t.Fatalf("DELETE: %d %s", r.status, r.body)
	}
	bad := u.ask(t, name+".com", eicar, false)
	if status, code := put(t, bad, eicar); status != http.StatusOK {
		t.Fatalf("PUT: %d %s", status, code)
	}
	files["rejected"] = u.await(t, bad.ID, "rejected")
	files["pending"] = u.ask(t, name+".never", []byte("x"), false)
	files["parts"] = u.askParts(t, random(t, 100), false)
	return files
}

// Erasures wait, mostly, so that these go on at the same time.
func TestAnOwnerIsErasedAndThatIsProved(t *testing.T) {
	for name, test := range map[string]func(*testing.T){
		"whole":                   erasesWhole,
		"through a kill":          erasesThroughAKill,
		"in a further execution":  erasesInAFurtherExecution,
		"or not, and is given up": givesUp,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

// All that is kept of somebody goes, nothing of anybody else, and a statement that
// anybody can check says so.
func erasesWhole(t *testing.T) {
	const name = "erased-one"
	client := dynamodb.NewFromConfig(local.Admin())
	who, other, admin := as(t, name), as(t, "left-one"), administrator(t)
	files := who.everything(t, name)
	kept := other.ready(t, "kept.bin", random(t, 1000))
	prefix := "files/" + domain.Pseudonym(name) + "/"
	// What no record leads to: an object and a delete marker.
	for range 2 {
		if _, err := local.Objects().PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String(prefix + "stray"), Body: strings.NewReader("x")}); err != nil {
			t.Fatal(err)
		}
		if _, err := local.Objects().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: aws.String(prefix + "stray")}); err != nil {
			t.Fatal(err)
		}
	}
	age(t, client, name)

	if r := who.call(t, "POST", "/admin/erasures", fmt.Sprintf(`{"subject":%q}`, name)); r.status != http.StatusForbidden {
		t.Errorf("an ordinary token: %d %s", r.status, r.body)
	}
	first := admin.erase(t, fmt.Sprintf(`{"subject":%q}`, name))
	if again := admin.erase(t, fmt.Sprintf(`{"subject":%q}`, name)); again.ID != first.ID {
		t.Errorf("asked twice there are two: %+v and %+v", first, again)
	}
	if first.Status != "erasing" || first.Pseudonym != domain.Pseudonym(name) || first.KeepClosed {
		t.Errorf("%+v", first)
	}
	closed := false
	for deadline := time.Now().Add(10 * time.Second); !closed && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		r := who.call(t, "POST", "/files", `{"filename":"late.bin","contentType":"application/octet-stream","size":1}`)
		closed = r.status == http.StatusForbidden && strings.Contains(r.body, "account-closed")
		age(t, client, name)
	}
	if !closed {
		t.Error("the account is not closed meanwhile")
	}
	e := admin.awaitErasure(t, first.ID)
	if e.Status != "finished" || e.Held != 0 || e.Removed.Files < len(files) || e.Removed.Versions < 4 || e.EndedAt == "" || e.WaitsUntil != "" {
		t.Fatalf("%+v", e)
	}

	if keys := storedBy(t, local.Objects(), name); len(keys) != 0 {
		t.Errorf("in the bucket are %v", keys)
	}
	for _, table := range []string{table, usageTable, historyTable, erasuresTable} {
		for _, item := range naming(t, client, table, name) {
			t.Errorf("%s has %v", table, item)
		}
	}
	for kind, f := range files {
		for _, path := range []string{"", "/grants"} {
			if r := who.call(t, "GET", "/files/"+f.ID+path, ""); r.status != http.StatusNotFound {
				t.Errorf("the %s file: %d %s", kind, r.status, r.body)
			}
		}
		if r := record(t, f.ID); r.Status != domain.Deleted || r.Owner != "" || r.Filename != "" {
			t.Errorf("the %s file is %+v", kind, r)
		}
	}
	if ids := who.files(t); len(ids) != 0 {
		t.Errorf("there are the files %v", ids)
	}
	if got := who.usage(t); got.Bytes.Used != 0 || got.Files.Used != 0 || got.Pending.Used != 0 {
		t.Errorf("what is used is %+v", got)
	}
	if status, _, body := fetch(t, other.link(t, kept.ID)); status != http.StatusOK || checksum(body) != kept.ChecksumSHA256 {
		t.Errorf("somebody else's file: %d", status)
	}

	keys, err := receipt.ParseKeySet([]byte(user{api: local.APIURL()}.call(t, "GET", "/.well-known/jwks.json", "").body))
	if err != nil {
		t.Fatal(err)
	}
	claims, err := erasure.Verify(e.Statement, keys)
	if err != nil || claims.Subject != e.ID || !claims.Vouch.Of(name) || claims.Vouch.Bucket != bucket || claims.Vouch.Removed != e.Removed {
		t.Errorf("%+v, %v", claims, err)
	}
	if _, err := receipt.Verify(e.Statement, keys); err == nil {
		t.Error("the statement passes for a receipt")
	}

	log, err := os.ReadFile(filepath.Join(dir, "stack", "functions.log"))
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, e.ID) {
			lines++
			if strings.Contains(line, name) {
				t.Errorf("the log says %s", line)
			}
		}
	}
	if lines == 0 {
		t.Error("the log says nothing of the erasure")
	}
	// The account is open again, and the owner somebody new.
	who.ready(t, "new.bin", random(t, 10))
	if third := admin.erase(t, fmt.Sprintf(`{"subject":%q,"keepClosed":true}`, name)); third.ID == e.ID || !third.KeepClosed {
		t.Errorf("after its end: %+v", third)
	}
}

func TestAnErasureIsRefusedWhatItCannotDo(t *testing.T) {
	admin := administrator(t)
	for body, field := range map[string]string{
		`{}`:                                  "subject",
		`{"subject":""}`:                      "subject",
		`{"subject":"alice","tenant":"acme"}`: "tenant",
		`{"subject":"alice","all":true}`:      "all",
	} {
		r := admin.call(t, "POST", "/admin/erasures", body)
		var p problem
		if r.into(t, &p); r.status != http.StatusBadRequest || p.Field != field || p.Accepted == "" {
			t.Errorf("%s: %d %s", body, r.status, r.body)
		}
	}
	problemIs(t, admin.call(t, "GET", "/admin/erasures/0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e", ""), 404, "no-such-erasure")
	if r := as(t, "alice").call(t, "GET", "/admin/erasures/0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e", ""); r.status != http.StatusForbidden {
		t.Errorf("an ordinary token: %d %s", r.status, r.body)
	}
}

// An erasure goes on after the whole stack was killed, and its waits with it.
func erasesThroughAKill(t *testing.T) {
	const name = "erased-two"
	p := newProcess(t, "erasing")
	p.start(t)
	who, admin := p.as(t, name), p.as(t, "operator", "-scopes", "files:admin")
	who.ready(t, name+".bin", random(t, 1000))
	who.ask(t, name+".never", []byte("x"), false)
	age(t, dynamodb.NewFromConfig(p.config(t, "admin")), name)
	first := admin.erase(t, fmt.Sprintf(`{"subject":%q}`, name))
	if again := admin.erase(t, fmt.Sprintf(`{"subject":%q,"keepClosed":true}`, name)); again.ID != first.ID || !again.KeepClosed {
		t.Errorf("that the account is to stay closed is not heard: %+v", again)
	}
	time.Sleep(time.Second)
	p.kill(t)
	p.start(t)
	e := admin.awaitErasure(t, first.ID)
	if e.Status != "finished" || e.Removed.Files != 2 || e.Statement == "" {
		t.Errorf("%+v", e)
	}
	client := dynamodb.NewFromConfig(p.config(t, "admin"))
	for _, table := range []string{table, usageTable, historyTable, erasuresTable} {
		for _, item := range naming(t, client, table, name) {
			t.Errorf("%s has %v", table, item)
		}
	}
	if keys := storedBy(t, p.objects(t), name); len(keys) != 0 {
		t.Errorf("in the bucket are %v", keys)
	}
	if r := who.call(t, "POST", "/files", `{"filename":"a.bin","contentType":"application/octet-stream","size":1}`); r.status != http.StatusForbidden {
		t.Errorf("the account that is to stay closed: %d %s", r.status, r.body)
	}
}

// goes begins an erasure past the API.
func goes(t *testing.T, owner string) erasure.Erasure {
	t.Helper()
	id, err := domain.NewID()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC()
	e, begun, err := dynamo.NewErasures(dynamodb.NewFromConfig(local.Admin()), erasuresTable).Begin(t.Context(), erasure.Erasure{
		ID: id, Owner: owner, Pseudonym: domain.Pseudonym(owner), Status: erasure.Erasing, Phase: erasure.Closing, Round: 1, StartedAt: now, UpdatedAt: now, Revision: 1,
	})
	if err != nil || !begun {
		t.Fatalf("%v, %v", begun, err)
	}
	return e
}

// step has a function do a step of an erasure.
func step(t *testing.T, function, id string) (s erasure.Step) {
	t.Helper()
	result, err := local.Invoke(t.Context(), function, fmt.Appendf(nil, `{"erasure":%q,"part":0}`, id))
	if err == nil && result.FunctionError == "" {
		err = json.Unmarshal(result.Payload, &s)
	}
	if err != nil || result.FunctionError != "" {
		t.Fatalf("%s: %v %s", function, err, result.Payload)
	}
	return s
}

// An execution that has done its share starts the next, once.
func erasesInAFurtherExecution(t *testing.T) {
	ledger := dynamo.NewErasures(dynamodb.NewFromConfig(local.Admin()), erasuresTable)
	full := goes(t, "erased-three")
	full.Pages = erasure.PagesPerExecution
	if _, err := ledger.Save(t.Context(), full); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if s := step(t, "EraseFilesFunction", full.ID); s.Next != erasure.Done {
			t.Errorf("%+v", s)
		}
	}
	if e := administrator(t).awaitErasure(t, full.ID); e.Status != "finished" || e.Statement == "" {
		t.Errorf("%+v", e)
	}
	if e, err := ledger.Get(t.Context(), full.ID); err != nil || e.Part != 1 || e.Owner != "" {
		t.Errorf("%+v, %v", e, err)
	}
}

// What is left over in the last round has the workflow give up.
func givesUp(t *testing.T) {
	const name = "erased-four"
	as(t, name).ask(t, "left.bin", []byte("x"), false)
	client := dynamodb.NewFromConfig(local.Admin())
	ledger := dynamo.NewErasures(client, erasuresTable)
	e := goes(t, name)
	e.Phase, e.Round = erasure.Proving, erasure.MaxRounds
	e, err := ledger.Save(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	machine := workflow.New(sfn.NewFromConfig(local.Admin()), local.Template.Outputs["EraseStateMachineArn"])
	if err := machine.StartErasure(t.Context(), e.ID, erasure.Task{Erasure: e.ID}); err != nil {
		t.Fatal(err)
	}
	if e := administrator(t).awaitErasure(t, e.ID); e.Status != "failed" || e.Statement != "" {
		t.Errorf("%+v", e)
	}
	for _, item := range naming(t, client, erasuresTable, name) {
		t.Errorf("there is %v", item)
	}
	if s := step(t, "FailErasureFunction", e.ID); s.Next != erasure.Done {
		t.Errorf("what has ended is failed: %+v", s)
	}
}

// Each step of an erasure can do its part and no other's.
func TestTheStepsOfAnErasureCanDoOnlyTheirOwn(t *testing.T) {
	alice := as(t, "alice")
	f := alice.ready(t, "a.bin", random(t, 10))
	r := record(t, f.ID)
	client := func(logicalID string) *dynamodb.Client {
		cfg := local.Admin()
		cfg.Credentials = functionKey(t, logicalID)
		return dynamodb.NewFromConfig(cfg)
	}
	item := func(id string) map[string]types.AttributeValue {
		return map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: id}}
	}
	acts := map[string]func() error{
		"erase-files puts a record outside of a transaction": func() error {
			_, err := client("EraseFilesFunction").PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(table), Item: item(f.ID)})
			return err
		},
		"erase-files raises what is left of a quota": func() error {
			cfg := local.Admin()
			cfg.Credentials = functionKey(t, "EraseFilesFunction")
			return setUsage(t, cfg, "alice", "bytes", -1000)
		},
		"erase-files ends an erasure": func() error {
			_, err := client("EraseFilesFunction").DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String(erasuresTable), Key: item("x")})
			return err
		},
		"erase-files reads an object": func() error {
			_, err := objectsAs(t, "EraseFilesFunction").GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &r.Key, VersionId: &r.VersionID})
			return err
		},
		"prove-erasure removes a version": func() error {
			_, err := objectsAs(t, "ProveErasureFunction").DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: &r.Key, VersionId: &r.VersionID})
			return err
		},
		"prove-erasure changes a record": func() error {
			_, err := client("ProveErasureFunction").UpdateItem(t.Context(), &dynamodb.UpdateItemInput{TableName: aws.String(table), Key: item(f.ID), UpdateExpression: aws.String("REMOVE receipt")})
			return err
		},
		"fail-erasure reads a record": func() error {
			_, err := client("FailErasureFunction").GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(table), Key: item(f.ID)})
			return err
		},
		"get-erasure changes an erasure": func() error {
			_, err := client("GetErasureFunction").UpdateItem(t.Context(), &dynamodb.UpdateItemInput{TableName: aws.String(erasuresTable), Key: item("x"), UpdateExpression: aws.String("REMOVE x")})
			return err
		},
		"erase-owner removes an erasure": func() error {
			_, err := client("EraseOwnerFunction").DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String(erasuresTable), Key: item("x")})
			return err
		},
	}
	for _, name := range slices.Sorted(maps.Keys(acts)) {
		if err := acts[name](); err == nil {
			t.Errorf("%s: it was allowed", name)
		} else if text := err.Error(); !strings.Contains(text, "AccessDenied") && !strings.Contains(text, "403") {
			t.Errorf("%s: %v", name, errors.Unwrap(err))
		}
	}
}
