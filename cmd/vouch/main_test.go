package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The tests run the real binary, as its users do.
var binary string

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		log.Print(err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "vouch-cli-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "vouch")
	build := exec.Command("go", "build", "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build the command: %w\n%s", err, out)
	}
	return m.Run(), nil
}

// machine is somebody's machine, with nothing on it but a working folder.
type machine struct {
	t    *testing.T
	home string
	dir  string // the working folder
	env  map[string]string
}

func newMachine(t *testing.T, d *double) *machine {
	t.Helper()
	m := &machine{t: t, home: t.TempDir(), dir: t.TempDir(), env: map[string]string{}}
	m.env["HOME"], m.env["XDG_CONFIG_HOME"], m.env["XDG_STATE_HOME"] = m.home, filepath.Join(m.home, "config"), filepath.Join(m.home, "state")
	m.env["VOUCH_TOKEN"] = goodToken
	if d != nil {
		m.env["VOUCH_API"] = d.URL
	}
	return m
}

// file writes a file to the working folder and returns its path there.
func (m *machine) file(name string, data []byte) string {
	m.t.Helper()
	path := filepath.Join(m.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		m.t.Fatal(err)
	}
	return name
}

func (m *machine) read(name string) []byte {
	m.t.Helper()
	data, err := os.ReadFile(filepath.Join(m.dir, name))
	if err != nil {
		m.t.Fatal(err)
	}
	return data
}

// remembered are the entries of the journal.
func (m *machine) remembered() []string {
	m.t.Helper()
	entries, err := filepath.Glob(filepath.Join(m.home, "state", "vouch", "*.json"))
	if err != nil {
		m.t.Fatal(err)
	}
	return entries
}

// result is how a run ended.
type result struct {
	code     exit
	out, err string
}

func (r result) String() string {
	return fmt.Sprintf("exit %d\nstdout: %s\nstderr: %s", r.code, r.out, r.err)
}

// process is a run that has not ended.
type process struct {
	*exec.Cmd
	out, err bytes.Buffer
	t        *testing.T
}

// start starts the command.
func (m *machine) start(stdin string, args ...string) *process {
	m.t.Helper()
	p := m.command(args...)
	p.Stdin, p.Stdout = strings.NewReader(stdin), &p.out
	if err := p.Start(); err != nil {
		m.t.Fatal(err)
	}
	return p
}

// command is the command, not started yet. It is killed if it hangs.
func (m *machine) command(args ...string) *process {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	m.t.Cleanup(cancel)
	p := &process{Cmd: exec.CommandContext(ctx, binary, args...), t: m.t}
	p.Dir, p.Stderr = m.dir, &p.err
	for name, value := range m.env {
		p.Env = append(p.Env, name+"="+value)
	}
	return p
}

func (p *process) end() result {
	p.t.Helper()
	err := p.Wait()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		p.t.Fatal(err)
	}
	return result{exit(p.ProcessState.ExitCode()), p.out.String(), p.err.String()}
}

func (m *machine) run(args ...string) result {
	m.t.Helper()
	return m.start("", args...).end()
}

// must runs the command and fails the test if it does.
func (m *machine) must(args ...string) result {
	m.t.Helper()
	r := m.run(args...)
	if r.code != exitOK {
		m.t.Fatalf("vouch %s: %s", strings.Join(args, " "), r)
	}
	return r
}

// put sends a file and returns its id.
func (m *machine) put(name string, data []byte) string {
	m.t.Helper()
	return strings.TrimSpace(m.must("put", "-q", m.file(name, data)).out)
}

// objects decodes JSON, one object a line.
func objects(t *testing.T, text string) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(text) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%v in the line %q", err, line)
		}
		all = append(all, v)
	}
	return all
}

// noise is n bytes that are the same in every run.
func noise(n int) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(data)
	return data
}
