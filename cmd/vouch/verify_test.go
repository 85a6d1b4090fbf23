package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestAFileIsHeldToItsReceiptWithoutAskingAnybody(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	id := m.put("hello.txt", []byte("Hello, world!\n"))
	var status struct{ Receipt string }
	if err := json.Unmarshal([]byte(m.must("status", "--json", id).out), &status); err != nil {
		t.Fatal(err)
	}
	m.file("hello.receipt", []byte(status.Receipt+"\n"))
	other := newDouble(t)
	m.file("keys.json", fetched(t, d))
	m.file("other-keys.json", fetched(t, other))
	m.file("hello2.txt", []byte("Hello, World!\n"))
	m.file("cut.receipt", []byte(status.Receipt[:len(status.Receipt)-4]))
	asked := len(d.asked())
	offline := *m
	offline.env = map[string]string{"HOME": m.home}
	r := offline.must("verify", "hello.txt", "hello.receipt", "--keys", "keys.json")
	if !strings.Contains(r.out, "hello.txt  clean  Exactly these 14 bytes were verified") || !strings.Contains(r.out, "by clamav, as file "+id) {
		t.Errorf("%s", r)
	}
	if r := offline.start(status.Receipt, "verify", "hello.txt", "-", "--keys", "keys.json").end(); r.code != exitOK {
		t.Errorf("from stdin: %s", r)
	}
	for why, args := range map[string][]string{
		"other bytes":      {"verify", "hello2.txt", "hello.receipt", "--keys", "keys.json"},
		"other keys":       {"verify", "hello.txt", "hello.receipt", "--keys", "other-keys.json"},
		"cut off":          {"verify", "hello.txt", "cut.receipt", "--keys", "keys.json"},
		"no receipt":       {"verify", "hello.txt", "hello.txt", "--keys", "keys.json"},
		"a file as itself": {"verify", "hello.receipt", "hello.receipt", "--keys", "keys.json"},
	} {
		if r := offline.run(args...); r.code != exitRejected || !strings.Contains(r.err, "the receipt does not hold") || r.out != "" {
			t.Errorf("%s: %s", why, r)
		}
	}
	if r := offline.run("verify", "hello.txt", "hello.receipt", "--keys", "hello.txt"); r.code != exitError {
		t.Errorf("keys that are none: %s", r)
	}
	if now := d.asked(); len(now) != asked {
		t.Errorf("the API was asked: %v", now[asked:])
	}
	m.must("verify", "hello.txt", "hello.receipt")
	m.must("verify", "hello.txt", "--id", id)
}

// fetched are the public keys of a double.
func fetched(t *testing.T, d *double) []byte {
	t.Helper()
	a := app{api: d.URL}
	t.Setenv("VOUCH_TOKEN", "")
	data, err := a.fetchKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A receipt of another file, even a genuine one, is not this one's.
func TestAReceiptOfAnotherFileDoesNotHold(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	one, two := m.put("a.bin", []byte("same")), m.put("b.bin", []byte("same"))
	d.mu.Lock()
	d.files[one].record["receipt"] = d.files[two].record["receipt"]
	d.mu.Unlock()
	if r := m.run("verify", "a.bin", "--id", one); r.code != exitRejected || !strings.Contains(r.err, two) {
		t.Errorf("%s", r)
	}
}
