package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/file/filetest"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/quota"
	"github.com/vouch-s3/vouch/shared/upload"
)

// standings are what accounts use.
type standings map[quota.Account]quota.Standing

func (s standings) Standing(_ context.Context, a quota.Account, _ time.Time) (quota.Standing, error) {
	if s == nil {
		return quota.Standing{}, errors.New("DynamoDB is away")
	}
	return s[a], nil
}

func TestUsageShowsWhatIsUsedAndWhatRemains(t *testing.T) {
	s := standings{
		{Kind: quota.Owner, Subject: "alice"}: {Usage: quota.Usage{Bytes: 700, Files: 3, Pending: 1}, UploadsToday: 9},
		{Kind: quota.Owner, Subject: "bob"}:   {Usage: quota.Usage{Bytes: 1}},
	}
	limits := quota.Quotas{Owner: quota.Limits{Bytes: 1000, Pending: 1, UploadsPerDay: 5}}
	at := time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)
	ask := func(s Standings) (Response, error) {
		return GetUsage(s, limits, func() time.Time { return at })(t.Context(), Request{Principal: access.Principal{Subject: "alice"}})
	}
	r, err := ask(s)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"bytes":{"used":700,"limit":1000,"remaining":300},"files":{"used":3},"pending":{"used":1,"limit":1,"remaining":0},"uploadsToday":{"used":9,"limit":5,"remaining":0,"resetsAt":"2026-11-25T00:00:00.000Z"}}`
	if got, err := json.Marshal(r.Body); err != nil || string(got) != want {
		t.Errorf("%s, %v\nwant\n%s", got, err, want)
	}
	if _, err := ask(standings(nil)); file.CodeOf(err) != "" || err == nil {
		t.Errorf("a fault of ours: %v", err)
	}
}

// Every member of a tenant may see its sums, and nobody those of another.
func TestUsageShowsThatOfTheTenantWhereItIsCounted(t *testing.T) {
	s := standings{
		{Kind: quota.Owner, Subject: ":4:acme:alice"}: {Usage: quota.Usage{Bytes: 1, Files: 1}},
		{Kind: quota.Tenant, Subject: "acme"}:         {Usage: quota.Usage{Bytes: 700, Files: 3, Pending: 1}, UploadsToday: 9},
		{Kind: quota.Tenant, Subject: ""}:             {Usage: quota.Usage{Bytes: 5}},
	}
	at := time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)
	counted := quota.Quotas{Tenant: &quota.Limits{Files: 4}}
	const none = `{"bytes":{"used":0},"files":{"used":0},"pending":{"used":0},"uploadsToday":{"used":0,"resetsAt":"2026-11-25T00:00:00.000Z"}}`
	const own = `{"bytes":{"used":1},"files":{"used":1},"pending":{"used":0},"uploadsToday":{"used":0,"resetsAt":"2026-11-25T00:00:00.000Z"}`
	const acme = `{"bytes":{"used":700},"files":{"used":3,"limit":4,"remaining":1},"pending":{"used":1},"uploadsToday":{"used":9,"resetsAt":"2026-11-25T00:00:00.000Z"}}`
	for name, tt := range map[string]struct {
		p      access.Principal
		quotas quota.Quotas
		want   string
	}{
		"a member":                {access.Principal{Subject: "alice", Tenant: "acme"}, counted, own + `,"tenant":` + acme + `}`},
		"another of the tenant":   {access.Principal{Subject: "bob", Tenant: "acme"}, counted, strings.TrimSuffix(none, "}") + `,"tenant":` + acme + `}`},
		"tenants are not counted": {access.Principal{Subject: "alice", Tenant: "acme"}, quota.Quotas{}, own + `}`},
		"no tenant":               {access.Principal{Subject: "alice"}, counted, none},
	} {
		r, err := GetUsage(s, tt.quotas, func() time.Time { return at })(t.Context(), Request{Principal: tt.p})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := json.Marshal(r.Body); err != nil || string(got) != tt.want {
			t.Errorf("%s: %s, %v\nwant\n%s", name, got, err, tt.want)
		}
	}
}

func TestAnUploadOverTheQuotaOfTheTenantSaysSo(t *testing.T) {
	records := filetest.Records{Quotas: quota.Quotas{Owner: quota.Limits{Bytes: 999}, Tenant: &quota.Limits{Bytes: 1200}}}
	h := CreateUpload(upload.Creator{Records: &records, Presigner: &presigner{}, Policy: policy.Default(), Now: time.Now})
	ask := func(subject, tenant string) error {
		_, err := h(t.Context(), Request{
			Principal: access.Principal{Subject: subject, Tenant: tenant}, Body: []byte(`{"filename":"a.txt","contentType":"text/plain","size":500}`),
		})
		return err
	}
	for _, who := range [][2]string{{"alice", "acme"}, {"bob", "acme"}, {"alice", "other"}} {
		if err := ask(who[0], who[1]); err != nil {
			t.Fatal(err)
		}
	}
	for who, want := range map[[2]string]string{{"bob", "acme"}: "owner 499", {"carol", "acme"}: "tenant 200", {"alice", "other"}: "owner 499", {"carol", "other"}: ""} {
		err := ask(who[0], who[1])
		if want == "" {
			if err != nil {
				t.Errorf("%v: %v", who, err)
			}
			continue
		}
		p := ProblemOf(err)
		if p.Status != 403 || p.Quota != "bytes" || p.Remaining == nil || fmt.Sprint(p.Account, " ", *p.Remaining) != want {
			t.Errorf("%v: %+v", who, p)
		}
	}
}

func TestAnUploadOverAQuotaIsRefusedWithWhatRemainsAndNothingIsKept(t *testing.T) {
	records := filetest.Records{Quotas: quota.Quotas{Owner: quota.Limits{Bytes: 999}}}
	h := Lambda(bySub, CreateUpload(upload.Creator{Records: &records, Presigner: &presigner{}, Policy: policy.Default(), Now: time.Now}))
	e := event("alice", `{"filename":"a.txt","contentType":"text/plain","size":500}`)
	if r, err := h(t.Context(), e); err != nil || r.StatusCode != 201 {
		t.Fatalf("%d %s, %v", r.StatusCode, r.Body, err)
	}
	r, err := h(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	p := problem(t, r)
	if p.Status != 403 || p.Type != "urn:vouch:problem:quota-exceeded" || p.Account != "owner" || p.Quota != "bytes" || *p.Limit != 999 || *p.Remaining != 499 || p.ResetsAt != "" || p.Accepted == "" {
		t.Errorf("%s", r.Body)
	}
	if r.Headers["Retry-After"] != "" {
		t.Error("it says when to try again, and time alone frees nothing")
	}
	if got := records.Usage(quota.Account{Kind: quota.Owner, Subject: "alice"}); got != (quota.Usage{Bytes: 500, Files: 1, Pending: 1}) {
		t.Errorf("after a refusal %+v is counted", got)
	}
}

func TestWhoseAccountIsClosedLearnsOnlyThatNoUploadsAreTaken(t *testing.T) {
	records := filetest.Records{Quotas: quota.Quotas{Owner: quota.Limits{Bytes: 999}}}
	h := Lambda(bySub, CreateUpload(upload.Creator{Records: &records, Presigner: &presigner{}, Policy: policy.Default(), Now: time.Now}))
	if err := records.Close(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	for _, size := range []string{"500", "5000"} {
		r, err := h(t.Context(), event("alice", `{"filename":"a.txt","contentType":"text/plain","size":`+size+`}`))
		const want = `{"type":"urn:vouch:problem:account-closed","title":"No uploads are taken","status":403,"detail":"No uploads are taken for this account."}` + "\n"
		if err != nil || r.StatusCode != 403 || r.Body != want {
			t.Errorf("%d %s, %v", r.StatusCode, r.Body, err)
		}
	}
	if err := records.Open(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	if r, err := h(t.Context(), event("alice", `{"filename":"a.txt","contentType":"text/plain","size":500}`)); err != nil || r.StatusCode != 201 {
		t.Errorf("an account that is open again: %d %s, %v", r.StatusCode, r.Body, err)
	}
}

func TestTooManyUploadsADaySayWhenTheDayEnds(t *testing.T) {
	err := quota.Limits{UploadsPerDay: 5}.CheckDay(quota.Owner, 5, time.Now())
	r := problemReply(err)
	p := problem(t, r)
	seconds, convErr := strconv.Atoi(r.Headers["Retry-After"])
	if p.Status != 429 || *p.Limit != 5 || *p.Remaining != 0 || p.ResetsAt != stamp(quota.Midnight(time.Now())) || convErr != nil || seconds < 1 || seconds > 24*60*60 {
		t.Errorf("%s with %v", r.Body, r.Headers)
	}
}
