package quota

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// ledger has the counters of accounts, and the records that its index shows.
type ledger struct {
	balances map[Account]Balance
	looked   map[Account]time.Time
	files    map[string][]file.File // by their owner
	tenants  map[string][]file.File // by the tenant that they count for, sorted by id
	onList   func()                 // what happens while records are listed
	fail     Account
	endless  string // a tenant of more files than can be listed
	lists    int
}

func (l *ledger) Oldest(_ context.Context, before time.Time, limit int) ([]Account, error) {
	var old []Account
	for a := range l.balances {
		if l.looked[a].Before(before) && len(old) < limit {
			old = append(old, a)
		}
	}
	return old, nil
}

func (l *ledger) Balance(_ context.Context, a Account) (Balance, error) {
	if a == l.fail {
		return Balance{}, errors.New("DynamoDB is away")
	}
	return l.balances[a], nil
}

func (l *ledger) Looked(_ context.Context, a Account, at time.Time) error {
	l.looked[a] = at
	return nil
}

func (l *ledger) Repair(_ context.Context, a Account, seen Balance, to Usage) error {
	if l.balances[a].Revision != seen.Revision {
		return errors.New("somebody counted meanwhile")
	}
	l.balances[a] = Balance{Usage: to, Revision: seen.Revision + 1}
	return nil
}

func (l *ledger) List(_ context.Context, q file.Query) ([]file.File, string, error) {
	l.lists++
	if l.onList != nil {
		l.onList()
	}
	files := l.files[q.Owner]
	if q.After != "" {
		return files[1:], "", nil
	}
	if len(files) > 1 {
		return files[:1], "more", nil
	}
	return files, "", nil
}

// ListTenant has no more of a file than the index byTenant has.
func (l *ledger) ListTenant(ctx context.Context, tenant, after string, _ int) (files []file.File, next string, err error) {
	if tenant == l.endless && tenant != "" {
		<-ctx.Done()
		return nil, "", ctx.Err()
	}
	for _, f := range l.tenants[tenant] {
		if f.ID > after && len(files) == 1 {
			return files, files[0].ID, nil
		}
		if f.ID > after {
			files = append(files, file.File{ID: f.ID, Status: f.Status, Size: f.Size, MaxSize: f.MaxSize})
		}
	}
	return files, "", nil
}

var alice = Account{Owner, "alice"}

// held is a ledger of one owner with three files, one of before there were quotas.
func held(counted Usage) *ledger {
	files := []file.File{
		{Owner: "alice", Status: file.Ready, Size: 100, Counted: "owner"},
		{Owner: "alice", Status: file.Pending, Size: 20, Counted: "owner"},
		{Owner: "alice", Status: file.Ready, Size: 4000},
		{Owner: "alice", Status: file.Rejected, Size: 7, Counted: "owner"},
	}
	return &ledger{
		balances: map[Account]Balance{alice: {counted, 7}}, looked: map[Account]time.Time{}, files: map[string][]file.File{"alice": files},
	}
}

func reconcile(t *testing.T, l *ledger, pause func()) (Report, error) {
	t.Helper()
	clock := time.Unix(1000, 0)
	return Reconciler{
		Ledger: l, Records: l,
		Now: func() time.Time { clock = clock.Add(time.Second); return clock },
		Pause: func(context.Context) error {
			if pause != nil {
				pause()
			}
			return nil
		},
	}.Reconcile(t.Context())
}

var right = Usage{Bytes: 120, Files: 2, Pending: 1}

func TestCountersThatAreRightAreNoDriftAndLeftAlone(t *testing.T) {
	l := held(right)
	report, err := reconcile(t, l, func() { t.Error("there was nothing to wait for") })
	if err != nil || report != (Report{Accounts: 1}) || l.balances[alice] != (Balance{right, 7}) {
		t.Errorf("%+v, %v: %+v", report, err, l.balances[alice])
	}
}

func TestADriftIsFoundAndRepaired(t *testing.T) {
	for _, wrong := range []Usage{{}, {Bytes: 121, Files: 2, Pending: 1}, {Bytes: 120, Files: 3, Pending: 1}, {Bytes: 120, Files: 2, Pending: -1}} {
		l := held(wrong)
		report, err := reconcile(t, l, nil)
		if err != nil || report != (Report{Accounts: 1, Drifted: 1}) || l.balances[alice] != (Balance{right, 8}) {
			t.Errorf("%+v: %+v, %v: %+v", wrong, report, err, l.balances[alice])
		}
	}
}

func TestADriftOfATenantIsFoundAndRepaired(t *testing.T) {
	acme := Account{Tenant, "acme"}
	l := held(right)
	l.tenants = map[string][]file.File{"acme": {
		{ID: "1", Status: file.Ready, Size: 100}, {ID: "2", Status: file.Pending, MaxSize: 50}, {ID: "3", Status: file.Verifying, Size: 7},
	}}
	sum := Usage{Bytes: 157, Files: 3, Pending: 1}
	for wrong, drifted := range map[Usage]int{sum: 0, {}: 1, {Bytes: 157, Files: 4, Pending: 1}: 1} {
		l.balances[acme], l.looked = Balance{wrong, 7}, map[Account]time.Time{}
		report, err := reconcile(t, l, nil)
		if err != nil || report != (Report{Accounts: 2, Drifted: drifted}) || l.balances[acme].Usage != sum {
			t.Errorf("%+v: %+v, %v: %+v", wrong, report, err, l.balances[acme])
		}
	}
}

func TestAnAccountOfAnUnknownKindIsAFailure(t *testing.T) {
	l := held(right)
	l.balances[Account{"group", "staff"}] = Balance{}
	if report, err := reconcile(t, l, nil); err == nil || report.Accounts != 2 || report.Drifted != 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestAnIndexThatIsBehindIsNoDrift(t *testing.T) {
	l := held(right)
	behind := l.files["alice"]
	l.files["alice"] = behind[:1]
	report, err := reconcile(t, l, func() { l.files["alice"] = behind })
	if err != nil || report != (Report{Accounts: 1}) || l.balances[alice] != (Balance{right, 7}) {
		t.Errorf("%+v, %v: %+v", report, err, l.balances[alice])
	}
}

func TestAnAccountThatIsNeverQuietIsLeftForTheNextRun(t *testing.T) {
	l := held(Usage{})
	l.onList = func() { b := l.balances[alice]; b.Revision++; l.balances[alice] = b }
	report, err := reconcile(t, l, nil)
	if err != nil || report != (Report{Accounts: 1, Busy: 1}) || l.balances[alice].Usage != (Usage{}) {
		t.Errorf("%+v, %v: %+v", report, err, l.balances[alice])
	}
}

// Whoever counts between two looks that are the same otherwise has the account
// looked at again.
func TestADriftIsOfCountersThatNobodyChangedBetweenTheLooks(t *testing.T) {
	l := held(Usage{})
	pauses := 0
	report, err := reconcile(t, l, func() {
		if pauses++; pauses == 1 {
			l.balances[alice] = Balance{Usage{}, 8}
		}
	})
	if err != nil || report.Drifted != 1 || pauses != 2 {
		t.Errorf("%+v, %v after %d pauses", report, err, pauses)
	}
}

func TestAnAccountThatFailsKeepsNoneFromItsTurn(t *testing.T) {
	l := held(Usage{})
	l.fail = Account{Owner, "bob"}
	for _, name := range []string{"bob", "carol", "dave"} {
		l.balances[Account{Owner, name}] = Balance{}
	}
	report, err := reconcile(t, l, nil)
	if err == nil || !strings.Contains(err.Error(), l.fail.ID()) || report.Accounts != 4 || report.Drifted != 1 {
		t.Errorf("%+v, %v", report, err)
	}
}

// Without its turn counted as had, an account of too many files would be the first of
// every run, and the others never looked at.
func TestAnAccountThatTakesTooLongIsBehindTheOthersInTheNextRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := held(right)
		acme := Account{Tenant, "acme"}
		l.balances[acme] = Balance{}
		l.endless = acme.Subject
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
		defer cancel()
		report, err := Reconciler{Ledger: l, Records: l, Now: time.Now}.Reconcile(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), acme.ID()) || report.Accounts != 2 || report.Drifted != 0 {
			t.Errorf("%+v, %v", report, err)
		}
		if ctx.Err() != nil || l.looked[acme].IsZero() || l.looked[alice].IsZero() {
			t.Errorf("looked at: %v", l.looked)
		}
		// One that fails at once has not had its turn.
		l.endless, l.fail, l.looked = "", acme, map[Account]time.Time{}
		if _, err := (Reconciler{Ledger: l, Records: l, Now: time.Now}).Reconcile(ctx); err == nil || !l.looked[acme].IsZero() {
			t.Errorf("looked at %v, %v", l.looked, err)
		}
	})
}

func TestARunThatIsAtItsEndLeavesTheRestToTheNext(t *testing.T) {
	l := held(Usage{})
	ctx, cancel := context.WithTimeout(t.Context(), enough-time.Second)
	defer cancel()
	report, err := Reconciler{Ledger: l, Records: l, Now: time.Now}.Reconcile(ctx)
	if err != nil || report != (Report{}) || l.lists != 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestTheMetricIsToldOfNoDriftToo(t *testing.T) {
	for wrong, want := range map[Usage]int{right: 0, {}: 1} {
		told := -1
		l := held(wrong)
		run := Lambda(Reconciler{Ledger: l, Records: l, Now: time.Now, Pause: func(context.Context) error { return nil }}, func(n int) error { told = n; return nil })
		if _, err := run(t.Context()); err != nil || told != want {
			t.Errorf("%+v: %d, %v", wrong, told, err)
		}
	}
}
