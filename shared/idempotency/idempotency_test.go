package idempotency

import (
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)

func TestWhatBecomesOfASecondCall(t *testing.T) {
	answered := &Answer{Status: 201}
	for name, tt := range map[string]struct {
		r    Record
		body string
		want Decision
	}{
		"it is under way":                      {Record{Body: "a", LockedUntil: now.Add(1), ExpiresAt: now.Add(Life)}, "a", InProgress},
		"its attempt has just ended":           {Record{Body: "a", LockedUntil: now, ExpiresAt: now.Add(Life)}, "a", Resume},
		"its attempt was never heard of again": {Record{Body: "a", LockedUntil: now.Add(-time.Hour), ExpiresAt: now.Add(1)}, "a", Resume},
		"it is answered":                       {Record{Body: "a", LockedUntil: now.Add(-1), ExpiresAt: now.Add(1), Answer: answered}, "a", Replay},
		"answered before its deadline":         {Record{Body: "a", LockedUntil: now.Add(1), ExpiresAt: now.Add(1), Answer: answered}, "a", Replay},
		"another body":                         {Record{Body: "a", LockedUntil: now.Add(-1), ExpiresAt: now.Add(1), Answer: answered}, "b", Mismatch},
		"another body meanwhile":               {Record{Body: "a", LockedUntil: now.Add(1), ExpiresAt: now.Add(Life)}, "b", Mismatch},
		"another body, none answered":          {Record{Body: "a", LockedUntil: now.Add(-1), ExpiresAt: now.Add(Life)}, "b", Mismatch},
		"forgotten":                            {Record{Body: "a", LockedUntil: now.Add(-Life), ExpiresAt: now, Answer: answered}, "a", Start},
		"forgotten, with another body":         {Record{Body: "a", ExpiresAt: now.Add(-1), Answer: answered}, "b", Start},
		"nothing is remembered":                {Record{}, "a", Start},
	} {
		if got := tt.r.Decide(tt.body, now); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

func TestAKeyIsReadAsTheDraftAndAsOlderClientsWriteIt(t *testing.T) {
	long := strings.Repeat("k", MaxKey)
	for field, want := range map[string]string{
		`"8e03978e-40d5-43dd-bc93-6894a57f9324"`: "8e03978e-40d5-43dd-bc93-6894a57f9324",
		`8e03978e-40d5-43dd-bc93-6894a57f9324`:   "8e03978e-40d5-43dd-bc93-6894a57f9324",
		" \t\"k\" ":                              "k",
		`"a\"b\\c,d;e"`:                          `a"b\c,d;e`,
		`a:b/c=`:                                 `a:b/c=`,
		`"` + long + `"`:                         long,
		long:                                     long,
	} {
		if got, err := ParseKey(field); err != nil || got != want {
			t.Errorf("%q is read as %q, %v", field, got, err)
		}
	}
	for name, field := range map[string]string{
		"nothing": "", "blank": " ", "no character": `""`, "no end": `"k`, "only a quote": `"`, "no beginning": `k"`, "an escape at the end": `"k\`,
		"an escape of another": `"\k"`, "sent twice": `"k","l"`, "sent twice, bare": `k,l`, "a parameter": `"k";p=1`, "a parameter, bare": `k;p=1`,
		"a space": `"k l"`, "a space, bare": `k l`, "a control character": "\"k\x00\"", "not ASCII": `"ключ"`, "DEL": "k\x7f",
		"too long": `"` + long + `k"`, "too long, bare": long + "k", "no UTF-8": "\xff",
	} {
		if got, err := ParseKey(field); err == nil {
			t.Errorf("%s: it is read as %q", name, got)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	for _, seed := range []string{`"k"`, `k`, `"a\"b\\c"`, `"`, `"k";p`, `k,l`, "\"\x7f\"", `\`, ` "k" `} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, field string) {
		key, err := ParseKey(field)
		if err != nil {
			return
		}
		if !visible(key) {
			t.Errorf("%q is read as %q", field, key)
		}
		// Written as the draft has it, it is the same key.
		written := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key) + `"`
		if again, err := ParseKey(written); err != nil || again != key {
			t.Errorf("%q, of %q, is read again from %q as %q, %v", key, field, written, again, err)
		}
	})
}

func TestNoTwoCallsAreRememberedAsOne(t *testing.T) {
	seen := map[string]string{}
	for name, id := range map[string]string{
		"alice's":        ID("alice", "k", "POST /files", ""),
		"bob's":          ID("bob", "k", "POST /files", ""),
		"another key":    ID("alice", "l", "POST /files", ""),
		"another route":  ID("alice", "k", "POST /files/{id}/download", ""),
		"of a file":      ID("alice", "k", "POST /files/{id}/download", "1"),
		"of another":     ID("alice", "k", "POST /files/{id}/download", "2"),
		"a longer name":  ID("alicek", "", "POST /files", ""),
		"a moved border": ID("alic", "ek", "POST /files", ""),
		"fewer parts":    ID("alice", "k", "POST /files"),
	} {
		if other, taken := seen[id]; taken {
			t.Errorf("%s and %s are one", name, other)
		}
		seen[id] = name
	}
}
