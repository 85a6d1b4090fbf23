package awsapi

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/audit/audittest"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/quota"
)

// trails reads the trail of every file, in its order.
func trails(t *testing.T, client *dynamodb.Client, files string) map[string][]audit.Event {
	t.Helper()
	all := map[string][]audit.Event{}
	for _, item := range scan(t, client, historyOf(files)) {
		e, err := dynamo.DecodeEvent(item)
		if err != nil {
			t.Fatal(err)
		}
		all[e.FileID] = append(all[e.FileID], e)
	}
	for _, events := range all {
		slices.SortFunc(events, func(a, b audit.Event) int { return cmp.Compare(a.ID, b.ID) })
	}
	return all
}

// checkTrail holds the trail of a file to its record: from pending on to what the
// record is, each status follows the one before it. None comes twice in a life, so
// that one which was written twice would be found.
func checkTrail(t *testing.T, f file.File, trail []audit.Event) {
	t.Helper()
	var last file.Status
	for _, e := range trail {
		if e.Action != audit.StatusChanged {
			continue
		}
		if last == "" && e.Status != file.Pending || last != "" && !last.CanBecome(e.Status) {
			t.Errorf("file %s: the trail goes from %q to %q", f.ID, last, e.Status)
		}
		last = e.Status
	}
	if last != f.Status {
		t.Errorf("file %s is %s, and its trail ends with %q", f.ID, f.Status, last)
	}
}

func TestAStoreThatIsNotToldOfTheTrailChangesNothing(t *testing.T) {
	e := start(t, t.TempDir(), everything{})
	files, usage := tables(t, e)
	client := dynamodb.NewFromConfig(e.Admin())
	ctx := audittest.As(t, "alice")
	f := pending(t, "alice", 5, 0)
	blind := dynamo.New(client, files).Counting(usage).Within(quota.Quotas{})
	store := storeOn(client, files).Counting(usage).Within(quota.Quotas{})
	if err := blind.Create(ctx, f); err == nil {
		t.Error("a record was written")
	}
	if err := store.Create(t.Context(), f); err == nil {
		t.Error("nobody wrote a record")
	}
	if err := store.Create(ctx, f); err != nil {
		t.Fatal(err)
	}
	deleted := file.Change{To: file.Deleted, At: time.Now()}
	granted := file.Sharing{Grants: []file.Grant{{Grantee: file.Grantee{Type: file.Subject, Name: "bob"}, Level: file.Read, GrantedBy: "alice"}}, Revision: 1, At: time.Now()}
	for name, act := range map[string]func() error{
		"a change":           func() error { _, err := blind.Change(ctx, f.ID, deleted); return err },
		"a change by nobody": func() error { _, err := store.Change(t.Context(), f.ID, deleted); return err },
		"grants":             func() error { _, err := blind.Share(ctx, f, granted); return err },
		"grants by nobody":   func() error { _, err := store.Share(t.Context(), f, granted); return err },
		"no change of grants": func() error {
			_, err := store.Share(ctx, f, file.Sharing{Revision: 1, At: time.Now()})
			return err
		},
		"an event": func() error {
			e, err := audit.Of(ctx, f, audit.DownloadPresigned, time.Now())
			return errors.Join(err, blind.Note(ctx, e))
		},
	} {
		if err := act(); err == nil {
			t.Errorf("%s: it was written", name)
		}
	}
	if got, err := store.Get(ctx, f.ID); err != nil || got.Revision != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// losing loses the first answer to each write that took effect.
type losing struct {
	lost map[string]int
}

func (l *losing) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	target := r.Header.Get("X-Amz-Target")
	if err == nil && l.lost[target] == 0 && target != "DynamoDB_20120810.GetItem" {
		l.lost[target]++
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		return nil, errors.New("the connection was reset")
	}
	return resp, err
}

func TestAnAnswerThatIsLostIsOneEvent(t *testing.T) {
	e := start(t, t.TempDir(), everything{})
	files, usage := tables(t, e)
	ctx := audittest.As(t, "alice")
	f := pending(t, "alice", 5, 0)
	network := &losing{lost: map[string]int{}}
	store := storeOn(dynamodb.NewFromConfig(e.Admin(), func(o *dynamodb.Options) { o.HTTPClient = &http.Client{Transport: network} }), files).Counting(usage).Within(quota.Quotas{})
	again := func() { clear(network.lost) }
	if err := store.Create(ctx, f); err != nil {
		t.Fatal(err)
	}
	again()
	f, err := store.Change(ctx, f.ID, file.Change{To: file.Uploaded, At: time.Now(), Object: &file.Object{VersionID: "v", ETag: "e"}})
	if err != nil {
		t.Fatal(err)
	}
	again()
	g := file.Grant{Grantee: file.Grantee{Type: file.Subject, Name: "bob"}, Level: file.Read, GrantedBy: "alice", GrantedAt: time.Now()}
	if _, err := store.Share(ctx, f, file.Sharing{Grants: []file.Grant{g}, Revision: 2, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	presigned, err := audit.Of(ctx, f, audit.DownloadPresigned, time.Now())
	if err := errors.Join(err, store.Note(ctx, presigned)); err != nil {
		t.Fatal(err)
	}
	if network.lost["DynamoDB_20120810.TransactWriteItems"] != 1 || network.lost["DynamoDB_20120810.PutItem"] != 1 {
		t.Fatalf("lost %v", network.lost)
	}
	var got []audit.Action
	for _, e := range trails(t, dynamodb.NewFromConfig(e.Admin()), files)[f.ID] {
		got = append(got, e.Action)
	}
	want := []audit.Action{audit.StatusChanged, audit.UploadPresigned, audit.StatusChanged, audit.GrantPut, audit.DownloadPresigned}
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

func TestATrailIsReadNewestFirstByPagesAndForgottenWhole(t *testing.T) {
	e := start(t, t.TempDir(), everything{})
	files, usage := tables(t, e)
	client := dynamodb.NewFromConfig(e.Admin())
	store := storeOn(client, files).Counting(usage).Within(quota.Quotas{})
	history := dynamo.NewHistory(client, historyOf(files))
	ctx := audittest.As(t, "alice")
	f, other := pending(t, "alice", 5, 0), pending(t, "alice", 5, 0)
	for _, f := range []file.File{f, other} {
		if err := store.Create(ctx, f); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			presigned, err := audit.Of(ctx, f, audit.DownloadPresigned, time.Now())
			if err := errors.Join(err, store.Note(ctx, presigned)); err != nil {
				t.Fatal(err)
			}
			denied, err := audit.Refused(audittest.As(t, "mallory"), f.ID, "see", file.CodeNotFound, time.Now())
			if err := errors.Join(err, store.Note(ctx, denied)); err != nil {
				t.Fatal(err)
			}
		}
	}
	read := func(id string, o audit.Outcome, limit int) (all []audit.Event) {
		t.Helper()
		for q := (audit.Query{FileID: id, Outcome: o, Limit: limit}); ; {
			page, next, err := history.List(t.Context(), q)
			if err != nil || len(page) > limit {
				t.Fatalf("%d events, %v", len(page), err)
			}
			all = append(all, page...)
			if q.After = next; next == "" {
				return all
			}
		}
	}
	for _, limit := range []int{1, 2, 7, 100} {
		done, denied := read(f.ID, audit.Done, limit), read(f.ID, audit.Denied, limit)
		if len(done) != 7 || len(denied) != 5 || done[6].Action != audit.StatusChanged || done[0].Action != audit.DownloadPresigned {
			t.Fatalf("%d at a time: %+v and %+v", limit, done, denied)
		}
		for _, e := range denied {
			if e.FileID != f.ID || e.Actor.Subject != "mallory" || e.Outcome != audit.Denied || e.Owner != "" {
				t.Errorf("%+v", e)
			}
		}
		if !slices.IsSortedFunc(done, func(a, b audit.Event) int { return cmp.Compare(b.ID, a.ID) }) {
			t.Error("it is in another order")
		}
	}
	if err := history.Forget(t.Context(), f.ID); err != nil {
		t.Fatal(err)
	}
	if left := len(read(f.ID, audit.Done, 9)) + len(read(f.ID, audit.Denied, 9)); left != 0 {
		t.Errorf("%d events are left", left)
	}
	if done, denied := read(other.ID, audit.Done, 9), read(other.ID, audit.Denied, 9); len(done) != 7 || len(denied) != 5 {
		t.Errorf("of another file %d and %d are left", len(done), len(denied))
	}
}
