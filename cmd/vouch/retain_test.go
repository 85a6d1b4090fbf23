package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// retain keeps a file as is said.
func (f *doubled) retain(w http.ResponseWriter, body []byte) {
	var in struct{ ExpiresAt *string }
	if err := json.Unmarshal(body, &in); err != nil {
		refuse(w, 400, "invalid-request", err.Error(), "")
		return
	}
	delete(f.record, "expiresAt")
	answered := map[string]string{}
	if in.ExpiresAt != nil {
		f.record["expiresAt"], answered["expiresAt"] = *in.ExpiresAt, *in.ExpiresAt
	}
	answer(w, 200, answered)
}

// serveHold puts a file on hold, or releases it.
func (d *double) serveHold(w http.ResponseWriter, r *http.Request, f *doubled) {
	var in struct{ Reason string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Reason == "" {
		refuse(w, 400, "invalid-request", "That is no reason.", "")
		return
	}
	switch {
	case f == nil:
		refuse(w, 404, "not-found", "There is no such file.", "")
	case r.Method == http.MethodDelete:
		delete(f.record, "onHold")
		w.WriteHeader(204)
	default:
		f.record["onHold"] = true
		answer(w, 201, map[string]string{"reason": in.Reason, "by": "operator", "at": "2026-11-24T15:00:00Z"})
	}
}

func TestAMomentIsATimeToComeOrASpanFromNow(t *testing.T) {
	now := time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"30d": now.Add(30 * 24 * time.Hour), "12h": now.Add(12 * time.Hour), "1h30m": now.Add(90 * time.Minute),
		"2026-12-01T18:00:00+01:00": time.Date(2026, 12, 1, 17, 0, 0, 0, time.UTC),
		"0d":                        {}, "0s": {}, "-1h": {}, "-1d": {}, "1.5d": {}, "d": {}, "": {}, "30": {}, "tomorrow": {}, "999999999d": {}, "30D": {},
		"2026-11-24T15:00:00Z": {}, "2026-12-01": {},
	} {
		got, err := parseMoment(text, now)
		if (err == nil) != !want.IsZero() || !got.Equal(want) {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
}

func TestAFileIsKeptAsLongAsTheCommandSays(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	before := time.Now()
	id := strings.TrimSpace(m.must("put", "-q", "--expires", "30d", m.file("a.bin", []byte("x"))).out)
	d.mu.Lock()
	until, err := time.Parse(time.RFC3339, d.files[id].record["expiresAt"].(string))
	d.mu.Unlock()
	if err != nil || until.Before(before.Add(30*24*time.Hour-time.Second)) || until.After(time.Now().Add(30*24*time.Hour)) {
		t.Errorf("it is kept until %v, %v", until, err)
	}
	if out := m.must("status", id).out; !strings.Contains(out, "kept      until ") {
		t.Errorf("%s", out)
	}
	if out := m.must("retain", id, "--until", "2099-01-01T01:00:00+01:00").out; !strings.HasPrefix(out, id+"  kept  ") {
		t.Errorf("%q", out)
	}
	if out := m.must("retain", "--json", id, "--until", "2099-01-01T01:00:00+01:00").out; !strings.Contains(out, `"expiresAt":"2099-01-01T00:00:00Z"`) {
		t.Errorf("%q", out)
	}
	if out := m.must("retain", id, "--forever").out; out != id+"  kept  no end\n" {
		t.Errorf("%q", out)
	}
	if out := m.must("status", id).out; strings.Contains(out, "kept") {
		t.Errorf("%s", out)
	}
	for _, args := range [][]string{{}, {"--until", "1d", "--forever"}, {"--until", "yesterday"}, {"--until", "2020-01-01T00:00:00Z"}} {
		if r := m.run(append([]string{"retain", id}, args...)...); r.code != exitUsage {
			t.Errorf("%v: %s", args, r)
		}
	}
}

func TestAFileOnHoldIsDeletedByNoCommand(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	id := m.put("a.bin", []byte("x"))
	if r := m.run("hold", id); r.code != exitUsage || !strings.Contains(r.err, "--reason") {
		t.Errorf("%s", r)
	}
	if out := m.must("hold", id, "--reason", "a \x1b[2Jlawsuit").out; out != id+`  on hold  a \x1b[2Jlawsuit`+"\n" {
		t.Errorf("%q", out)
	}
	if out := m.must("status", id).out; !strings.Contains(out, "kept      on hold: nobody deletes it") {
		t.Errorf("%s", out)
	}
	if r := m.run("rm", id); r.code != exitError || !strings.Contains(r.err, "on hold") || !strings.Contains(r.err, "administrator") {
		t.Errorf("%s", r)
	}
	if r := m.run("hold", id, anID, "--reason", "a lawsuit"); r.code != exitNotFound || !strings.Contains(r.out, id+"  on hold") {
		t.Errorf("one of two: %s", r)
	}
	if out := m.must("release", id, "--reason", "it is settled").out; out != id+"  released\n" {
		t.Errorf("%q", out)
	}
	m.must("rm", id)
}

func FuzzParseMoment(f *testing.F) {
	for _, text := range []string{"30d", "12h", "2026-12-01T18:00:00+01:00", "-1d", "99999999999999999999d", "106751d", "106752d"} {
		f.Add(text)
	}
	now := time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		if at, err := parseMoment(text, now); err == nil && !at.After(now) {
			t.Errorf("%q is %v, which is over", text, at)
		}
	})
}
