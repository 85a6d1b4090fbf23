package awsapi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/audit/audittest"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/quota"
)

// tables makes the tables of a test, whose names are its own: kumo keeps
// those of its servers before.
func tables(t *testing.T, e *Endpoint) (files, usage string) {
	t.Helper()
	own, err := file.NewID()
	if err != nil {
		t.Fatal(err)
	}
	files, usage = "files-"+own, "usage-"+own
	key := func(parts ...string) (schema []map[string]string) {
		for i, name := range parts {
			schema = append(schema, map[string]string{"AttributeName": name, "KeyType": []string{"HASH", "RANGE"}[i]})
		}
		return schema
	}
	for table, in := range map[string]struct {
		id      string
		indexes [][]string // the name, the parts of the key, and what else is in it
	}{
		files: {"id", [][]string{{"byOwner", "listedOwner", "id"}, {"byTenant", "countedTenant", "id", "status", "size", "maxSize"}}},
		usage: {"account", [][]string{{"byLastLook", "reconcileShard", "reconciledAt", "subject"}}},
	} {
		keys := []string{in.id}
		var indexes []map[string]any
		for _, index := range in.indexes {
			keys = append(keys, index[1:3]...)
			projection := map[string]any{"ProjectionType": "ALL"}
			if len(index) > 3 {
				projection = map[string]any{"ProjectionType": "INCLUDE", "NonKeyAttributes": index[3:]}
			}
			indexes = append(indexes, map[string]any{"IndexName": index[0], "KeySchema": key(index[1:3]...), "Projection": projection})
		}
		var attributes []map[string]string
		for _, name := range slices.Compact(slices.Sorted(slices.Values(keys))) {
			attributes = append(attributes, map[string]string{"AttributeName": name, "AttributeType": "S"})
		}
		err := e.CreateTable(t.Context(), map[string]any{
			"TableName": table, "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": attributes, "KeySchema": key(in.id), "GlobalSecondaryIndexes": indexes,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	history := historyOf(files)
	err = e.CreateTable(t.Context(), map[string]any{
		"TableName": history, "BillingMode": "PAY_PER_REQUEST", "KeySchema": key("fileId", "id"),
		"AttributeDefinitions": []map[string]string{{"AttributeName": "fileId", "AttributeType": "S"}, {"AttributeName": "id", "AttributeType": "S"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Restore(t.Context(), []string{files, usage, history}); err != nil {
		t.Fatal(err)
	}
	return files, usage
}

// historyOf is the table of the trail that tables has made with files.
func historyOf(files string) string { return strings.Replace(files, "files", "history", 1) }

// storeOn is the store on the tables of a test, without limits or a count.
func storeOn(api dynamo.API, files string) *dynamo.Store {
	return dynamo.New(api, files).Recording(historyOf(files))
}

var errCrash = errors.New("the function died here")

// unreliable is a DynamoDB whose callers die before or after a call took effect,
// or wait between two.
type unreliable struct {
	*dynamodb.Client
	mu  sync.Mutex
	rng *rand.Rand
}

func (u *unreliable) chance() float64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.rng.Float64()
}

// around makes a call, and reports whether the caller lives to hear of it.
func around[T any](u *unreliable, call func() (T, error)) (out T, err error) {
	if u.chance() < 0.05 {
		return out, errCrash
	}
	time.Sleep(time.Duration(u.chance() * float64(2*time.Millisecond)))
	if out, err = call(); u.chance() < 0.05 {
		return out, errCrash
	}
	return out, err
}

func (u *unreliable) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return around(u, func() (*dynamodb.TransactWriteItemsOutput, error) { return u.Client.TransactWriteItems(ctx, in, o...) })
}

func (u *unreliable) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	return around(u, func() (*dynamodb.UpdateItemOutput, error) { return u.Client.UpdateItem(ctx, in, o...) })
}

func (u *unreliable) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return around(u, func() (*dynamodb.GetItemOutput, error) { return u.Client.GetItem(ctx, in, o...) })
}

// sameDay waits for midnight (UTC) where that is near: from then on the uploads
// of a day are counted anew.
func sameDay() {
	if left := time.Until(quota.Midnight(time.Now())); left < time.Minute {
		time.Sleep(left)
	}
}

// pending is a new record.
func pending(t *testing.T, owner string, size, maxSize int64) file.File {
	id, err := file.NewID()
	if err != nil {
		t.Error(err)
	}
	now := time.Now().UTC()
	f := file.File{
		ID: id, Owner: owner, Filename: "a", ContentType: "text/plain", Method: file.Put, Size: size, MaxSize: maxSize, Status: file.Pending, Key: file.Key(owner, id),
		CreatedAt: now, UpdatedAt: now, UploadExpiresAt: now, SweepAt: now, Revision: 1,
	}
	f.Counted = quota.Quotas{Tenant: &quota.Limits{}}.Kinds(owner)
	return f
}

// scan reads every item of a table.
func scan(t *testing.T, client *dynamodb.Client, table string) (items []map[string]types.AttributeValue) {
	t.Helper()
	pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: &table})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, page.Items...)
	}
	return items
}

// Many at once ask for uploads, for two owners of a tenant and one of none, and take
// files through every transition there is, in an order that chance decides; any of
// them dies before or after any of its calls. Some of the files are of before there
// were quotas of tenants. What is counted is at every moment within the limits, and in
// the end what the records come to.
func TestNoInterleavingAndNoCrashMakesTheCountersDrift(t *testing.T) {
	const seed, workers, steps = 20261124, 8, 120
	sameDay()
	e := start(t, t.TempDir(), everything{})
	files, usage := tables(t, e)
	client := dynamodb.NewFromConfig(e.Admin())
	limits := quota.Quotas{
		Owner:  quota.Limits{Bytes: 6000, Files: 12, Pending: 6, UploadsPerDay: 30},
		Tenant: &quota.Limits{Bytes: 7000, Files: 14, Pending: 7, UploadsPerDay: 45},
	}
	broken := &unreliable{Client: client, rng: rand.New(rand.NewPCG(seed, 0))}
	store := storeOn(broken, files).Counting(usage).Within(limits)
	accounts := dynamo.NewAccounts(client, usage)
	owners := []string{file.JoinOwner("acme", "alice"), file.JoinOwner("acme", "bob"), "carol"}
	var all []quota.Account
	for _, owner := range owners {
		for _, a := range quota.Accounts(owner) {
			if !slices.Contains(all, a) {
				all = append(all, a)
			}
		}
	}

	var known struct {
		sync.Mutex
		ids []string
	}
	saw := map[string]int{}
	note := func(what string) { known.Lock(); saw[what]++; known.Unlock() }
	judge := func(err error) {
		_, conflict := file.Conflict(err)
		switch {
		case err == nil:
			note("done")
		case errors.Is(err, errCrash):
			note("crash")
		case conflict:
			note("conflict")
		case file.CodeOf(err) == file.CodeQuotaExceeded || file.CodeOf(err) == file.CodeTooManyUploads:
			refused, _ := errors.AsType[*file.Error](err)
			note(string(refused.Code) + " of the " + refused.Quota.Account)
		case errors.Is(err, file.ErrNotFound):
			note("never written")
		default:
			t.Error(err)
		}
	}
	within := func() {
		for _, a := range all {
			used, err := accounts.Standing(t.Context(), a, time.Now())
			if err != nil {
				t.Error(err)
			}
			l := limits.Of(a.Kind)
			if used.Negative() || used.Bytes > l.Bytes || used.Files > l.Files || used.Pending > l.Pending || used.UploadsToday > l.UploadsPerDay {
				t.Errorf("%v is counted to use %+v", a, used)
			}
		}
	}
	var work sync.WaitGroup
	for worker := range workers {
		rng := rand.New(rand.NewPCG(seed, uint64(worker)+1))
		work.Go(func() {
			for range steps {
				if rng.IntN(3) == 0 {
					size, maxSize := 1+rng.Int64N(1000), int64(0)
					if rng.IntN(2) == 0 {
						size, maxSize = 0, size
					}
					f := pending(t, owners[rng.IntN(len(owners))], size, maxSize)
					if rng.IntN(4) == 0 {
						f.Counted = string(quota.Owner)
					}
					err := store.Create(audittest.As(t, "alice"), f)
					if judge(err); err == nil || errors.Is(err, errCrash) {
						known.Lock()
						known.ids = append(known.ids, f.ID)
						known.Unlock()
					}
					continue
				}
				known.Lock()
				id := ""
				if n := len(known.ids); n > 0 {
					id = known.ids[max(0, n-1-rng.IntN(4))]
				}
				known.Unlock()
				if id == "" {
					continue
				}
				f, err := store.Get(t.Context(), id)
				if err != nil {
					judge(err)
					continue
				}
				all := file.Statuses()[1:] // nothing becomes pending
				if rng.IntN(4) > 0 {
					all = all[:len(all)-1] // and not too much deleted
				}
				c := file.Change{To: all[rng.IntN(len(all))], At: time.Now().UTC(), Reason: file.VerificationFailed, SweepAt: time.Now()}
				for range 3 * rng.IntN(2) { // mostly to what may follow
					if !f.Status.CanBecome(c.To) {
						c.To = all[rng.IntN(len(all))]
					}
				}
				if c.To == file.Uploaded {
					c.Object = &file.Object{VersionID: "v", ETag: "e"}
					if f.Size == 0 {
						c.Size = 1 + rng.Int64N(f.MaxSize)
					}
				}
				if rng.IntN(2) == 0 {
					c.IfStatus = f.Status
				}
				got, err := store.Change(audittest.As(t, "alice"), id, c)
				if judge(err); err == nil && (got.Status != c.To || got.Revision <= f.Revision || got.Owner != f.Owner) {
					t.Errorf("%+v has become %+v", f, got)
				}
				if rng.IntN(4) == 0 {
					if err := store.Postpone(audittest.As(t, "alice"), f, time.Now()); err != nil {
						judge(err)
					}
				}
				within()
			}
		})
	}
	work.Wait()
	for _, what := range []string{"done", "crash"} { // what else there is depends on who was faster
		if saw[what] == 0 {
			t.Errorf("chance has never made a %s: %v", what, saw)
		}
	}
	// The uploads of the day that chance has left are used up as well.
	daily := storeOn(client, files).Counting(usage).Within(quota.Quotas{Owner: quota.Limits{UploadsPerDay: limits.Owner.UploadsPerDay}})
	for _, owner := range owners {
		var err error
		for range limits.Owner.UploadsPerDay + 1 {
			if err = daily.Create(audittest.As(t, "alice"), pending(t, owner, 1, 0)); err != nil {
				break
			}
		}
		if file.CodeOf(err) != file.CodeTooManyUploads {
			t.Errorf("%s has asked for more than a day's uploads: %v", owner, err)
		}
	}

	sums, asked, statuses := map[quota.Account]quota.Usage{}, map[quota.Account]int64{}, map[file.Status]int{}
	whole := storeOn(client, files)
	for _, item := range scan(t, client, files) {
		f, err := whole.Get(t.Context(), item["id"].(*types.AttributeValueMemberS).Value)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range quota.Counted(f) {
			sums[a] = sums[a].Plus(quota.Of(f))
			asked[a]++
		}
		statuses[f.Status]++
	}
	t.Logf("%v came of %v", statuses, saw)
	for _, a := range all {
		got, err := accounts.Standing(t.Context(), a, time.Now())
		if err != nil || got.Usage != sums[a] || got.UploadsToday != asked[a] {
			t.Errorf("%v: counted %+v, %v; the records come to %+v, and %d were asked for", a, got, err, sums[a], asked[a])
		}
	}
	held := trails(t, client, files)
	for _, item := range scan(t, client, files) {
		f, err := whole.Get(t.Context(), item["id"].(*types.AttributeValueMemberS).Value)
		if err != nil {
			t.Fatal(err)
		}
		checkTrail(t, f, held[f.ID])
		delete(held, f.ID)
	}
	if len(held) != 0 {
		t.Errorf("the trail tells of files that never were: %v", held)
	}
	run := quota.Reconciler{Ledger: accounts, Records: whole, Now: time.Now, Pause: func(context.Context) error { return nil }}
	if report, err := run.Reconcile(t.Context()); err != nil || report != (quota.Report{Accounts: len(all)}) {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestFiftyAtOnceGetExactlyWhatTheQuotaHasLeft(t *testing.T) {
	sameDay()
	e := start(t, t.TempDir(), everything{})
	files, usage := tables(t, e)
	client := dynamodb.NewFromConfig(e.Admin())
	for name, tt := range map[string]struct {
		limits quota.Limits
		let    int
		code   file.Code
	}{
		"a byte less than eight take": {quota.Limits{Bytes: 8*100 - 1}, 7, file.CodeQuotaExceeded},
		"pending":                     {quota.Limits{Pending: 3}, 3, file.CodeQuotaExceeded},
		"files":                       {quota.Limits{Files: 49}, 49, file.CodeQuotaExceeded},
		"uploads a day":               {quota.Limits{UploadsPerDay: 20}, 20, file.CodeTooManyUploads},
		"smaller than one file":       {quota.Limits{Bytes: 99}, 0, file.CodeQuotaExceeded},
		"no limit":                    {quota.Limits{}, 50, ""},
	} {
		store := storeOn(client, files).Counting(usage).Within(quota.Quotas{Owner: tt.limits})
		errs := make([]error, 50)
		var asking sync.WaitGroup
		for i := range errs {
			asking.Go(func() { errs[i] = store.Create(audittest.As(t, "alice"), pending(t, name, 100, 0)) })
		}
		asking.Wait()
		codes := map[file.Code]int{}
		for _, err := range errs {
			codes[file.CodeOf(err)]++
			if err != nil && file.CodeOf(err) == "" {
				t.Errorf("%s: %v", name, err)
			}
		}
		want := map[file.Code]int{"": tt.let, tt.code: 50 - tt.let}
		if tt.let == 0 {
			delete(want, "")
		}
		if tt.let == 50 {
			want = map[file.Code]int{"": 50}
		}
		if !maps.Equal(codes, want) {
			t.Errorf("%s: %v, not %v", name, codes, want)
		}
		got, err := dynamo.NewAccounts(client, usage).Standing(t.Context(), quota.Account{Kind: quota.Owner, Subject: name}, time.Now())
		n := int64(tt.let)
		if err != nil || got != (quota.Standing{Usage: quota.Usage{Bytes: n * 100, Files: n, Pending: n}, UploadsToday: n}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestTwoOwnersAtOnceGetExactlyWhatTheirTenantHasLeft(t *testing.T) {
	sameDay()
	e := start(t, t.TempDir(), everything{})
	files, usage := tables(t, e)
	client := dynamodb.NewFromConfig(e.Admin())
	for name, tt := range map[string]struct {
		owner, tenant quota.Limits
		let           int64
		refused       file.Quota
	}{
		"a byte less than eight take": {quota.Limits{Bytes: 5000}, quota.Limits{Bytes: 8*100 - 1}, 7, file.Quota{Account: "tenant", Name: "bytes", Limit: 799, Remaining: 99}},
		"pending":                     {quota.Limits{Pending: 25}, quota.Limits{Pending: 3}, 3, file.Quota{Account: "tenant", Name: "pending", Limit: 3}},
		"uploads a day":               {quota.Limits{}, quota.Limits{UploadsPerDay: 20}, 20, file.Quota{Account: "tenant", Name: "uploadsToday", Limit: 20}},
		"each owner has less":         {quota.Limits{Files: 4}, quota.Limits{Files: 9}, 8, file.Quota{Account: "owner", Name: "files", Limit: 4}},
		"no limit":                    {quota.Limits{}, quota.Limits{}, 50, file.Quota{}},
	} {
		owners := []string{file.JoinOwner(name, "alice"), file.JoinOwner(name, "bob")}
		store := storeOn(client, files).Counting(usage).Within(quota.Quotas{Owner: tt.owner, Tenant: &tt.tenant})
		errs := make([]error, 50)
		var asking sync.WaitGroup
		for i := range errs {
			asking.Go(func() { errs[i] = store.Create(audittest.As(t, "alice"), pending(t, owners[i%2], 100, 0)) })
		}
		asking.Wait()
		let := int64(0)
		for _, err := range errs {
			if err == nil {
				let++
				continue
			}
			refused, ok := errors.AsType[*file.Error](err)
			if !ok || refused.Quota == nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			got := *refused.Quota
			got.ResetsAt = time.Time{}
			if got != tt.refused {
				t.Errorf("%s: refused for %+v", name, got)
			}
		}
		if let != tt.let {
			t.Errorf("%s: %d of the two are let through, not %d", name, let, tt.let)
		}
		accounts := dynamo.NewAccounts(client, usage)
		got, err := accounts.Standing(t.Context(), quota.Account{Kind: quota.Tenant, Subject: name}, time.Now())
		if err != nil || got != (quota.Standing{Usage: quota.Usage{Bytes: let * 100, Files: let, Pending: let}, UploadsToday: let}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		sum := quota.Usage{}
		for _, owner := range owners {
			b, err := accounts.Balance(t.Context(), quota.Account{Kind: quota.Owner, Subject: owner})
			if err != nil {
				t.Error(err)
			}
			sum = sum.Plus(b.Usage)
		}
		if sum != got.Usage {
			t.Errorf("%s: the owners use %+v, and their tenant %+v", name, sum, got.Usage)
		}
	}
}

// What a policy says of tenants changes from day to day, and each file is settled
// where it was counted.
func TestAFileFromBeforeItsTenantWasCountedIsNotGivenBackToIt(t *testing.T) {
	e := start(t, t.TempDir(), everything{})
	files, usage := tables(t, e)
	client := dynamodb.NewFromConfig(e.Admin())
	owner := file.JoinOwner("acme", "alice")
	of := func(kind quota.Kind, subject string) quota.Usage {
		t.Helper()
		b, err := dynamo.NewAccounts(client, usage).Balance(t.Context(), quota.Account{Kind: kind, Subject: subject})
		if err != nil {
			t.Fatal(err)
		}
		return b.Usage
	}
	before, since := quota.Quotas{}, quota.Quotas{Tenant: &quota.Limits{Files: 1}}
	ask := func(q quota.Quotas) (file.File, error) {
		f := pending(t, owner, 100, 0)
		f.Counted = q.Kinds(owner)
		return f, storeOn(client, files).Counting(usage).Within(q).Create(audittest.As(t, "alice"), f)
	}
	old, err := ask(before)
	if err != nil {
		t.Fatal(err)
	}
	counted, err := ask(since)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ask(since); file.CodeOf(err) != file.CodeQuotaExceeded {
		t.Errorf("a second file of the tenant: %v", err)
	}
	if _, err := ask(before); err != nil {
		t.Errorf("tenants are counted no longer: %v", err)
	}
	one := quota.Usage{Bytes: 100, Files: 1, Pending: 1}
	if got := of(quota.Tenant, "acme"); got != one {
		t.Errorf("%+v is counted for the tenant", got)
	}
	listed, next, err := storeOn(client, files).ListTenant(t.Context(), "acme", "", 10)
	if err != nil || len(listed) != 1 || listed[0].ID != counted.ID || next != "" {
		t.Errorf("%+v is listed for the tenant, %q, %v", listed, next, err)
	}
	store := storeOn(client, files).Counting(usage)
	for _, tt := range []struct {
		id   string
		left quota.Usage // of the tenant
	}{{old.ID, one}, {counted.ID, quota.Usage{}}} {
		if _, err := store.Change(audittest.As(t, "alice"), tt.id, file.Change{To: file.Deleted, At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		if got := of(quota.Tenant, "acme"); got != tt.left {
			t.Errorf("%+v is counted for the tenant, not %+v", got, tt.left)
		}
	}
	if got := of(quota.Owner, owner); got != one {
		t.Errorf("%+v is counted for the owner in the end", got)
	}
}

// The index has a file as long as it counts, page by page, and of it no more than
// what it counts for.
func TestATenantsFilesAreListedAsLongAsTheyCount(t *testing.T) {
	e := start(t, t.TempDir(), everything{})
	files, usage := tables(t, e)
	client := dynamodb.NewFromConfig(e.Admin())
	store := storeOn(client, files).Counting(usage).Within(quota.Quotas{})
	var want []file.File
	for _, changes := range [][]file.Change{
		nil,
		{{To: file.Uploaded, Size: 700}},
		{{To: file.Uploaded, Size: 700}, {To: file.Verifying}, {To: file.Ready}},
		{{To: file.Expired}},
		{{To: file.Uploaded, Size: 700}, {To: file.Verifying}, {To: file.Rejected, Reason: file.MalwareDetected}},
		{{To: file.Deleted}},
	} {
		f := pending(t, file.JoinOwner("acme", "alice"), 0, 1000)
		if err := store.Create(audittest.As(t, "alice"), f); err != nil {
			t.Fatal(err)
		}
		for _, c := range changes {
			var err error
			c.At = time.Now()
			if f, err = store.Change(audittest.As(t, "alice"), f.ID, c); err != nil {
				t.Fatal(err)
			}
		}
		if !quota.Of(f).Zero() {
			want = append(want, file.File{ID: f.ID, Status: f.Status, Size: f.Size, MaxSize: f.MaxSize})
		}
	}
	if err := store.Create(audittest.As(t, "alice"), pending(t, file.JoinOwner("acme2", "alice"), 1, 0)); err != nil {
		t.Fatal(err)
	}
	var got []file.File
	for after := ""; ; {
		page, next, err := store.ListTenant(t.Context(), "acme", after, 2)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page...)
		if after = next; after == "" {
			break
		}
	}
	if len(want) != 3 || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nnot\n%+v", got, want)
	}
}

// overtaken is a DynamoDB in which another is quicker, once.
type overtaken struct {
	*dynamodb.Client
	before func()
}

func (o *overtaken) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, opts ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if before := o.before; before != nil {
		o.before = nil
		before()
	}
	return o.Client.TransactWriteItems(ctx, in, opts...)
}

func TestAChangeThatIsOvertakenSettlesWhatTheRecordIsThen(t *testing.T) {
	e := start(t, t.TempDir(), everything{})
	files, usage := tables(t, e)
	client := dynamodb.NewFromConfig(e.Admin())
	quick := storeOn(client, files).Counting(usage).Within(quota.Quotas{})
	for name, tt := range map[string]struct {
		first []file.Change
		then  file.Change
		left  quota.Usage
		lost  bool // the change is refused
	}{
		"deleted when it has arrived":             {[]file.Change{{To: file.Uploaded, Size: 700}}, file.Change{To: file.Deleted}, quota.Usage{}, false},
		"deleted when it has expired":             {[]file.Change{{To: file.Expired}}, file.Change{To: file.Deleted}, quota.Usage{}, false},
		"deleted when it has arrived by its word": {[]file.Change{{To: file.Uploaded, Size: 700}}, file.Change{To: file.Deleted, IfStatus: file.Pending}, quota.Usage{Bytes: 700, Files: 1}, true},
		"arrived when it is deleted":              {[]file.Change{{To: file.Deleted}}, file.Change{To: file.Uploaded, Size: 700}, quota.Usage{}, true},
		"arrived twice":                           {[]file.Change{{To: file.Uploaded, Size: 700}}, file.Change{To: file.Uploaded, Size: 600}, quota.Usage{Bytes: 700, Files: 1}, true},
		"expired when it is being verified":       {[]file.Change{{To: file.Uploaded, Size: 700}, {To: file.Verifying}}, file.Change{To: file.Expired}, quota.Usage{Bytes: 700, Files: 1}, true},
	} {
		f := pending(t, name, 0, 1000)
		if err := quick.Create(audittest.As(t, "alice"), f); err != nil {
			t.Fatal(err)
		}
		slow := storeOn(&overtaken{Client: client, before: func() {
			for _, c := range tt.first {
				c.At = time.Now()
				if _, err := quick.Change(audittest.As(t, "alice"), f.ID, c); err != nil {
					t.Error(err)
				}
			}
		}}, files).Counting(usage)
		tt.then.At = time.Now()
		_, err := slow.Change(audittest.As(t, "alice"), f.ID, tt.then)
		if current, conflict := file.Conflict(err); conflict != tt.lost || !conflict && err != nil || conflict && current.Status != tt.first[len(tt.first)-1].To {
			t.Errorf("%s: %v", name, err)
		}
		got, err := dynamo.NewAccounts(client, usage).Balance(t.Context(), quota.Account{Kind: quota.Owner, Subject: name})
		if err != nil || got.Usage != tt.left {
			t.Errorf("%s: %+v is left, %v", name, got.Usage, err)
		}
	}
}

func TestARecordThatIsNotCountedSettlesNothing(t *testing.T) {
	e := start(t, t.TempDir(), everything{})
	files, usage := tables(t, e)
	client := dynamodb.NewFromConfig(e.Admin())
	store := storeOn(client, files).Counting(usage).Within(quota.Quotas{})
	f := pending(t, "alice", 100, 0)
	f.Counted = ""
	if err := store.Create(audittest.As(t, "alice"), f); err != nil {
		t.Fatal(err)
	}
	if got, err := store.Change(audittest.As(t, "alice"), f.ID, file.Change{To: file.Deleted, At: time.Now()}); err != nil || got.Status != file.Deleted {
		t.Fatalf("%+v, %v", got, err)
	}
	if items := scan(t, client, usage); len(items) != 0 {
		t.Errorf("%v was counted", items)
	}
	// And a store that cannot count changes none that has to be.
	g := pending(t, "alice", 100, 0)
	if err := store.Create(audittest.As(t, "alice"), g); err != nil {
		t.Fatal(err)
	}
	if _, err := storeOn(client, files).Change(audittest.As(t, "alice"), g.ID, file.Change{To: file.Deleted, At: time.Now()}); err == nil {
		t.Error("a file was deleted past its quota")
	}
}

// A transaction returns nothing, so the store says itself what it has written.
func TestACountedChangeReturnsWhatItHasWritten(t *testing.T) {
	e := start(t, t.TempDir(), everything{})
	files, usage := tables(t, e)
	store := storeOn(dynamodb.NewFromConfig(e.Admin()), files).Counting(usage).Within(quota.Quotas{})
	f := pending(t, "alice", 0, 1000)
	if err := store.Create(audittest.As(t, "alice"), f); err != nil {
		t.Fatal(err)
	}
	at := time.Now()
	for _, c := range []file.Change{
		{To: file.Uploaded, At: at, Object: &file.Object{VersionID: "v", ETag: "e"}, Size: 700, ContentType: "text/csv", SweepAt: at.Add(time.Hour)},
		{To: file.Verifying, At: at.Add(time.Second)},
		{To: file.Ready, At: at.Add(2 * time.Second), ChecksumSHA256: "c", Verdict: &file.Verdict{Outcome: file.Clean, CheckedAt: at.UTC().Truncate(time.Millisecond)}, Receipt: "r"},
		{To: file.Rejected, At: at.Add(3 * time.Second), Reason: file.MalwareDetected, SweepAt: at.Add(2 * time.Hour), IfStatus: file.Ready, IfVersion: "v"},
		{To: file.Deleted, At: at.Add(4 * time.Second), PurgeAt: at.Add(time.Hour)},
	} {
		got, err := store.Change(audittest.As(t, "alice"), f.ID, c)
		if err != nil {
			t.Fatal(err)
		}
		if read, err := store.Get(t.Context(), f.ID); err != nil || !reflect.DeepEqual(got, read) {
			t.Errorf("to %s: it returned\n%+v\nand has written\n%+v, %v", c.To, got, read, err)
		}
	}
	items := scan(t, dynamodb.NewFromConfig(e.Admin()), usage)
	if len(items) != 2 {
		t.Errorf("%v", items)
	}
}

// What package dynamo relies on of transactions, where kumo leaves it out.
func TestATransactionIsAsDynamoDBHasIt(t *testing.T) {
	e := start(t, t.TempDir(), everything{})
	_, usage := tables(t, e)
	client := dynamodb.NewFromConfig(e.Admin())
	add := func(account, condition string) types.TransactWriteItem {
		u := &types.Update{
			TableName: &usage, Key: map[string]types.AttributeValue{"account": &types.AttributeValueMemberS{Value: account}},
			UpdateExpression: aws.String("ADD n :one"), ExpressionAttributeValues: map[string]types.AttributeValue{":one": &types.AttributeValueMemberN{Value: "1"}},
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}
		if condition != "" {
			u.ConditionExpression = &condition
		}
		return types.TransactWriteItem{Update: u}
	}
	write := func(token string, items ...types.TransactWriteItem) error {
		_, err := client.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: items, ClientRequestToken: &token})
		return err
	}
	counted := func() string {
		var all []string
		for _, item := range scan(t, client, usage) {
			all = append(all, fmt.Sprint(item["account"].(*types.AttributeValueMemberS).Value, "=", item["n"].(*types.AttributeValueMemberN).Value))
		}
		slices.Sort(all)
		return strings.Join(all, " ")
	}
	for range 2 { // the second time its answer was lost
		if err := write("first", add("a", ""), add("b", "")); err != nil || counted() != "a=1 b=1" {
			t.Fatalf("%v: %s", err, counted())
		}
	}
	var mismatch *types.IdempotentParameterMismatchException
	if err := write("first", add("a", "")); !errors.As(err, &mismatch) {
		t.Errorf("other items with the same token: %v", err)
	}
	var cancelled *types.TransactionCanceledException
	err := write("second", add("a", ""), add("b", "n > :one"), add("c", "attribute_exists(n)"))
	if !errors.As(err, &cancelled) || len(cancelled.CancellationReasons) != 3 || counted() != "a=1 b=1" {
		t.Fatalf("%v: %s", err, counted())
	}
	for i, want := range []string{"None", "ConditionalCheckFailed", "ConditionalCheckFailed"} {
		if got := aws.ToString(cancelled.CancellationReasons[i].Code); got != want {
			t.Errorf("reason %d is %s", i, got)
		}
	}
	if old := cancelled.CancellationReasons[1].Item["n"]; old == nil || old.(*types.AttributeValueMemberN).Value != "1" || len(cancelled.CancellationReasons[2].Item) != 0 {
		t.Errorf("what stood in the way is %v and %v", old, cancelled.CancellationReasons[2].Item)
	}
}
