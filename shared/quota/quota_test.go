package quota

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// Every way through the table of transitions: what is added is taken again, and
// at no point of it is anything negative.
func TestEveryPathOfALifeBalances(t *testing.T) {
	for name, first := range map[string]file.File{
		"a size that is promised":      {Status: file.Pending, Size: 700},
		"a form that may send so much": {Status: file.Pending, MaxSize: 1000},
	} {
		paths, ends := 0, 0
		var walk func(f file.File, sum Usage)
		walk = func(f file.File, sum Usage) {
			paths++
			if sum != Of(f) || sum.Negative() {
				t.Fatalf("%s: %+v is counted of a file that is %s", name, sum, f.Status)
			}
			over := f.Status == file.Rejected || f.Status == file.Expired || f.Status == file.Deleted
			if over != sum.Zero() {
				t.Fatalf("%s: of a file that is %s %+v stays", name, f.Status, sum)
			}
			if f.Status == file.Deleted {
				ends++
			}
			for _, to := range file.Statuses() {
				if !f.Status.CanBecome(to) {
					continue
				}
				c := file.Change{To: to, At: time.Unix(1, 0)}
				if to == file.Uploaded && f.Size == 0 {
					c.Size = 700
				}
				after := f.After(c)
				walk(after, sum.Plus(Delta(f, after)))
			}
		}
		walk(first, Of(first))
		if paths < 10 || ends < 6 {
			t.Errorf("%s: %d steps and %d ends were walked", name, paths, ends)
		}
	}
}

func TestOnlyAFileThatSaysSoIsCounted(t *testing.T) {
	f := file.File{Owner: "alice", Status: file.Pending, Size: 5}
	if got := Counted(f); len(got) != 0 {
		t.Errorf("a file of before there were quotas is counted in %v", got)
	}
	f.Counted = Quotas{}.Kinds(f.Owner)
	if got := Counted(f); len(got) != 1 || got[0] != (Account{Owner, "alice"}) {
		t.Errorf("a new one is counted in %v", got)
	}
	f.Counted = "group"
	if got := Counted(f); len(got) != 0 {
		t.Errorf("one of another kind is counted in %v", got)
	}
}

// What a file is counted in is written down when it is created. A policy that counts
// for tenants later, or no longer, changes it of no file that there is.
func TestAFileIsCountedForItsTenantIfThePolicySaidSoWhenItWasCreated(t *testing.T) {
	alice, acme := Account{Owner, file.JoinOwner("acme", "alice")}, Account{Tenant, "acme"}
	without, with := Quotas{}, Quotas{Tenant: &Limits{}}
	for name, tt := range map[string]struct {
		owner string
		q     Quotas
		kinds string
		want  []Account
	}{
		"tenants are not counted":       {alice.Subject, without, "owner", []Account{alice}},
		"tenants are, without a limit":  {alice.Subject, with, "owner,tenant", []Account{alice, acme}},
		"an owner of no tenant":         {"bob", with, "owner", []Account{{Owner, "bob"}}},
		"the canary":                    {":vouch-canary", with, "owner", []Account{{Owner, ":vouch-canary"}}},
		"a subject that looks like one": {file.JoinOwner("", alice.Subject), with, "owner", []Account{{Owner, ":0::" + alice.Subject}}},
	} {
		f := file.File{Owner: tt.owner, Status: file.Pending, Counted: tt.q.Kinds(tt.owner)}
		if got := Counted(f); f.Counted != tt.kinds || !slices.Equal(got, tt.want) || !slices.Equal(tt.q.Accounts(tt.owner), tt.want) {
			t.Errorf("%s: counted in %v (%s)", name, got, f.Counted)
		}
	}
	if alice.ID() == acme.ID() || (Account{Owner, "acme"}).ID() == acme.ID() || KindOf(acme.ID()) != Tenant {
		t.Errorf("the keys %s and %s", alice.ID(), acme.ID())
	}
}

func TestNoNameIsInAKey(t *testing.T) {
	a := Account{Owner, "alice@example.com"}
	at := time.Date(2026, 11, 24, 23, 59, 0, 0, time.FixedZone("", -3600))
	for _, id := range []string{a.ID(), a.Day(at)} {
		if strings.Contains(id, "alice") || KindOf(id) != Owner {
			t.Errorf("the key %s", id)
		}
	}
	if day := a.Day(at); !strings.HasSuffix(day, "#2026-11-25") {
		t.Errorf("the day is that of UTC, not %s", day)
	}
	if end := Midnight(at); end.Format(time.RFC3339) != "2026-11-26T00:00:00Z" {
		t.Errorf("it ends at %v", end)
	}
}

func TestARefusalSaysWhichQuotaWhatRemainsAndWhen(t *testing.T) {
	at := time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)
	l := Limits{Bytes: 1000, Files: 10, Pending: 2, UploadsPerDay: 3}
	more := Usage{Bytes: 100, Files: 1, Pending: 1}
	for name, tt := range map[string]struct {
		used      Usage
		uploads   int64
		code      file.Code
		quota     string
		remaining int64
	}{
		"nothing is used":     {},
		"all but the last":    {used: Usage{Bytes: 900, Files: 9, Pending: 1}, uploads: 2},
		"a byte too many":     {used: Usage{Bytes: 901, Files: 9, Pending: 1}, code: file.CodeQuotaExceeded, quota: "bytes", remaining: 99},
		"a file too many":     {used: Usage{Files: 10}, code: file.CodeQuotaExceeded, quota: "files"},
		"a pending too many":  {used: Usage{Files: 2, Pending: 2}, code: file.CodeQuotaExceeded, quota: "pending"},
		"over a new limit":    {used: Usage{Bytes: 5000}, code: file.CodeQuotaExceeded, quota: "bytes"},
		"an upload too many":  {uploads: 3, code: file.CodeTooManyUploads, quota: "uploadsToday"},
		"uploads of long ago": {uploads: 2},
	} {
		for _, kind := range []Kind{Owner, Tenant} {
			err := l.Check(kind, tt.used, more)
			if err == nil {
				err = l.CheckDay(kind, tt.uploads, at)
			}
			if file.CodeOf(err) != tt.code {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if err == nil {
				continue
			}
			e := err.(*file.Error)
			if e.Quota.Account != string(kind) || e.Quota.Name != tt.quota || e.Quota.Remaining != tt.remaining || e.Quota.Limit == 0 {
				t.Errorf("%s: %+v %+v", name, e, e.Quota)
			}
			for _, text := range []string{e.Detail, e.Accepted} {
				if text == "" || strings.Contains(text, "%!") || strings.Contains(text, "of your tenant") != (kind == Tenant) {
					t.Errorf("%s: of a quota of the %s it says %q", name, kind, text)
				}
			}
			if daily := tt.code == file.CodeTooManyUploads; daily == e.Quota.ResetsAt.IsZero() {
				t.Errorf("%s: it resets at %v", name, e.Quota.ResetsAt)
			}
		}
	}
	if err := (Limits{}).Check(Owner, Usage{Bytes: 1 << 50, Files: 1 << 30, Pending: 1 << 30}, more); err != nil {
		t.Errorf("where there is no limit: %v", err)
	}
	if err := (Limits{}).CheckDay(Owner, 1<<40, at); err != nil {
		t.Errorf("where there is no limit of a day: %v", err)
	}
}
