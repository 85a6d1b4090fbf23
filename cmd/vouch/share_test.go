package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// setQuota has uploads be refused by a quota; by none if it is empty.
func (d *double) setQuota(quota string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.quota = quota
}

// countTenant has the double count for a tenant, whose quota is then the one that
// refuses uploads.
func (d *double) countTenant() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tenant = true
}

// serveGrants keeps grants as they come, in the order they came.
func (d *double) serveGrants(w http.ResponseWriter, r *http.Request, f *doubled, below []string, body []byte) {
	if f.record["access"] == "read" {
		refuse(w, 403, "forbidden", "You may see this file, but not do this with it.", "")
		return
	}
	if len(below) == 0 {
		answer(w, 200, map[string]any{"grants": append([]map[string]string{}, f.grants...)})
		return
	}
	name, kind := below[0], "subject"
	if r.URL.Query().Get("encoding") == "base64url" {
		decoded, err := base64.RawURLEncoding.DecodeString(name)
		if err != nil {
			refuse(w, 422, "invalid-grant", "It is not base64url.", "")
			return
		}
		name = string(decoded)
	}
	if r.URL.Query().Get("type") == "group" {
		kind = "group"
	}
	if name == "alice" {
		refuse(w, 422, "invalid-grant", "The owner needs no grant.", "")
		return
	}
	f.grants = slices.DeleteFunc(f.grants, func(g map[string]string) bool { return g["subject"] == name && g["type"] == kind })
	if r.Method == http.MethodDelete {
		w.WriteHeader(204)
		return
	}
	g := map[string]string{}
	if err := json.Unmarshal(body, &g); err != nil {
		refuse(w, 400, "invalid-request", err.Error(), "")
		return
	}
	g["subject"], g["type"], g["grantedBy"], g["grantedAt"] = name, kind, "alice", "2026-11-24T15:00:00Z"
	f.grants = append(f.grants, g)
	answer(w, 201, g)
}

func TestAFileIsSharedWithWhomItIsSaidTo(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	id := m.put("a.bin", []byte("x"))
	if r := m.must("share", id, "--list"); r.out != "" || !strings.Contains(r.err, "shared with nobody") {
		t.Errorf("%s", r)
	}
	if out := m.must("share", id, "--with", "bob").out; out != id+"  read  no end  bob\n" {
		t.Errorf("%q", out)
	}
	before := time.Now()
	m.must("share", id, "--with", "bob/../eve?", "--for", "24h")
	m.must("share", id, "--with", "staff", "--group", "--manage", "--until", "2099-01-01T00:00:00Z")
	grants := objects(t, m.must("share", id, "--list", "--json").out)
	if len(grants) != 3 {
		t.Fatalf("%v", grants)
	}
	for i, want := range []struct{ subject, kind, level string }{{"bob", "subject", "read"}, {"bob/../eve?", "subject", "read"}, {"staff", "group", "manage"}} {
		if g := grants[i]; g["id"] != id || g["subject"] != want.subject || g["type"] != want.kind || g["level"] != want.level {
			t.Errorf("%v, want %v", g, want)
		}
	}
	ends, err := time.Parse(time.RFC3339, grants[1]["expiresAt"].(string))
	if err != nil || ends.Before(before.Add(24*time.Hour)) || ends.After(time.Now().Add(24*time.Hour)) {
		t.Errorf("--for 24h ends %v, %v", ends, err)
	}
	if grants[0]["expiresAt"] != nil || grants[2]["expiresAt"] != "2099-01-01T00:00:00Z" {
		t.Errorf("%v", grants)
	}
	table := m.must("share", id, "--list").out
	if lines := strings.Split(table, "\n"); !strings.HasPrefix(lines[0], "ACCESS ") || !strings.HasPrefix(lines[3], "manage  ") || !strings.HasSuffix(lines[3], "  alice     staff (a group)") {
		t.Errorf("%s", table)
	}
	if out := m.must("__complete", "share", id, "--revoke", "").out; !strings.Contains(out, "bob\tread\n") || strings.Contains(out, "staff") {
		t.Errorf("%s", out)
	}
	if out := m.must("__complete", "share", id, "--group", "--revoke", "").out; !strings.Contains(out, "staff\tmanage\n") || strings.Contains(out, "bob") {
		t.Errorf("%s", out)
	}
	if out := m.must("share", id, "--revoke", "staff").out; out != id+"  revoked  staff\n" {
		t.Errorf("%q", out)
	}
	m.must("share", id, "--revoke", "bob")
	if out := m.must("share", "-q", id, "--list").out; out != "bob/../eve?\nstaff\n" {
		t.Errorf("a user of a group's name was revoked, and not the group: %q", out)
	}
}

func TestWhatOthersShareSaysWhatOneMayDoWithIt(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	id := m.put("a.bin", []byte("x"))
	for access, want := range map[string]string{"": "", "owner": "", "read": "access    read: ", "manage": "access    manage: ", "\x1b[2J": `access    \x1b[2J`} {
		d.mu.Lock()
		d.files[id].record["access"] = access
		d.mu.Unlock()
		if out := m.must("status", id).out; strings.Contains(out, "access") != (want != "") || !strings.Contains(out, want) || strings.Contains(out, "\x1b") {
			t.Errorf("%q: %s", access, out)
		}
	}
	d.mu.Lock()
	d.files[id].record["access"] = "read"
	d.mu.Unlock()
	if r := m.run("share", id, "--with", "eve"); r.code != exitUnauthorised || !strings.Contains(r.err, "shared with you for less") || strings.Contains(r.err, "scope") {
		t.Errorf("%s", r)
	}
}

func TestUsageIsATableOfWhatRemains(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	lines := strings.Split(m.must("usage").out, "\n")
	for i, want := range []string{
		"QUOTA            USED     LIMIT     REMAINING",
		"bytes            1.5 MiB  10.0 GiB  10.0 GiB",
		"files            3        none      -",
		"pending uploads  1        1         0",
		"uploads today    9        10        1, all again in ",
	} {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("%q, want %q", lines[i], want)
		}
	}
	if out := m.must("usage", "-q").out; strings.Contains(out, "QUOTA") || strings.Count(out, "\n") != 4 {
		t.Errorf("%s", out)
	}
	d.countTenant()
	lines = strings.Split(m.must("usage").out, "\n")
	for i, want := range []string{
		"QUOTA                    USED     LIMIT     REMAINING",
		"bytes                    1.5 MiB  10.0 GiB  10.0 GiB",
		"files                    3        none      -",
		"pending uploads          1        1         0",
		"uploads today            9        10        1, all again in ",
		"tenant: bytes            3.0 MiB  10.0 TiB  10.0 TiB",
		"tenant: files            7        7         0",
		"tenant: pending uploads  2        none      -",
		"tenant: uploads today    12       none      -",
	} {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("%q, want %q", lines[i], want)
		}
	}
}

func TestARefusalByTheQuotaOfTheTenantSaysWhoseItIs(t *testing.T) {
	d := newDouble(t)
	d.countTenant()
	m := newMachine(t, d)
	m.file("a.bin", []byte("x"))
	for quota, want := range map[string]string{
		"bytes":        "The quota of your tenant has 1.5 KiB of 10.0 MiB left",
		"files":        "The quota of your tenant has 1536 of 10485760 files left. Delete some, or have others do so;",
		"pending":      "The quota of your tenant has 1536 of 10485760 pending uploads left",
		"uploadsToday": "The quota of your tenant has 0 of 10 uploads left today. There are more from ",
	} {
		d.setQuota(quota)
		if r := m.run("put", "a.bin"); r.code != exitRefused || !strings.Contains(r.err, want) {
			t.Errorf("%s: %s", quota, r)
		}
	}
}

func TestARefusalByAQuotaSaysWhatRemains(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	m.file("a.bin", []byte("x"))
	for quota, want := range map[string]string{
		"bytes":        "1.5 KiB of 10.0 MiB left",
		"files":        "1536 of 10485760 files left",
		"pending":      "1536 of 10485760 pending uploads left",
		"uploadsToday": "0 of 10 uploads left today. There are more from ",
		"another":      "A detail.",
	} {
		d.setQuota(quota)
		if r := m.run("put", "a.bin"); r.code != exitRefused || !strings.Contains(r.err, want) || strings.Contains(r.err, "scope") {
			t.Errorf("%s: %s", quota, r)
		}
	}
	asks := 0
	for _, r := range d.asked() {
		if strings.HasPrefix(r, "POST /files ") {
			asks++
		}
	}
	if asks != 5 {
		t.Errorf("five refusals took %d calls", asks)
	}
}
