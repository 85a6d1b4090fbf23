package file

import (
	"strings"
	"testing"
)

func TestIDsAreValidAndSortByAge(t *testing.T) {
	last := ""
	for range 1000 {
		id, err := NewID()
		if err != nil {
			t.Fatal(err)
		}
		if !ValidID(id) {
			t.Fatalf("%q is not valid", id)
		}
		if id <= last {
			t.Fatalf("%q does not sort behind %q", id, last)
		}
		last = id
	}
}

func TestOnlyCanonicalIDsAreValid(t *testing.T) {
	for _, id := range []string{
		"", "x", "../0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e", "0195F3A2-7C1E-7B4A-9D5E-3F2A1B0C9D8E",
		"{0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e}", "urn:uuid:0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e",
		"0195f3a27c1e7b4a9d5e3f2a1b0c9d8e", " 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e",
	} {
		if ValidID(id) {
			t.Errorf("%q passed as an id", id)
		}
	}
}

func TestNoOwnerShapesAKey(t *testing.T) {
	const id = "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"
	for _, owner := range []string{"alice", "../../etc", "a/b", "", strings.Repeat("x", 4096), "ali\x00ce"} {
		key := Key(owner, id)
		if len(key) != len("files/")+32+1+36 || strings.Count(key, "/") != 2 || strings.Contains(key, "..") {
			t.Errorf("owner %q makes the key %q", owner, key)
		}
	}
	if Key("alice", id) == Key("bob", id) {
		t.Error("two owners share a key")
	}
}

func TestChecksumsMustBeCanonicalSHA256(t *testing.T) {
	const good = "u1H2ULRs4+cT4Mzkgh4vDDoaQsvE1j5/0bqdONgEp8o="
	if err := CheckChecksum(good); err != nil {
		t.Error(err)
	}
	for name, bad := range map[string]string{
		"empty":         "",
		"hex":           strings.Repeat("ab", 32),
		"MD5":           "1B2M2Y8AsgTpgAmY7PhCfg==",
		"URL alphabet":  strings.NewReplacer("+", "-", "/", "_").Replace(good),
		"no padding":    strings.TrimSuffix(good, "="),
		"stray bits":    "u1H2ULRs4+cT4Mzkgh4vDDoaQsvE1j5/0bqdONgEp8p=",
		"line break":    good[:20] + "\n" + good[20:],
		"trailing data": good + "AAAA",
	} {
		if CodeOf(CheckChecksum(bad)) != CodeInvalidChecksum {
			t.Errorf("%s: %q was accepted", name, bad)
		}
	}
}
