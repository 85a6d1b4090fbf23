package main

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/erasure"
	"github.com/vouch-s3/vouch/shared/file"
)

// The keys of the double sign statements.
type doubleSigner struct{ key *ecdsa.PrivateKey }

func (s doubleSigner) Sign(_ context.Context, digest [sha256.Size]byte) ([]byte, error) {
	return ecdsa.SignASN1(rand.Reader, s.key, digest[:])
}

func (s doubleSigner) PublicKey(context.Context) (*ecdsa.PublicKey, error) {
	return &s.key.PublicKey, nil
}

// erasing is the erasure of the double: whose it is, and what it has come to.
type erasing struct {
	owner, status string
	looks         int // at it, until it is that

	key *ecdsa.PrivateKey // that signs the statement; nil for the double's own
}

// serveErasure begins an erasure of whoever is asked for, or shows it.
func (d *double) serveErasure(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		var in struct{ Subject, Tenant string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Subject == "" {
			refuse(w, 400, "invalid-request", "The field is missing.", "")
			return
		}
		if d.erased.owner == "" {
			d.erased.owner = file.JoinOwner(in.Tenant, in.Subject)
		}
	} else if !strings.HasSuffix(r.URL.Path, "/"+anID) {
		refuse(w, 404, "no-such-erasure", "There is no such erasure.", "")
		return
	}
	at := time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)
	e := erasure.Erasure{ID: anID, Pseudonym: file.Pseudonym(d.erased.owner), StartedAt: at, Counts: erasure.Counts{Files: 3, Events: 12}}
	out := map[string]any{
		"id": anID, "status": "erasing", "pseudonym": e.Pseudonym, "keepClosed": false, "startedAt": at, "updatedAt": at, "removed": e.Counts, "held": 0,
	}
	if d.erased.looks--; d.erased.looks < 0 {
		out["status"], out["endedAt"] = d.erased.status, at
		switch d.erased.status {
		case "finished":
			statement, err := erasure.Signed{Signer: doubleSigner{cmp.Or(d.erased.key, d.key)}, Bucket: "vouch"}.Issue(r.Context(), e, at)
			if err != nil {
				panic(err)
			}
			out["statement"] = statement
		case "held":
			out["held"] = 2
		}
	}
	answer(w, 200, out)
}

func TestAnErasureIsBelievedBySignatureAlone(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	d.erases(func(e *erasing) { *e = erasing{status: "finished", looks: 2} })
	if out := m.must("erase", "alice").out; !strings.HasPrefix(out, anID+"  erasing  3 files and 12 events are removed.") {
		t.Errorf("%q", out)
	}
	if out := m.must("erase", "alice", "--wait").out; !strings.Contains(out, "finished") || !strings.Contains(out, "statement of it holds") {
		t.Errorf("%q", out)
	}
	if out := m.must("erase", "--status", anID, "--json").out; !strings.Contains(out, `"statement":"`) || !strings.Contains(out, `"removed":{"files":3,"versions":0,"uploads":0,"events":12}`) {
		t.Errorf("%q", out)
	}
	// The server says that bob is erased, and has signed that alice is.
	if r := m.run("erase", "bob"); r.code != exitRejected || !strings.Contains(r.err, "another owner") {
		t.Errorf("%s", r)
	}
	if r := m.run("erase", "alice", "--tenant", "acme"); r.code != exitRejected {
		t.Errorf("another tenant's: %s", r)
	}
	other := newDouble(t).key
	d.erases(func(e *erasing) { e.key = other })
	if r := m.run("erase", "alice"); r.code != exitRejected || strings.Contains(r.out, "finished") {
		t.Errorf("signed by a key that is none of the API's: %s", r)
	}
	for status, text := range map[string]string{"held": "2 files are on hold", "failed": "given up"} {
		d.erases(func(e *erasing) { e.status = status })
		if r := m.run("erase", "--status", anID); r.code != exitError || !strings.Contains(r.err, text) || !strings.Contains(r.out, status) {
			t.Errorf("%s: %s", status, r)
		}
	}
	if r := m.run("erase", "--status", "0195f3a2-7c1e-7b4a-9d5e-000000000000"); r.code != exitNotFound || !strings.Contains(r.err, "no such erasure") {
		t.Errorf("%s", r)
	}
	for _, args := range [][]string{{}, {"alice", "--status", anID}, {"--status", anID, "--tenant", "acme"}, {"--status", "x"}, {"alice", "bob"}} {
		if r := m.run(append([]string{"erase"}, args...)...); r.code != exitUsage {
			t.Errorf("%v: %s", args, r)
		}
	}
}
