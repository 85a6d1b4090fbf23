package erasure_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/erasure"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/receipt"
)

// statement is a good one.
func (w *world) statement(t testing.TB) string {
	t.Helper()
	e := erasure.Erasure{ID: "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e", Pseudonym: file.Pseudonym("alice"), StartedAt: began}
	text, err := erasure.Signed{Signer: w, Bucket: "vouch"}.Issue(t.Context(), e, began.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// One key signs both: neither may pass for the other.
func TestAStatementIsNoReceiptAndAReceiptNoStatement(t *testing.T) {
	w := newWorld(t)
	keys := w.keys(t)
	if _, err := receipt.Verify(w.statement(t), keys); err == nil || !strings.Contains(err.Error(), "type") {
		t.Errorf("a statement passes for a receipt: %v", err)
	}
	id := "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"
	issued, err := receipt.Issuer{Signer: w, Bucket: "vouch", Now: w.clock}.Issue(t.Context(),
		file.File{ID: id, Key: file.Key("alice", id), VersionID: "v1", Size: 5, ChecksumSHA256: "u1H2ULRs4+cT4Mzkgh4vDDoaQsvE1j5/0bqdONgEp8o="},
		file.Verdict{Outcome: file.Unscanned, CheckedAt: began})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := erasure.Verify(issued, keys); err == nil || !strings.Contains(err.Error(), "type") {
		t.Errorf("a receipt passes for a statement: %v", err)
	}
}

func TestAStatementThatLeavesOpenWhatItSpeaksOfIsNeitherSignedNorTaken(t *testing.T) {
	w := newWorld(t)
	good := erasure.Claims{Subject: "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e", ID: "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e", IssuedAt: 1, Vouch: erasure.Statement{
		Bucket: "vouch", Prefix: erasure.Erasure{Pseudonym: file.Pseudonym("alice")}.Prefix(), StartedAt: began, ProvenAt: began,
	}}
	for name, change := range map[string]func(c *erasure.Claims){
		"good":            func(*erasure.Claims) {},
		"no id":           func(c *erasure.Claims) { c.Subject, c.ID = "", "" },
		"another jti":     func(c *erasure.Claims) { c.ID = "x" },
		"no bucket":       func(c *erasure.Claims) { c.Vouch.Bucket = "" },
		"every prefix":    func(c *erasure.Claims) { c.Vouch.Prefix = "" },
		"half a prefix":   func(c *erasure.Claims) { c.Vouch.Prefix = c.Vouch.Prefix[:10] },
		"another folder":  func(c *erasure.Claims) { c.Vouch.Prefix = "F" + c.Vouch.Prefix[1:] },
		"no hash":         func(c *erasure.Claims) { c.Vouch.Prefix = "files/" + strings.Repeat("z", 32) + "/" },
		"no time":         func(c *erasure.Claims) { c.IssuedAt = 0 },
		"no beginning":    func(c *erasure.Claims) { c.Vouch.StartedAt = time.Time{} },
		"an end too soon": func(c *erasure.Claims) { c.Vouch.ProvenAt = began.Add(-time.Second) },
	} {
		c := good
		change(&c)
		text, err := receipt.Sign(t.Context(), w, erasure.StatementType, c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := erasure.Verify(text, w.keys(t)); (err == nil) != (name == "good") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (erasure.Signed{Signer: w, Bucket: "vouch"}).Issue(t.Context(), erasure.Erasure{}, began); err == nil {
		t.Error("a statement of nobody is signed")
	}
}

func TestEveryFlippedBitOfAStatementIsFound(t *testing.T) {
	w := newWorld(t)
	text, keys := w.statement(t), w.keys(t)
	if _, err := erasure.Verify(text, keys); err != nil {
		t.Fatal(err)
	}
	for i := range text {
		for bit := range 8 {
			bent := []byte(text)
			bent[i] ^= 1 << bit
			if c, err := erasure.Verify(string(bent), keys); err == nil {
				t.Fatalf("bit %d of byte %d: %+v", bit, i, c)
			}
		}
	}
}

func FuzzVerify(f *testing.F) {
	w := newWorld(f)
	good := w.statement(f)
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add("..")
	keys := w.keys(f)
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := erasure.Verify(text, keys); err == nil && (text != good || !c.Vouch.Of("alice")) {
			t.Errorf("%q is taken: %+v", text, c)
		}
	})
}
