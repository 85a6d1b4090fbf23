package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/canary"
)

// A policy of a deployment's own: signatures whose age nobody knows are not taken
// at their word, and what is only flagged is ready with its flag.
func TestAPolicyOfOnesOwnHolds(t *testing.T) {
	strict := filepath.Join(t.TempDir(), "strict.yaml")
	if err := os.WriteFile(strict, []byte("scan: { maxDatabaseAge: 24h }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := newProcess(t, "strict", "-policy", strict)
	p.start(t)
	alice := p.as(t, "alice")
	f := alice.ask(t, "a.bin", []byte("hello"), true)
	if status, code := put(t, f, []byte("hello")); status != http.StatusOK {
		t.Fatalf("PUT: %d %s", status, code)
	}
	// Every attempt fails for the same reason, which is no verdict.
	const why = "does not say how old its signatures are"
	deadline := time.Now().Add(30 * time.Second)
	for {
		log, err := os.ReadFile(filepath.Join(p.dir, "functions.log"))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(string(log), why) >= 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the scan does not fail for the age of the signatures")
		}
		time.Sleep(100 * time.Millisecond)
	}
	if got := alice.get(t, f.ID); got.Status != "verifying" {
		t.Errorf("the file is %s (%s)", got.Status, got.Reason)
	}
	if r := alice.call(t, "POST", "/files/"+f.ID+"/download", ""); r.status != http.StatusConflict {
		t.Errorf("its download answers %d", r.status)
	}
	p.kill(t)

	lenient := filepath.Join(t.TempDir(), "lenient.yaml")
	if err := os.WriteFile(lenient, []byte("findings: { archive-path: flag, encrypted: flag, content-mismatch: allow }\ntypes: { text/csv: null }\nmethods: [put]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p = newProcess(t, "lenient", "-policy", lenient)
	p.start(t)
	alice = p.as(t, "alice")
	sent := func(name string) file {
		t.Helper()
		data, err := sample(name)
		if err != nil {
			t.Fatal(err)
		}
		f := alice.ask(t, name, data, true)
		if status, code := put(t, f, data); status != http.StatusOK {
			t.Fatalf("PUT: %d %s", status, code)
		}
		return alice.await(t, f.ID, "ready")
	}
	for _, name := range []string{"up.zip", "password.zip"} {
		f := sent(name)
		if f.Verdict.Outcome != "flagged" || len(f.Verdict.Findings) == 0 || f.Receipt == "" {
			t.Errorf("%s: %+v", name, *f.Verdict)
		}
		// S3 hands it out, by a tag that says what it is.
		if status, _, _ := fetch(t, alice.link(t, f.ID)); status != http.StatusOK {
			t.Errorf("%s: its download answers %d", name, status)
		}
	}
	if r := alice.call(t, "POST", "/files", `{"filename":"a.csv","contentType":"text/csv","size":1}`); r.status != http.StatusUnprocessableEntity {
		t.Errorf("a type that was taken away: %d", r.status)
	}
	if r := alice.call(t, "POST", "/files", `{"filename":"a.bin","contentType":"application/octet-stream","size":1,"method":"form"}`); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, "method-not-allowed") {
		t.Errorf("a method that was taken away: %d %s", r.status, r.body)
	}
}

// With no scanner at all, which somebody has to ask for, every verdict says so.
func TestWithoutAScannerEveryVerdictSaysSo(t *testing.T) {
	p := newProcess(t, "none", "-scanners", "none")
	p.start(t)
	alice := p.as(t, "alice")
	f := alice.ready(t, "a.bin", random(t, 1000))
	if f.Verdict.Outcome != "unscanned" || len(f.Verdict.Scanners) != 0 || f.Receipt == "" {
		t.Errorf("%+v", *f.Verdict)
	}
	if status, _, _ := fetch(t, alice.link(t, f.ID)); status != http.StatusOK {
		t.Errorf("its download answers %d", status)
	}
	// The canary proves what is left to prove.
	payload, functionError, err := p.invoke(t, "vouch-RunCanaryFunction", []byte("{}"))
	var report canary.Report
	if err != nil || functionError != "" || json.Unmarshal(payload, &report) != nil || !report.NoScanner || report.ReadySeconds <= 0 {
		t.Errorf("the canary: %v %s", err, payload)
	}
	// The inspection is asked all the same.
	data, err := sample("script.pdf")
	if err != nil {
		t.Fatal(err)
	}
	pdf := alice.ask(t, "script.pdf", data, true)
	if status, code := put(t, pdf, data); status != http.StatusOK {
		t.Fatalf("PUT: %d %s", status, code)
	}
	if got := alice.await(t, pdf.ID, "rejected"); got.Reason != "pdf-active" {
		t.Errorf("the reason is %s", got.Reason)
	}
}
