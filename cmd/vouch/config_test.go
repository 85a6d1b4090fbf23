package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func (m *machine) configure(text string) {
	m.t.Helper()
	dir := filepath.Join(m.home, "config", "vouch")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

func TestTheConfigurationStandsBehindTheEnvironment(t *testing.T) {
	d, other := newDouble(t), newDouble(t)
	m := newMachine(t, nil)
	delete(m.env, "VOUCH_TOKEN")
	if r := m.run("ls"); r.code != exitUsage || !strings.Contains(r.err, "VOUCH_API") || !strings.Contains(r.err, "config.yaml") {
		t.Errorf("without any: %s", r)
	}
	m.configure("api: " + d.URL + "\ntokenFile: ~/token\n")
	if err := os.WriteFile(filepath.Join(m.home, "token"), []byte(goodToken), 0o600); err != nil {
		t.Fatal(err)
	}
	asked := func(want *double, args ...string) {
		t.Helper()
		before := len(want.asked())
		m.must(args...)
		if len(want.asked()) != before+1 {
			t.Errorf("%q goes elsewhere", args)
		}
	}
	asked(d, "ls")
	asked(other, "ls", "--api", other.URL)
	m.env["VOUCH_API"] = other.URL
	asked(other, "ls")
	asked(d, "ls", "--api", d.URL+"/")
}

func TestAConfigurationIsReadStrictlyAndNeverRepeated(t *testing.T) {
	for text, ok := range map[string]bool{
		"":                             true,
		"# nothing\n":                  true,
		"api: https://a.example\n":     true,
		"tokenCommand: [a, b]\n":       true,
		"tokenCommand: s3cret\n":       false,
		"tokenFile: t\n":               true,
		"token: s3cret\n":              false,
		"api: [s3cret]\n":              false,
		"s3cret":                       false,
		"API: https://s3cret.example":  false,
		"api: a\napi: s3cret\n":        false,
		"tokenFile: {path: s3cret}\n":  false,
		"\x00s3cret":                   false,
		"api: a\n---\napi: s3cret.x\n": true, // the first document holds
	} {
		_, err := parseConfig([]byte(text))
		if (err == nil) != ok || err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte("api: https://a.example\ntokenFile: ~/token\n"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := parseConfig(data); err != nil && !reflect.DeepEqual(c, config{}) {
			t.Errorf("%q: %+v with %v", data, c, err)
		}
	})
}
