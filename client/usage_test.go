package client

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"
)

func TestWhatIsUsedIsToldWithWhatRemains(t *testing.T) {
	d := newDouble(t)
	d.usage = `{"bytes":{"used":7,"limit":10,"remaining":3},"files":{"used":2},"pending":{"used":1,"limit":1,"remaining":0},` +
		`"uploadsToday":{"used":9,"limit":10,"remaining":1,"resetsAt":"2026-11-25T00:00:00Z"}}`
	u, err := d.client().Usage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(u); err != nil || string(again) != d.usage {
		t.Errorf("%s, %v", again, err)
	}
	if u.Tenant != nil || u.Files.Limit != nil || u.Files.Remaining != nil || u.Pending.Remaining == nil || *u.Pending.Remaining != 0 {
		t.Errorf("no limit and nothing left are one: %+v", u)
	}
}

func TestWhatTheTenantUsesIsToldBesideIt(t *testing.T) {
	d := newDouble(t)
	d.usage = `{"bytes":{"used":7},"files":{"used":2},"pending":{"used":1},"uploadsToday":{"used":9},` +
		`"tenant":{"bytes":{"used":70,"limit":100,"remaining":30},"files":{"used":20},"pending":{"used":10},"uploadsToday":{"used":90}}}`
	u, err := d.client().Usage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(u); err != nil || string(again) != d.usage {
		t.Errorf("%s, %v", again, err)
	}
	if u.Bytes.Used != 7 || u.Tenant == nil || u.Tenant.Bytes.Used != 70 || u.Tenant.Bytes.Remaining == nil || *u.Tenant.Bytes.Remaining != 30 {
		t.Errorf("%+v", u)
	}
}

// refused answers as the API does to whoever has reached a quota.
func refused(w http.ResponseWriter, status int, code, quota string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Retry-After", "40000")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{
		"type": "urn:vouch:problem:" + code, "title": "A problem", "status": status, "quota": quota, "account": "tenant", "limit": 10, "remaining": 3, "resetsAt": "2026-11-25T00:00:00Z",
	})
}

func TestARefusalByAQuotaSaysWhatIsLeftAndIsNotTriedAgain(t *testing.T) {
	for code, status := range map[string]int{"quota-exceeded": 403, "too-many-uploads": 429} {
		d := newDouble(t)
		d.api = func(w http.ResponseWriter, _ *http.Request) bool { refused(w, status, code, "bytes"); return true }
		_, err := d.client().Create(t.Context(), NewFile{Filename: "a", ContentType: "text/plain", Size: 1})
		p, ok := errors.AsType[*Problem](err)
		if !ok || !errors.Is(err, ErrQuota) || errors.Is(err, ErrForbidden) {
			t.Fatalf("%s: %v", code, err)
		}
		if p.Account != "tenant" || p.Quota != "bytes" || p.Limit == nil || *p.Limit != 10 || p.Remaining == nil || *p.Remaining != 3 || !p.ResetsAt.Equal(time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: %+v", code, p)
		}
		if n := d.count("POST"); n != 1 {
			t.Errorf("%s: %d calls", code, n)
		}
	}
}

func TestEveryOther429IsTriedAgain(t *testing.T) {
	for _, code := range []string{"", "another"} {
		d := newDouble(t)
		d.usage = `{}`
		d.api = first(2, func(w http.ResponseWriter, _ *http.Request) { problem(w, 429, code, "Too many calls.") })
		if _, err := d.client().Usage(t.Context()); err != nil || d.count("GET") != 3 {
			t.Errorf("%q: %d calls, %v", code, d.count("GET"), err)
		}
	}
}
