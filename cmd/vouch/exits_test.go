package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// exitCases has for every exit a way to it.
func exitCases(t *testing.T) map[exit][]func() result {
	t.Helper()
	d := newDouble(t)
	m := newMachine(t, d)
	with := func(name, value string) *machine {
		other := *m
		other.env = map[string]string{}
		for k, v := range m.env {
			other.env[k] = v
		}
		other.env[name] = value
		return &other
	}
	run := func(m *machine, args ...string) func() result {
		return func() result { return m.run(args...) }
	}
	good := m.put("good.bin", []byte("x"))
	slow := strings.TrimSpace(m.must("put", "-q", "--no-wait", m.file("slow.bin", []byte("x"))).out)
	bad := strings.TrimSpace(m.run("put", "-q", m.file("bad.bin", []byte("EICAR"))).out)
	gone := m.put("gone.bin", []byte("x"))
	m.must("rm", gone)
	shared := m.put("shared.bin", []byte("x"))
	d.files[shared].record["access"] = "read"
	overQuota := func(quota string) func() result {
		return func() result {
			d.setQuota(quota)
			defer d.setQuota("")
			return m.run("put", "good.bin")
		}
	}
	m.file("other.bin", []byte("other"))
	m.file("not-a.receipt", []byte("a.b.c"))
	return map[exit][]func() result{
		exitOK: {
			run(m, "put", "good.bin"), run(m, "ls"), run(m, "ls", "--status", "rejected"), run(m, "status", good), run(m, "status", bad), run(m, "status", good, "--watch"),
			run(m, "get", good, "-o", "back.bin"), run(m, "share", good), run(m, "share", good, "--with", "bob"), run(m, "share", good, "--list"), run(m, "share", good, "--revoke", "bob"), run(m, "history", good), run(m, "history", good, "--denied"), run(m, "usage"), run(m, "verify", "good.bin", "--id", good), run(m, "version"), run(m, "--version"),
			run(m), run(m, "help"), run(m, "put", "--help"), run(m, "help", "exit-codes"), run(m, "help", "environment"), run(m, "completion", "bash"),
		},
		exitError: {
			run(m, "put", "missing.bin"), run(m, "get", good, "-o", "good.bin"), run(m, "verify", "missing.bin", "--id", good),
			run(with("VOUCH_API", d.URL+"/elsewhere"), "ls"),
		},
		exitUsage: {
			run(m, "nonsense"), run(m, "put"), run(m, "ls", "--nonsense"), run(m, "ls", "extra"), run(m, "ls", "--status", "good"), run(m, "ls", "--limit", "-1"),
			run(m, "ls", "--progress", "stars"), run(m, "get", "not-an-id"), run(m, "get", "../../admin"), run(m, "rm", good, "x"), run(m, "get", good, "--json", "-o", "-"),
			run(m, "put", "-"), run(m, "put", "-", "good.bin", "--name", "x"), run(m, "put", "good.bin", "other.bin", "--name", "x"), run(m, "put", "--size", "1", "good.bin"),
			run(m, "put", "--method", "form", "good.bin"), run(m, "put", "--part-size", "big", "good.bin"), run(m, "put", "--parallel", "0", "good.bin"), run(m, "put", "--method", "put", "--part-size", "5MiB", "good.bin"), run(m, "put", "."),
			run(m, "put", "/dev/null"), run(m, "verify", "good.bin"), run(m, "status", good, "--timeout", "1s"), run(m, "ls", "--token", "x"), run(m, "ls", "--token=x"),
			run(m, "share", good, "--with", ""), run(m, "share", good, "--with", "bob", "--list"), run(m, "share", good, "--with", "bob", "--revoke", "eve"), run(m, "share", good, "--revoke", "bob", "--list"),
			run(m, "share", good, "--revoke", ""), run(m, "share", good, "--group"), run(m, "share", good, "--manage"), run(m, "share", good, "--for", "1h"), run(m, "share", good, "--revoke", "bob", "--until", "2099-01-01T00:00:00Z"),
			run(m, "share", good, "--with", "bob", "--for", "1h", "--until", "2099-01-01T00:00:00Z"), run(m, "share", good, "--with", "bob", "--for", "-1h"), run(m, "share", good, "--with", "bob", "--for", "0s"),
			run(m, "share", good, "--with", "bob", "--until", "tomorrow"), run(m, "share", good, "--with", "bob", "--until", ""), run(m, "share", good, "--with", "bob", "--until", "2020-01-01T00:00:00Z"), run(m, "usage", "x"), run(m, "history"), run(m, "history", "x"), run(m, "history", good, "--limit", "-1"),
			run(with("VOUCH_API", ""), "ls"), run(with("VOUCH_API", "http://files.example.com"), "ls"), run(with("VOUCH_API", "files.example.com"), "ls"),
		},
		exitRejected: {
			run(m, "put", "bad.bin"), run(m, "status", bad, "--watch"), run(m, "get", bad, "-o", "x"), run(m, "verify", "other.bin", "--id", good),
			run(m, "verify", "good.bin", "not-a.receipt"),
		},
		exitNotFound: {run(m, "get", anID), run(m, "history", anID), run(m, "status", anID), run(m, "rm", anID), run(m, "share", anID), run(m, "share", anID, "--list"), run(m, "share", anID, "--with", "bob"), run(m, "share", anID, "--revoke", "bob"), run(m, "verify", "good.bin", "--id", anID)},
		exitUnauthorised: {
			run(with("VOUCH_TOKEN", ""), "ls"), run(with("VOUCH_TOKEN", "run-out"), "ls"), run(with("VOUCH_TOKEN", "run-out"), "put", "good.bin"),
			run(with("VOUCH_TOKEN", readerToken), "put", "good.bin"), run(with("VOUCH_TOKEN", readerToken), "rm", good), run(with("VOUCH_TOKEN", readerToken), "share", good, "--with", "bob"), run(m, "share", shared, "--list"), run(with("VOUCH_TOKEN", "two words"), "ls"),
		},
		exitNotReady: {
			run(m, "get", slow), run(m, "share", slow), run(m, "status", slow, "--watch", "--timeout", "50ms"), run(m, "put", "slow.bin", "--timeout", "50ms"),
			run(m, "get", gone), run(m, "status", gone, "--watch"),
		},
		exitRefused: {
			run(m, "put", "--type", "text/html", "good.bin"), run(m, "put", m.file("empty.bin", nil)), run(m, "put", m.file("large.bin", make([]byte, 100<<20+1))),
			run(m, "put", "--name", "a\tb", "good.bin"), run(m, "share", good, "--with", "alice"),
			overQuota("bytes"), overQuota("files"), overQuota("pending"), overQuota("uploadsToday"), overQuota("closed"),
		},
		exitChanged: {func() result {
			d.shut(1)
			path := m.file("log.bin", noise(22*mib))
			p := m.start("", "put", path)
			d.await(t)
			later := time.Now().Add(time.Hour)
			if err := os.Chtimes(m.dir+"/"+path, later, later); err != nil {
				t.Fatal(err)
			}
			d.open()
			return p.end()
		}},
		exitInterrupted: {func() result {
			d.shut(0)
			p := m.start("", "put", m.file("cut.bin", noise(12*mib)))
			d.await(t)
			p.Process.Signal(os.Interrupt)
			r := p.end()
			d.open()
			return r
		}},
	}
}

func TestEveryExitCodeIsReachedAsItIsDocumented(t *testing.T) {
	cases := exitCases(t)
	if len(cases) != len(exits) {
		t.Errorf("%d of %d exits are reached", len(cases), len(exits))
	}
	for _, e := range exits {
		for i, run := range cases[e.exit] {
			r := run()
			if r.code != e.exit {
				t.Errorf("number %d of exit %d: %s", i, e.exit, r)
			}
			if r.err+r.out == "" {
				t.Errorf("number %d of exit %d says nothing", i, e.exit)
			}
		}
	}
}

func TestTheDocumentationHasTheExitCodes(t *testing.T) {
	page, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, e := range exits {
		if !strings.Contains(string(page), fmt.Sprintf("| %d | %s |\n", e.exit, e.when)) {
			t.Errorf("docs/cli.md does not say of %d: %s", e.exit, e.when)
		}
	}
	for line := range strings.Lines(string(page)) {
		var code int
		if _, err := fmt.Sscanf(line, "| %d |", &code); err == nil {
			rows++
		}
	}
	if rows != len(exits) {
		t.Errorf("docs/cli.md has %d exit codes, and there are %d", rows, len(exits))
	}
}

func TestTheGravestExitCounts(t *testing.T) {
	for _, tt := range []struct{ a, b, want exit }{
		{exitOK, exitOK, exitOK},
		{exitOK, exitUsage, exitUsage},
		{exitRejected, exitError, exitRejected},
		{exitNotFound, exitRefused, exitRefused},
		{exitRejected, exitInterrupted, exitInterrupted},
		{exitUnauthorised, exitChanged, exitUnauthorised},
		{77, 99, exitError},
	} {
		for _, got := range []exit{graver(tt.a, tt.b), graver(tt.b, tt.a)} {
			if got != tt.want {
				t.Errorf("of %d and %d: %d, want %d", tt.a, tt.b, got, tt.want)
			}
		}
	}
}
