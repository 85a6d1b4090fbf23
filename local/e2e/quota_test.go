package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/local/stack"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/quota"
)

// used is what the API shows of one quota.
type used struct {
	Used             int64
	Limit, Remaining *int64
	ResetsAt         *time.Time
}

type usage struct {
	Bytes, Files, Pending, UploadsToday used
	Tenant                              *usage
}

func (u user) usage(t *testing.T) usage {
	t.Helper()
	r := u.call(t, "GET", "/usage", "")
	if r.status != http.StatusOK {
		t.Fatalf("GET /usage: %d %s", r.status, r.body)
	}
	var got usage
	r.into(t, &got)
	return got
}

// uses holds what the API shows to what should be counted.
func (u user) uses(t *testing.T, why string, bytes, files, pending, today int64) {
	t.Helper()
	got := u.usage(t)
	if got.Bytes.Used != bytes || got.Files.Used != files || got.Pending.Used != pending || got.UploadsToday.Used != today {
		t.Errorf("%s: %d bytes, %d files, %d pending and %d today are counted, not %d, %d, %d and %d", why,
			got.Bytes.Used, got.Files.Used, got.Pending.Used, got.UploadsToday.Used, bytes, files, pending, today)
	}
}

// sameDay waits for midnight (UTC) where that is near: from then on the uploads
// of a day are counted anew.
func sameDay() {
	if left := time.Until(quota.Midnight(time.Now())); left < time.Minute {
		time.Sleep(left)
	}
}

// setUsage sets a counter of an owner past everything that counts.
func setUsage(t *testing.T, cfg aws.Config, owner, counter string, n int64) error {
	t.Helper()
	_, err := dynamodb.NewFromConfig(cfg).UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName:                 aws.String(usageTable),
		Key:                       map[string]types.AttributeValue{"account": &types.AttributeValueMemberS{Value: quota.Account{Kind: quota.Owner, Subject: owner}.ID()}},
		UpdateExpression:          aws.String("SET #counter = :n"),
		ExpressionAttributeNames:  map[string]string{"#counter": counter},
		ExpressionAttributeValues: map[string]types.AttributeValue{":n": &types.AttributeValueMemberN{Value: fmt.Sprint(n)}},
	})
	return err
}

// reconciled has the reconciler run, and returns its report.
func reconciled(t *testing.T) quota.Report {
	t.Helper()
	result, err := local.Invoke(t.Context(), "ReconcileUsageFunction", []byte("{}"))
	if err != nil || result.FunctionError != "" {
		t.Fatalf("%v %s", err, result.Payload)
	}
	var report quota.Report
	if err := json.Unmarshal(result.Payload, &report); err != nil {
		t.Fatal(err)
	}
	return report
}

func TestEveryEndGivesBackWhatWasReserved(t *testing.T) {
	sameDay()
	who := as(t, "quota-ends")
	who.uses(t, "at first", 0, 0, 0, 0)
	got := who.usage(t)
	if got.Bytes.Limit == nil || *got.Bytes.Remaining != *got.Bytes.Limit || got.UploadsToday.ResetsAt == nil || got.UploadsToday.ResetsAt.Before(time.Now()) {
		t.Errorf("nothing is used, and what is shown is %+v", got)
	}
	sweep := func(id string) {
		t.Helper()
		if err := records().Postpone(t.Context(), record(t, id), time.Now().Add(-time.Minute)); err != nil {
			t.Fatal(err)
		}
		if result, err := local.Invoke(t.Context(), "SweepUploadsFunction", []byte("{}")); err != nil || result.FunctionError != "" {
			t.Fatalf("%v %s", err, result.Payload)
		}
	}

	never := who.ask(t, "never.bin", random(t, 100), false)
	who.uses(t, "an upload is asked for", 100, 1, 1, 1)
	if r := who.call(t, "POST", "/files", `{"filename":"a/b","contentType":"text/plain","size":7}`); r.status != http.StatusUnprocessableEntity {
		t.Errorf("%d %s", r.status, r.body)
	}
	who.uses(t, "one is refused for its name", 100, 1, 1, 1)
	sweep(never.ID)
	who.uses(t, "it has expired", 0, 0, 0, 1)

	ready := who.ready(t, "a.bin", random(t, 300))
	who.uses(t, "a file is ready", 300, 1, 0, 2)
	bad := who.ask(t, "e.com", eicar, false)
	if status, code := put(t, bad, eicar); status != http.StatusOK {
		t.Fatalf("PUT: %d %s", status, code)
	}
	who.await(t, bad.ID, "rejected")
	who.uses(t, "another is rejected", 300, 1, 0, 3)

	_, form := who.askForm(t, map[string]any{"filename": "f.bin", "contentType": octets, "maxSize": 5000, "method": "form"})
	who.uses(t, "a form may send so much", 5300, 2, 1, 4)
	if p := postForm(t, form.URL, form.Fields, random(t, 40)); p.status >= 300 {
		t.Fatalf("POST: %d", p.status)
	}
	deadline := time.Now().Add(30 * time.Second)
	for who.usage(t).Pending.Used != 0 && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	who.uses(t, "and has sent less", 340, 2, 0, 4)

	if r := who.call(t, "DELETE", "/files/"+bad.ID, ""); r.status != http.StatusNoContent {
		t.Errorf("%d %s", r.status, r.body)
	}
	who.uses(t, "the rejected one is deleted", 340, 2, 0, 4)
	for range 2 {
		if r := who.call(t, "DELETE", "/files/"+ready.ID, ""); r.status != http.StatusNoContent {
			t.Errorf("%d %s", r.status, r.body)
		}
	}
	who.uses(t, "the ready one is deleted, twice", 40, 1, 0, 4)
	pending := who.ask(t, "p.bin", random(t, 11), false)
	if r := who.call(t, "DELETE", "/files/"+pending.ID, ""); r.status != http.StatusNoContent {
		t.Errorf("%d %s", r.status, r.body)
	}
	who.uses(t, "a pending one is deleted", 40, 1, 0, 5)
	if other := as(t, "quota-other").usage(t); other.Files.Used != 0 || other.UploadsToday.Used != 0 {
		t.Errorf("it is counted for somebody else: %+v", other)
	}
}

func TestTheReconcilerFindsNoDriftAndRepairsOneThatIsMade(t *testing.T) {
	sameDay()
	who := as(t, "quota-drift")
	who.ready(t, "a.bin", random(t, 300))
	who.ask(t, "b.bin", random(t, 20), false)
	// Of everybody in all of these tests.
	if report := reconciled(t); report.Accounts == 0 || report.Drifted != 0 {
		t.Errorf("what nobody has touched: %+v", report)
	}
	for counter, n := range map[string]int64{"bytes": 1, "files": 100, "pending": -1} {
		if err := setUsage(t, local.Admin(), "quota-drift", counter, n); err != nil {
			t.Fatal(err)
		}
	}
	if report := reconciled(t); report.Drifted != 1 {
		t.Errorf("a drift was made: %+v", report)
	}
	who.uses(t, "repaired", 320, 2, 1, 2)
	if report := reconciled(t); report.Drifted != 0 {
		t.Errorf("a drift was repaired: %+v", report)
	}
	log, err := os.ReadFile(filepath.Join(dir, "stack", "functions.log"))
	for _, drift := range []string{"0", "1"} {
		if line := regexp.MustCompile(`"UsageDrift":` + drift + `[,}]`); err != nil || !line.Match(log) {
			t.Errorf("the metric of a drift of %s is not in the log: %v", drift, err)
		}
	}
}

func TestFiftyAsksAtOnceGetExactlyWhatTheQuotaHasLeft(t *testing.T) {
	sameDay()
	policy := filepath.Join(t.TempDir(), "quotas.yaml")
	const size, let, asks = 1000, 8, 50
	override := fmt.Sprintf("quotas: { owner: { bytes: %d, uploadsPerDay: 30 } }\n", size*(let+1)-1)
	if err := os.WriteFile(policy, []byte(override), 0o600); err != nil {
		t.Fatal(err)
	}
	p := newProcess(t, "quotas", "-policy", policy)
	p.start(t)
	race := func(who user, bytes int) map[int]int {
		t.Helper()
		replies := make([]reply, asks)
		var asking sync.WaitGroup
		for i := range replies {
			asking.Go(func() {
				replies[i] = who.send(t, "POST", "/files", fmt.Sprintf(`{"filename":"a.bin","contentType":%q,"size":%d}`, octets, bytes))
			})
		}
		asking.Wait()
		statuses := map[int]int{}
		for _, r := range replies {
			statuses[r.status]++
			var p struct {
				Type, Quota, ResetsAt string
				Limit, Remaining      *int64
			}
			switch r.into(t, &p); r.status {
			case http.StatusForbidden:
				if p.Type != "urn:vouch:problem:quota-exceeded" || p.Quota != "bytes" || p.Limit == nil || p.Remaining == nil || *p.Remaining != size-1 {
					t.Errorf("%s", r.body)
				}
			case http.StatusTooManyRequests:
				if p.Type != "urn:vouch:problem:too-many-uploads" || p.Quota != "uploadsToday" || !strings.HasSuffix(p.ResetsAt, "T00:00:00.000Z") || r.header.Get("Retry-After") == "" {
					t.Errorf("%s", r.body)
				}
			}
		}
		return statuses
	}
	alice, bob := p.as(t, "alice"), p.as(t, "bob")
	if got, want := race(alice, size), map[int]int{http.StatusCreated: let, http.StatusForbidden: asks - let}; !maps.Equal(got, want) {
		t.Errorf("a byte less than the quota would take: %v, not %v", got, want)
	}
	alice.uses(t, "after the race", size*let, let, let, let)
	if got, want := race(bob, 1), map[int]int{http.StatusCreated: 30, http.StatusTooManyRequests: asks - 30}; !maps.Equal(got, want) {
		t.Errorf("uploads of a day: %v, not %v", got, want)
	}
	// What was counted outlives the process that counted it.
	p.kill(t)
	p.start(t)
	alice.uses(t, "after a crash", size*let, let, let, let)
	if r := alice.call(t, "POST", "/files", fmt.Sprintf(`{"filename":"a.bin","contentType":%q,"size":%d}`, octets, size-1)); r.status != http.StatusCreated {
		t.Errorf("what the quota still has is refused: %d %s", r.status, r.body)
	}
	if got := alice.usage(t).Bytes; got.Remaining == nil || *got.Remaining != 0 {
		t.Errorf("%+v remains", got)
	}
}

// Fifty asks of two owners at once, at a byte below what eight of them take. No owner
// has a limit of his own that would come first.
func TestTwoOwnersAtOnceGetExactlyWhatTheirTenantHasLeft(t *testing.T) {
	sameDay()
	policy := filepath.Join(t.TempDir(), "quotas.yaml")
	const size, let, asks = 1000, 7, 50
	override := fmt.Sprintf("quotas: { tenant: { bytes: %d } }\n", size*(let+1)-1)
	if err := os.WriteFile(policy, []byte(override), 0o600); err != nil {
		t.Fatal(err)
	}
	p := newProcess(t, "tenant-quotas", "-tenants", "-policy", policy)
	p.start(t)
	owners := []user{p.as(t, "alice", "-tenant", "acme"), p.as(t, "bob", "-tenant", "acme")}
	replies := make([]reply, asks)
	var asking sync.WaitGroup
	for i := range replies {
		asking.Go(func() {
			replies[i] = owners[i%2].send(t, "POST", "/files", fmt.Sprintf(`{"filename":"a.bin","contentType":%q,"size":%d}`, octets, size))
		})
	}
	asking.Wait()
	statuses := map[int]int{}
	var who user // has the file with this id
	var id string
	for i, r := range replies {
		statuses[r.status]++
		switch r.status {
		case http.StatusCreated:
			var created struct{ ID string }
			r.into(t, &created)
			who, id = owners[i%2], created.ID
		case http.StatusForbidden:
			var refused struct {
				Type, Account, Quota string
				Limit, Remaining     *int64
			}
			r.into(t, &refused)
			if refused.Type != "urn:vouch:problem:quota-exceeded" || refused.Account != "tenant" || refused.Quota != "bytes" || refused.Limit == nil || refused.Remaining == nil || *refused.Remaining != size-1 {
				t.Errorf("%s", r.body)
			}
		}
	}
	if want := map[int]int{http.StatusCreated: let, http.StatusForbidden: asks - let}; !maps.Equal(statuses, want) {
		t.Fatalf("a byte less than the tenant would take: %v, not %v", statuses, want)
	}
	sum := int64(0)
	for _, who := range owners {
		got := who.usage(t)
		if got.Tenant == nil || got.Tenant.Bytes.Used != size*let || got.Tenant.Bytes.Remaining == nil || *got.Tenant.Bytes.Remaining != size-1 || got.Tenant.UploadsToday.Used != let {
			t.Errorf("of the tenant %s sees %+v", who.name, got.Tenant)
		}
		sum += got.Bytes.Used
	}
	if sum != size*let {
		t.Errorf("the owners use %d bytes", sum)
	}
	other := p.as(t, "alice", "-tenant", "other")
	if got := other.usage(t); got.Tenant == nil || got.Tenant.Files.Used != 0 {
		t.Errorf("another tenant sees %+v", got.Tenant)
	}
	if r := other.call(t, "POST", "/files", fmt.Sprintf(`{"filename":"a.bin","contentType":%q,"size":%d}`, octets, size)); r.status != http.StatusCreated {
		t.Errorf("another tenant is refused: %d %s", r.status, r.body)
	}
	// What one deletes another may use, also where the stack has crashed meanwhile.
	if r := who.call(t, "DELETE", "/files/"+id, ""); r.status != http.StatusNoContent {
		t.Fatalf("%d %s", r.status, r.body)
	}
	p.kill(t)
	p.start(t)
	carol := p.as(t, "carol", "-tenant", "acme")
	for i, want := range []int{http.StatusCreated, http.StatusForbidden} {
		if r := carol.call(t, "POST", "/files", fmt.Sprintf(`{"filename":"a.bin","contentType":%q,"size":%d}`, octets, size)); r.status != want {
			t.Errorf("ask %d of a third owner: %d %s", i, r.status, r.body)
		}
	}
	if answer, fault, err := p.invoke(t, stack.Name+"-ReconcileUsageFunction", []byte("{}")); err != nil || fault != "" || !strings.Contains(string(answer), `"drifted":0`) {
		t.Errorf("the function says %s %s, %v", answer, fault, err)
	}
	// And once more with what it may do, of every account: the run that the stack begins
	// with may have looked at some in its place.
	client := dynamodb.NewFromConfig(p.config(t, "ReconcileUsageFunction"))
	reconciler := quota.Reconciler{
		Ledger: dynamo.NewAccounts(client, usageTable), Records: dynamo.New(client, table),
		Now:   func() time.Time { return time.Now().Add(time.Hour) }, // later than the stack's own run, which begins with it
		Pause: func(context.Context) error { return nil },
	}
	// Of three owners of acme, one of the other tenant, and the two tenants; and the canary.
	if report, err := reconciler.Reconcile(t.Context()); err != nil || report.Accounts < 6 || report.Drifted != 0 || report.Busy != 0 {
		t.Errorf("%+v, %v", report, err)
	}
}
