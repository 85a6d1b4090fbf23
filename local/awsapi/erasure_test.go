package awsapi

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/local/lambdas"
	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/audit/audittest"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/erasure"
	"github.com/vouch-s3/vouch/shared/file"
)

// erasing plays the functions of an erasure, and answers what it is told.
type erasing struct {
	mu      sync.Mutex
	answers []erasure.Step // of prove and erase, in their order; where Next is empty, the function fails
	failing bool           // fail fails too
	asked   []string
	inputs  []string
}

func (s *erasing) Invoke(_ context.Context, function string, payload []byte) (lambdas.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked, s.inputs = append(s.asked, function), append(s.inputs, string(payload))
	var answer erasure.Step
	if function == "fail" {
		if s.failing {
			return lambdas.Result{}, errors.New("down")
		}
		answer.Next = erasure.Fail
	} else {
		answer, s.answers = s.answers[0], s.answers[1:]
		if answer.Next == "" {
			return lambdas.Result{}, errors.New("down")
		}
	}
	if err := json.Unmarshal(payload, &answer.Task); err != nil {
		return lambdas.Result{}, err
	}
	data, err := json.Marshal(answer)
	return lambdas.Result{Payload: data}, err
}

func (s *erasing) InvokeAsync(string, []byte) error {
	return errors.New("nothing is asynchronous here")
}

// The definition that is deployed, run to each of its ends, without its retries.
func TestEveryWayThroughAnErasure(t *testing.T) {
	data, err := os.ReadFile("../../statemachines/erase-owner.asl.json")
	if err != nil {
		t.Fatal(err)
	}
	definition := withoutRetries(t, strings.NewReplacer("${EraseFilesFunctionArn}", "erase", "${ProveErasureFunctionArn}", "prove", "${FailErasureFunctionArn}", "fail").Replace(string(data)))
	erase, prove, fail, done := erasure.Step{Next: erasure.Erase}, erasure.Step{Next: erasure.Prove}, erasure.Step{Next: erasure.Fail}, erasure.Step{Next: erasure.Done}
	for name, tt := range map[string]struct {
		answers []erasure.Step
		failing bool
		asked   []string
		status  string
		waits   time.Duration
	}{
		"all goes well": {
			answers: []erasure.Step{{Next: erasure.Erase, Wait: 1}, erase, erase, {Next: erasure.Prove, Wait: 1}, prove, done},
			asked:   []string{"prove", "erase", "erase", "erase", "prove", "prove"}, status: "SUCCEEDED", waits: 2 * time.Second,
		},
		"another round":         {answers: []erasure.Step{erase, prove, erase, prove, done}, asked: []string{"prove", "erase", "prove", "erase", "prove"}, status: "SUCCEEDED"},
		"it is handed over":     {answers: []erasure.Step{erase, done}, asked: []string{"prove", "erase"}, status: "SUCCEEDED"},
		"it is given up":        {answers: []erasure.Step{erase, prove, fail}, asked: []string{"prove", "erase", "prove", "fail"}, status: "FAILED"},
		"a word that is none":   {answers: []erasure.Step{{Next: "perhaps"}}, asked: []string{"prove", "fail"}, status: "FAILED"},
		"a page that fails":     {answers: []erasure.Step{erase, {}}, asked: []string{"prove", "erase", "fail"}, status: "FAILED"},
		"a look that fails":     {answers: []erasure.Step{{}}, asked: []string{"prove", "fail"}, status: "FAILED"},
		"giving up fails, too":  {answers: []erasure.Step{{}}, failing: true, asked: []string{"prove", "fail"}, status: "FAILED"},
		"there is no such item": {answers: []erasure.Step{fail}, asked: []string{"prove", "fail"}, status: "FAILED"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &erasing{answers: tt.answers, failing: tt.failing}
			e, err := Start(t.Context(), Options{
				Addr: "127.0.0.1:0", DataDir: t.TempDir(), Region: "us-east-1", Functions: s,
				AdminKey: "admin", AdminSecret: "secret", Authorizer: everything{}, Log: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			machine := "erase-" + rand.Text() // kumo is one for the whole process
			if err := e.CreateStateMachine(t.Context(), machine, definition, "arn:aws:iam::"+AccountID+":role/erase"); err != nil {
				t.Fatal(err)
			}
			const input = `{"erasure":"x","part":3}`
			began := time.Now()
			var started struct{ ExecutionArn string }
			if err := e.ask(t.Context(), "AWSStepFunctions.StartExecution", map[string]string{
				"stateMachineArn": "arn:aws:states:us-east-1:" + AccountID + ":stateMachine:" + machine, "name": "x", "input": input,
			}, &started); err != nil {
				t.Fatal(err)
			}
			now := struct{ Status string }{running}
			for deadline := time.Now().Add(30 * time.Second); now.Status == running && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
				if err := e.ask(t.Context(), "AWSStepFunctions.DescribeExecution", map[string]string{"executionArn": started.ExecutionArn}, &now); err != nil {
					t.Fatal(err)
				}
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if now.Status != tt.status || !slices.Equal(s.asked, tt.asked) || time.Since(began) < tt.waits {
				t.Errorf("it %s after %v, and asked %v", now.Status, time.Since(began), s.asked)
			}
			for i, in := range s.inputs {
				if in != input {
					t.Errorf("%s was handed %s", s.asked[i], in)
				}
			}
		})
	}
}

// erasureTables makes the tables of an erasure's test, whose names are its own.
func erasureTables(t *testing.T, e *Endpoint) (files, erasures string) {
	t.Helper()
	own := rand.Text()
	files, erasures = "files-"+own, "erasures-"+own
	history := historyOf(files)
	hash := func(name string) map[string]string {
		return map[string]string{"AttributeName": name, "KeyType": "HASH"}
	}
	is := func(name string) map[string]string {
		return map[string]string{"AttributeName": name, "AttributeType": "S"}
	}
	for _, table := range []map[string]any{
		{
			"TableName": files, "BillingMode": "PAY_PER_REQUEST", "KeySchema": []any{hash("id")},
			"AttributeDefinitions": []any{is("id"), is("owner"), is("statusId")},
			"GlobalSecondaryIndexes": []any{map[string]any{
				"IndexName": "byOwnerStatus", "KeySchema": []any{hash("owner"), map[string]string{"AttributeName": "statusId", "KeyType": "RANGE"}},
				"Projection": map[string]string{"ProjectionType": "ALL"},
			}},
		},
		{
			"TableName": history, "BillingMode": "PAY_PER_REQUEST", "KeySchema": []any{hash("fileId"), map[string]string{"AttributeName": "id", "KeyType": "RANGE"}},
			"AttributeDefinitions": []any{is("fileId"), is("id"), is("owner")},
			"GlobalSecondaryIndexes": []any{map[string]any{
				"IndexName": "byOwner", "KeySchema": []any{hash("owner"), map[string]string{"AttributeName": "id", "KeyType": "RANGE"}},
				"Projection": map[string]string{"ProjectionType": "KEYS_ONLY"},
			}},
		},
		{"TableName": erasures, "BillingMode": "PAY_PER_REQUEST", "KeySchema": []any{hash("id")}, "AttributeDefinitions": []any{is("id")}},
	} {
		if err := e.CreateTable(t.Context(), table); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Restore(t.Context(), []string{files, history, erasures}); err != nil {
		t.Fatal(err)
	}
	return files, erasures
}

func TestEveryRecordThatNamesAnOwnerIsListedOnceAndForgottenWhole(t *testing.T) {
	e := start(t, t.TempDir(), everything{})
	table, _ := erasureTables(t, e)
	client := dynamodb.NewFromConfig(e.Admin())
	store := storeOn(client, table)
	now := time.Now().UTC().Truncate(time.Millisecond)
	ids := map[string]bool{}
	for _, owner := range []string{"alice", "bob"} {
		for range 7 {
			f := pending(t, owner, 100, 0)
			f.Counted = ""
			f.Grants = []file.Grant{{Grantee: file.Grantee{Type: file.Subject, Name: "carol"}, Level: file.Read, GrantedBy: owner, GrantedAt: now}}
			if err := store.Create(audittest.As(t, "alice"), f); err != nil {
				t.Fatal(err)
			}
			if owner == "alice" {
				ids[f.ID] = true
			}
			if len(ids)%2 == 0 {
				continue
			}
			if _, err := store.Change(audittest.As(t, "alice"), f.ID, file.Change{To: file.Deleted, At: now, SweepAt: now, PurgeAt: now.Add(time.Hour)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	var listed []file.File
	for cursor, more := "", true; more; more = cursor != "" {
		page, next, err := store.Naming(t.Context(), "alice", cursor, 3)
		if err != nil || len(page) > 3 {
			t.Fatalf("%d records, %v", len(page), err)
		}
		listed, cursor = append(listed, page...), next
	}
	for _, f := range listed {
		if !ids[f.ID] || f.Owner != "alice" {
			t.Errorf("%+v is listed, or is listed twice", f)
		}
		delete(ids, f.ID)
	}
	if len(ids) != 0 {
		t.Errorf("%v are not listed", ids)
	}
	if _, _, err := store.Naming(t.Context(), "alice", "ready#"+"x", 3); err == nil {
		t.Error("a cursor that is none is taken")
	}

	for _, f := range listed {
		if f.Status != file.Deleted {
			if err := store.Forget(t.Context(), f, now, now); err == nil {
				t.Errorf("a %s record is forgotten", f.Status)
			}
			deleted := f
			deleted.Status = file.Deleted // whoever says so is told otherwise
			if err := store.Forget(t.Context(), deleted, now, now); !isConflict(err) {
				t.Errorf("a %s record is forgotten for a deleted one: %v", f.Status, err)
			}
			continue
		}
		stale := f
		stale.Revision--
		if err := store.Forget(t.Context(), stale, now, now); !isConflict(err) {
			t.Errorf("a record is forgotten that was written meanwhile: %v", err)
		}
		purge := now.Add(time.Hour).Truncate(time.Second)
		if err := store.Forget(t.Context(), f, now, purge); err != nil {
			t.Fatal(err)
		}
		out, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &table, Key: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: f.ID}}})
		if err != nil {
			t.Fatal(err)
		}
		// Whatever attribute is added to records one day is a question for who adds it.
		for name := range out.Item {
			if !slices.Contains([]string{"id", "status", "statusId", "method", "objectKey", "createdAt", "updatedAt", "uploadExpiresAt", "revision", "purgeAt", "filename", "contentType", "size"}, name) {
				t.Errorf("a tombstone has the attribute %s", name)
			}
		}
		got, err := store.Get(t.Context(), f.ID)
		if want := f.Tombstone(now); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v; not %+v", got, err, want)
		}
		if err := store.Forget(t.Context(), f, now, purge); !isConflict(err) {
			t.Errorf("a tombstone is forgotten: %v", err)
		}
	}
	gone := pending(t, "alice", 1, 0)
	gone.Status = file.Deleted
	if err := store.Forget(t.Context(), gone, now, now); file.CodeOf(err) != file.CodeNotFound {
		t.Errorf("a record that is not there: %v", err)
	}
}

// The events of a file go by its id, and those of files whose records are forgotten
// by their owner; nobody else's do.
func TestAnOwnersHistoryIsListedAndForgottenWhole(t *testing.T) {
	e := start(t, t.TempDir(), everything{})
	table, _ := erasureTables(t, e)
	client := dynamodb.NewFromConfig(e.Admin())
	store, histories := storeOn(client, table), dynamo.NewHistories(client, historyOf(table))
	files := map[string]file.File{}
	for _, owner := range []string{"alice", "alice", "alice", "bob"} {
		f := pending(t, owner, 100, 0)
		f.Counted = ""
		if err := store.Create(audittest.As(t, owner), f); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Change(audittest.As(t, owner), f.ID, file.Change{To: file.Deleted, At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		denial, err := audit.Refused(audittest.As(t, "mallory"), f.ID, "see", file.CodeNotFound, time.Now())
		if err == nil {
			err = store.Note(t.Context(), denial)
		}
		if err != nil {
			t.Fatal(err)
		}
		files[f.ID] = f
	}
	named := func(owner string) (events []erasure.Event) {
		t.Helper()
		for cursor, more := "", true; more; more = cursor != "" {
			page, next, err := histories.Naming(t.Context(), owner, cursor, 2)
			if err != nil || len(page) > 2 {
				t.Fatalf("%v, %v", page, err)
			}
			events, cursor = append(events, page...), next
		}
		return events
	}
	const each = 3 // that it is there, its URL, and that it is deleted
	events := named("alice")
	if len(events) != 3*each || len(named("bob")) != each || len(named("carol")) != 0 {
		t.Fatalf("%d events are alice's and %d bob's", len(events), len(named("bob")))
	}
	first := events[0].FileID
	for range 2 { // removing none is no error
		if err := histories.Remove(t.Context(), events[0]); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := histories.Forget(t.Context(), first); err != nil || n != each-1+1 {
		t.Errorf("%d events are removed, %v; one was, and there is a denial", n, err)
	}
	if n, err := histories.Forget(t.Context(), first); err != nil || n != 0 {
		t.Errorf("again: %d, %v", n, err)
	}
	if left := named("alice"); len(left) != 2*each || slices.ContainsFunc(left, func(e erasure.Event) bool { return e.FileID == first }) {
		t.Errorf("of alice there is %v", left)
	}
	for id, f := range files {
		if f.Owner == "alice" {
			if _, err := histories.Forget(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
	}
	left := scan(t, client, historyOf(table))
	if len(named("alice")) != 0 || len(named("bob")) != each || len(left) != each+1 {
		t.Errorf("%d events are left: %v", len(left), left)
	}
	if _, _, err := histories.Naming(t.Context(), "alice", "x", 2); err == nil {
		t.Error("a cursor that is none is taken")
	}
}

func isConflict(err error) bool { _, is := file.Conflict(err); return is }

func TestTheTableOfErasuresLetsOneOfAnOwnerGoOnAndForgetsTheirName(t *testing.T) {
	e := start(t, t.TempDir(), everything{})
	_, table := erasureTables(t, e)
	client := dynamodb.NewFromConfig(e.Admin())
	s := dynamo.NewErasures(client, table)
	now := time.Now().UTC().Truncate(time.Millisecond)
	begin := func(owner string) (erasure.Erasure, erasure.Erasure, bool, error) {
		t.Helper()
		id, err := file.NewID()
		if err != nil {
			t.Fatal(err)
		}
		asked := erasure.Erasure{ID: id, Owner: owner, Pseudonym: file.Pseudonym(owner), Status: erasure.Erasing, Phase: erasure.Closing, Round: 1, StartedAt: now, UpdatedAt: now, Revision: 1}
		got, begun, err := s.Begin(t.Context(), asked)
		return asked, got, begun, err
	}
	first, got, begun, err := begin("alice")
	if err != nil || !begun || !reflect.DeepEqual(got, first) {
		t.Fatalf("%+v, %v, %v", got, begun, err)
	}
	if _, got, begun, err = begin("alice"); err != nil || begun || !reflect.DeepEqual(got, first) {
		t.Errorf("a second one: %+v, %v, %v", got, begun, err)
	}
	if _, got, begun, err = begin("bob"); err != nil || !begun {
		t.Errorf("of another owner: %+v, %v, %v", got, begun, err)
	}

	on := first
	on.Phase, on.Cursor, on.Counts, on.QuietAt, on.Pages = erasure.Clearing, "deleted#x", erasure.Counts{Files: 1, Versions: 2, Uploads: 3, Events: 4}, now.Add(time.Hour), 7
	saved, err := s.Save(t.Context(), on)
	if on.Revision++; err != nil || !reflect.DeepEqual(saved, on) {
		t.Fatalf("%+v, %v; not %+v", saved, err, on)
	}
	if got, err := s.Get(t.Context(), first.ID); err != nil || !reflect.DeepEqual(got, on) {
		t.Errorf("%+v, %v; not %+v", got, err, on)
	}
	if _, err := s.Save(t.Context(), first); !errors.Is(err, erasure.ErrMoved) {
		t.Errorf("an older one is saved: %v", err)
	}
	kept, err := s.KeepClosed(t.Context(), first.ID)
	if err != nil || !kept.KeepClosed || kept.Revision != on.Revision {
		t.Errorf("%+v, %v", kept, err)
	}

	end := on // does not know that the account is to stay closed
	end.Status, end.Phase, end.EndedAt, end.Statement = erasure.Finished, erasure.Leaving, now, "a.b.c"
	if _, err := s.Save(t.Context(), end); !errors.Is(err, erasure.ErrMoved) {
		t.Errorf("it ends without what was asked meanwhile: %v", err)
	}
	end.KeepClosed = true
	if _, err := s.Save(t.Context(), end); err != nil {
		t.Fatal(err)
	}
	end.Owner, end.Cursor, end.QuietAt = "", "", time.Time{}
	end.Revision++
	if got, err := s.Get(t.Context(), first.ID); err != nil || !reflect.DeepEqual(got, end) {
		t.Errorf("%+v, %v; not %+v", got, err, end)
	}
	for _, item := range scan(t, client, table) {
		text, err := json.Marshal(item)
		if err != nil || strings.Contains(string(text), "alice") {
			t.Errorf("%s, %v", text, err)
		}
	}
	if _, err := s.Save(t.Context(), end); !errors.Is(err, erasure.ErrMoved) {
		t.Errorf("one that has ended is saved: %v", err)
	}
	if _, err := s.KeepClosed(t.Context(), first.ID); !errors.Is(err, erasure.ErrMoved) {
		t.Errorf("one that has ended is changed: %v", err)
	}
	if _, got, begun, err = begin("alice"); err != nil || !begun || got.ID == first.ID {
		t.Errorf("after its end: %+v, %v, %v", got, begun, err)
	}
	if _, err := s.Get(t.Context(), "x"); !errors.Is(err, erasure.ErrNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
}

// Of many who ask at once, one begins, and all are told of that one.
func TestOfManyErasuresAtOnceOneBegins(t *testing.T) {
	e := start(t, t.TempDir(), everything{})
	_, table := erasureTables(t, e)
	s := dynamo.NewErasures(dynamodb.NewFromConfig(e.Admin()), table)
	ids := make(chan string, 20)
	var asking sync.WaitGroup
	for range cap(ids) {
		asking.Go(func() {
			started, err := erasure.Starter{Ledger: s, Workflow: nowhere{}, Now: time.Now}.Start(t.Context(), "alice", false)
			if err != nil {
				t.Error(err)
			}
			ids <- started.ID
		})
	}
	asking.Wait()
	first := <-ids
	for range cap(ids) - 1 {
		if id := <-ids; id != first {
			t.Errorf("%s and %s have begun", first, id)
		}
	}
}

type nowhere struct{}

func (nowhere) StartErasure(context.Context, string, erasure.Task) error { return nil }
