package awsapi

import (
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vouch-s3/vouch/shared/audit/audittest"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/quota"
)

func TestAClosedAccountTakesNoFileAndSettlesThoseItHas(t *testing.T) {
	sameDay()
	e := start(t, t.TempDir(), everything{})
	files, usage := tables(t, e)
	client := dynamodb.NewFromConfig(e.Admin())
	store := storeOn(client, files).Counting(usage).Within(quota.Quotas{Owner: quota.Limits{Files: 1}})
	accounts := dynamo.NewAccounts(client, usage)
	f := pending(t, "alice", 100, 0)
	if err := store.Create(audittest.As(t, "alice"), f); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := accounts.Close(t.Context(), "alice"); err != nil {
			t.Fatal(err)
		}
	}
	// Over its quota as well, of which a closed account is told nothing.
	err := store.Create(audittest.As(t, "alice"), pending(t, "alice", 100, 0))
	if refused, ok := errors.AsType[*file.Error](err); !ok || refused.Code != file.CodeAccountClosed || refused.Quota != nil {
		t.Errorf("a closed account: %v", err)
	}
	if err := store.Create(audittest.As(t, "alice"), pending(t, "bob", 100, 0)); err != nil {
		t.Errorf("an account beside it: %v", err)
	}
	if err := accounts.Forget(t.Context(), "alice"); err == nil {
		t.Error("an account was forgotten of which there is a file")
	}
	if got, err := store.Change(audittest.As(t, "alice"), f.ID, file.Change{To: file.Deleted, At: time.Now()}); err != nil || got.Status != file.Deleted {
		t.Errorf("%+v, %v", got, err)
	}
	got, err := accounts.Standing(t.Context(), quota.Account{Kind: quota.Owner, Subject: "alice"}, time.Now())
	if err != nil || got != (quota.Standing{UploadsToday: 1}) {
		t.Errorf("%+v, %v", got, err)
	}
	for range 2 {
		if err := accounts.Open(t.Context(), "alice"); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Create(audittest.As(t, "alice"), pending(t, "alice", 100, 0)); err != nil {
		t.Errorf("an account that is open again: %v", err)
	}
}

func TestAnAccountThatWasNeverCountedCanBeClosedAndOpened(t *testing.T) {
	e := start(t, t.TempDir(), everything{})
	files, usage := tables(t, e)
	client := dynamodb.NewFromConfig(e.Admin())
	store := storeOn(client, files).Counting(usage).Within(quota.Quotas{})
	accounts := dynamo.NewAccounts(client, usage)
	if err := accounts.Open(t.Context(), "alice"); err != nil || len(scan(t, client, usage)) != 0 {
		t.Errorf("to open what was never closed: %v", err)
	}
	if err := accounts.Close(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	if err := store.Create(audittest.As(t, "alice"), pending(t, "alice", 100, 0)); file.CodeOf(err) != file.CodeAccountClosed {
		t.Errorf("a closed account: %v", err)
	}
	if err := accounts.Open(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	if err := store.Create(audittest.As(t, "alice"), pending(t, "alice", 100, 0)); err != nil {
		t.Errorf("an account that is open again: %v", err)
	}
	later := func() time.Time { return time.Now().Add(time.Minute) }
	run := quota.Reconciler{Ledger: accounts, Records: storeOn(client, files), Now: later}
	if report, err := run.Reconcile(t.Context()); err != nil || report != (quota.Report{Accounts: 1}) {
		t.Errorf("%+v, %v", report, err)
	}
}

// Whoever closes an account and then looks for its files has seen them all.
func TestNothingSlipsIntoAnAccountThatIsBeingClosed(t *testing.T) {
	sameDay()
	e := start(t, t.TempDir(), everything{})
	files, usage := tables(t, e)
	client := dynamodb.NewFromConfig(e.Admin())
	store := storeOn(client, files).Counting(usage).Within(quota.Quotas{})
	accounts := dynamo.NewAccounts(client, usage)
	errs := make([]error, 40)
	var asking sync.WaitGroup
	for i := range errs {
		asking.Go(func() { errs[i] = store.Create(audittest.As(t, "alice"), pending(t, "alice", 1, 0)) })
		if i == len(errs)/2 {
			asking.Go(func() {
				if err := accounts.Close(t.Context(), "alice"); err != nil {
					t.Error(err)
				}
			})
		}
	}
	asking.Wait()
	let := int64(0)
	for _, err := range errs {
		switch {
		case err == nil:
			let++
		case file.CodeOf(err) != file.CodeAccountClosed:
			t.Error(err)
		}
	}
	got, err := accounts.Standing(t.Context(), quota.Account{Kind: quota.Owner, Subject: "alice"}, time.Now())
	if err != nil || got != (quota.Standing{Usage: quota.Usage{Bytes: let, Files: let, Pending: let}, UploadsToday: let}) {
		t.Errorf("%d were let through, and %+v is counted, %v", let, got, err)
	}
	if records := scan(t, client, files); int64(len(records)) != let {
		t.Errorf("%d were let through, and there are %d records", let, len(records))
	}
}

func TestNoNameIsLeftOfAnAccountThatIsForgotten(t *testing.T) {
	e := start(t, t.TempDir(), everything{})
	files, usage := tables(t, e)
	client := dynamodb.NewFromConfig(e.Admin())
	store := storeOn(client, files).Counting(usage).Within(quota.Quotas{})
	accounts := dynamo.NewAccounts(client, usage)
	f := pending(t, "alice", 100, 0)
	if err := store.Create(audittest.As(t, "alice"), f); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Change(audittest.As(t, "alice"), f.ID, file.Change{To: file.Expired, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if err := accounts.Close(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := accounts.Forget(t.Context(), "alice"); err != nil {
			t.Fatal(err)
		}
	}
	for _, item := range scan(t, client, usage) {
		for name := range item {
			if name == "subject" || name == "reconcileShard" {
				t.Errorf("%v", item)
			}
		}
	}
	if err := store.Create(audittest.As(t, "alice"), pending(t, "alice", 100, 0)); file.CodeOf(err) != file.CodeAccountClosed {
		t.Errorf("it is forgotten that the account is closed: %v", err)
	}
	if err := accounts.Open(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	if err := store.Create(audittest.As(t, "alice"), pending(t, "alice", 100, 0)); err != nil {
		t.Fatal(err)
	}
	found, err := accounts.Oldest(t.Context(), time.Now().Add(time.Minute), 10)
	if want := []quota.Account{{Kind: quota.Owner, Subject: "alice"}}; err != nil || !reflect.DeepEqual(found, want) {
		t.Errorf("one that is counted again: %v, %v", found, err)
	}
}
