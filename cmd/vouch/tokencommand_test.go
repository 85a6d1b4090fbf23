package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func jwtUntil(end time.Time) string {
	return "e30." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"exp":%d}`, end.Unix())) + ".c2ln"
}

func TestATokenCommandIsAskedAgainOnlyWhenItsTokenRunsOut(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for name, tt := range map[string]struct {
		token string
		asked []int // how often after 0 s, 50 s, 70 s and 3600 s
	}{
		"an hour":         {jwtUntil(now.Add(time.Hour)), []int{1, 1, 1, 2}},
		"no end":          {"opaque", []int{1, 1, 2, 3}},
		"ends in no time": {jwtUntil(now.Add(30 * time.Second)), []int{1, 2, 3, 4}},
	} {
		log := filepath.Join(t.TempDir(), "log")
		at := now
		c := tokenCommand{args: []string{"sh", "-c", "echo x >>" + log + "; echo " + tt.token}, now: func() time.Time { return at }}
		for i, after := range []time.Duration{0, 50, 70, 3600} {
			at = now.Add(after * time.Second)
			if got, err := c.get(t.Context()); err != nil || got != tt.token {
				t.Fatalf("%s: %q, %v", name, got, err)
			}
			data, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			if asked := strings.Count(string(data), "x"); asked != tt.asked[i] {
				t.Errorf("%s: asked %d times after %d s, want %d", name, asked, after, tt.asked[i])
			}
		}
	}
}

func TestATokenCommandOfTheConfigurationIsUsedAndItsFaultTold(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	delete(m.env, "VOUCH_TOKEN")
	m.env["PATH"] = os.Getenv("PATH")
	m.configure("tokenCommand: [echo, " + goodToken + "]\n")
	m.must("ls")
	for text, want := range map[string]string{
		"tokenCommand: [sh, -c, 'echo s3cret; exit 7']": "exit status 7",
		"tokenCommand: [sh, -c, 'echo two s3cret']":     "is not one",
		"tokenCommand: [no-such-program]":               "no-such-program",
	} {
		m.configure(text)
		if r := m.run("ls"); r.code != exitUnauthorised || !strings.Contains(r.err, want) || strings.Contains(r.err, "s3cret") {
			t.Errorf("%s: %s", text, r)
		}
	}
	m.configure("tokenCommand: [echo, x]\ntokenFile: y\n")
	if r := m.run("ls"); r.code != exitUsage {
		t.Errorf("both: %s", r)
	}
}

func FuzzExpiry(f *testing.F) {
	f.Add(jwtUntil(time.Unix(1_800_000_000, 0)))
	f.Add("a.e30.b")
	f.Fuzz(func(t *testing.T, token string) {
		if end, ok := expiry(token); ok && end.Unix() < 0 {
			t.Errorf("%q ends at %v", token, end)
		}
	})
}
