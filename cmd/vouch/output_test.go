package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	ids    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)
	ports  = regexp.MustCompile(`127\.0\.0\.1:[0-9]+`)
	jws    = regexp.MustCompile(`eyJ[A-Za-z0-9_.-]+`)
	nextHr = regexp.MustCompile(`"expiresAt":"[^"]*"`)
)

// steady takes out of JSON what differs from run to run.
func steady(text string) string {
	text = ids.ReplaceAllString(text, "ID")
	text = ports.ReplaceAllString(text, "HOST")
	text = jws.ReplaceAllString(text, "JWS")
	return nextHr.ReplaceAllString(text, `"expiresAt":"SOON"`)
}

// The output of --json is an interface: testdata/json has it.
func TestTheJSONOutputStaysAsItIs(t *testing.T) {
	m := newMachine(t, newDouble(t))
	good := m.put("hello.txt", []byte("Hello, world!\n"))
	for name, args := range map[string][]string{
		"put":        {"put", "--json", "hello.txt"},
		"put-bad":    {"put", "--json", m.file("bad.zip", []byte("EICAR"))},
		"put-error":  {"put", "--json", "--type", "text/html", "hello.txt"},
		"status":     {"status", "--json", good},
		"get":        {"get", "--json", good, "-o", "back.txt"},
		"share":      {"share", "--json", good},
		"verify":     {"verify", "--json", "hello.txt", "--id", good},
		"get-error":  {"get", "--json", anID},
		"use-error":  {"ls", "--json", "--limit", "-1"},
		"watch-slow": {"put", "--json", "--timeout", "50ms", m.file("slow.bin", []byte("x"))},
	} {
		golden(t, name, m.run(args...).out)
	}
	golden(t, "share-with", m.must("share", "--json", good, "--with", "bob", "--until", "2099-01-01T01:00:00+01:00").out)
	golden(t, "share-list", m.must("share", "--json", good, "--list").out)
	golden(t, "share-revoke", m.must("share", "--json", good, "--revoke", "staff", "--group").out)
	golden(t, "retain", m.must("retain", "--json", good, "--until", "2099-01-01T00:00:00Z").out)
	golden(t, "hold", m.must("hold", "--json", good, "--reason", "a lawsuit").out)
	golden(t, "release", m.must("release", "--json", good, "--reason", "it is settled").out)
	golden(t, "retain-forever", m.must("retain", "--json", good, "--forever").out)
	golden(t, "history", m.must("history", "--json", good).out)
	golden(t, "usage", m.must("usage", "--json").out)
	golden(t, "ls", m.must("ls", "--json", "--limit", "1", "--status", "rejected").out)
	golden(t, "rm", m.must("rm", "--json", good).out)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	objects(t, got)
	path := filepath.Join("testdata", "json", name+".jsonl")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(steady(got)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if steady(got) != string(want) {
		t.Errorf("%s: %s\nwant %s", name, steady(got), want)
	}
}

func TestWithoutATerminalThereAreOnlyLines(t *testing.T) {
	m := newMachine(t, newDouble(t))
	r := m.must("put", m.file("a.bin", noise(12*mib)))
	if strings.ContainsAny(r.out+r.err, "\x1b\r") || !strings.Contains(r.err, "a.bin: sending") {
		t.Errorf("%q %q", r.out, r.err)
	}
	if r := m.must("put", "-q", "a.bin"); r.err != "" || !ids.MatchString(r.out) || strings.Count(r.out, "\n") != 1 || len(r.out) != 37 {
		t.Errorf("quiet: %q %q", r.out, r.err)
	}
	if r := m.must("put", "--progress", "none", "a.bin"); r.err != "" {
		t.Errorf("none: %q", r.err)
	}
}

func TestProgressAsJSONIsEventsOnStderr(t *testing.T) {
	m := newMachine(t, newDouble(t))
	r := m.must("put", "--progress", "json", "--json", m.file("a.bin", noise(12*mib)))
	if len(objects(t, r.out)) != 1 {
		t.Errorf("stdout: %s", r.out)
	}
	phases := map[string]bool{}
	for _, e := range objects(t, r.err) {
		phases[e["phase"].(string)] = true
		if e["event"] != "progress" || e["label"] != "a.bin" || e["total"] != float64(12*mib) {
			t.Errorf("%v", e)
		}
	}
	if !phases["sending"] || !phases["done"] {
		t.Errorf("the phases are %v", slices.Sorted(maps.Keys(phases)))
	}
}

func TestAListIsATableForPeopleAndIdsForScripts(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	var want []string
	for _, name := range []string{"a.bin", "b.bin", "c.bin"} {
		want = append([]string{m.put(name, noise(2000))}, want...)
	}
	d.mu.Lock()
	d.files[want[0]].record["filename"] = "evil\x1b[2J\u202egpj.bin" // of a server that is not to be trusted
	d.mu.Unlock()
	r := m.must("ls")
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], "ID ") || !strings.Contains(lines[1], want[0]+"  ready   2.0 KiB  ") || !strings.HasSuffix(lines[1], `evil\x1b[2J\u202egpj.bin`) {
		t.Errorf("%s", r.out)
	}
	for limit, n := range map[string]int{"0": 3, "2": 2, "3": 3, "100": 3} {
		if got := strings.Fields(m.must("ls", "-q", "--limit", limit).out); !slices.Equal(got, want[:n]) {
			t.Errorf("--limit %s: %v, want %v", limit, got, want[:n])
		}
	}
	if r := m.must("ls", "--status", "rejected"); r.out != "" || !strings.Contains(r.err, "no files") {
		t.Errorf("%s", r)
	}
}

func TestColoursAreForTerminalsOnly(t *testing.T) {
	for _, tt := range []struct{ color, want string }{{"on", "\x1b[31mrejected\x1b[0m"}, {"off", "rejected"}} {
		o := output{color: tt.color == "on"}
		if got := o.paint("31", "rejected"); got != tt.want {
			t.Errorf("%s: %q", tt.color, got)
		}
	}
}
