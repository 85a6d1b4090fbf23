package main

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/client"
)

func TestWhatHappenedIsSaidInWords(t *testing.T) {
	for want, e := range map[string]client.Event{
		"ready":                                 {Action: client.ActionStatusChanged, Status: client.StatusReady},
		"rejected: malware-detected":            {Action: client.ActionStatusChanged, Status: client.StatusRejected, Reason: "malware-detected"},
		"given a URL to send it":                {Action: client.ActionUploadPresigned, URLs: 1},
		"given a URL to download it":            {Action: client.ActionDownloadPresigned, URLs: 1},
		"given 3 URLs to send parts":            {Action: client.ActionPartsPresigned, URLs: 3},
		"shared with bob to read":               {Action: client.ActionGrantPut, Subject: "bob", Type: client.TypeSubject, Level: client.LevelRead},
		"no longer shared with staff (a group)": {Action: client.ActionGrantRemoved, Subject: "staff", Type: client.TypeGroup},
		"kept without an end":                   {Action: client.ActionRetentionSet},
		"put on hold: a \\x1b[31mcase":          {Action: client.ActionHoldPlaced, Reason: "a \x1b[31mcase"},
		"off hold":                              {Action: client.ActionHoldReleased},
		"denied: download":                      {Action: client.ActionAccessDenied, Call: "download"},
		"something-newer":                       {Action: "something-newer"},
	} {
		if got := actionText(e); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

// serveHistory answers with three events, or with one denial.
func (d *double) serveHistory(w http.ResponseWriter, r *http.Request) {
	event := func(n int, actor, action string, more ...string) map[string]any {
		e := map[string]any{
			"id": fmt.Sprintf("0195f3a5-8f03-7c11-8f7e-6a5b4c3d2e1%d", n), "at": "2026-11-24T15:00:00.000Z", "action": action, "outcome": cmp.Or(r.URL.Query().Get("outcome"), "done"),
		}
		if actor != "" {
			e["actor"] = actor
		}
		for i := 0; i < len(more); i += 2 {
			e[more[i]] = more[i+1]
		}
		return e
	}
	events := []map[string]any{
		event(3, "bob", "download-presigned", "expiresAt", "2026-11-24T15:05:00.000Z"), event(2, ":vouch/mark-ready", "status-changed", "status", "ready"), event(1, "al\x1bice", "status-changed", "status", "pending"),
	}
	if r.URL.Query().Get("outcome") == "denied" {
		events = []map[string]any{event(4, "", "access-denied", "call", "see", "reason", "not-found")}
	}
	answer(w, 200, map[string]any{"events": events})
}

func TestAHistoryIsATableOfWhatWasDoneAndByWhom(t *testing.T) {
	m := newMachine(t, newDouble(t))
	id := m.put("a.bin", []byte("x"))
	out := m.must("history", id).out
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 4 || !strings.Contains(lines[1], "given a URL to download it until ") || !strings.HasSuffix(lines[1], "  bob") || !strings.HasSuffix(lines[2], "  :vouch/mark-ready") || strings.Contains(out, "\x1b") {
		t.Errorf("%s", out)
	}
	if r := m.must("history", id, "--denied"); !strings.Contains(r.out, "denied: see  somebody of another tenant") {
		t.Errorf("%s", r)
	}
	if r := m.must("history", id, "--limit", "1"); strings.Count(r.out, "\n") != 2 {
		t.Errorf("%s", r)
	}
	if r := m.must("history", "-q", id); strings.Count(r.out, "\n") != 3 || strings.Contains(r.out, "WHEN") {
		t.Errorf("%s", r)
	}
}
