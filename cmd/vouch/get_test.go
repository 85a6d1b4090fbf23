package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestAFileIsWrittenUnderItsOwnNameMadeSafe(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	id := m.put("a.bin", []byte("bytes"))
	for name, want := range map[string]string{
		"report.pdf": "report.pdf", "../../escape.txt": "escape.txt", "/etc/cron.d/x": "x", ".bashrc": "_bashrc", "-rf": "_rf", "NUL": "_NUL", "..": "vouch-" + id,
		"a\x1b[2J": "a_[2J",
	} {
		d.mu.Lock()
		d.files[id].record["filename"] = name
		d.mu.Unlock()
		r := m.must("get", "-q", id)
		if r.out != want+"\n" || string(m.read(want)) != "bytes" {
			t.Errorf("%q: %s", name, r)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(m.dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.Contains(e.Name(), "escape") {
			t.Errorf("%s was written outside", e.Name())
		}
	}
}

func TestAFileThatExistsIsOverwrittenOnlyByForce(t *testing.T) {
	m := newMachine(t, newDouble(t))
	id := m.put("a.bin", []byte("bytes"))
	m.file("precious.bin", []byte("precious"))
	if err := os.Symlink("precious.bin", filepath.Join(m.dir, "link.bin")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"precious.bin", "link.bin"} {
		if r := m.run("get", id, "-o", path); r.code != exitError || !strings.Contains(r.err, "--force") || string(m.read("precious.bin")) != "precious" {
			t.Errorf("%s: %s", path, r)
		}
	}
	m.must("get", id, "-o", "link.bin", "--force")
	if string(m.read("link.bin")) != "bytes" || string(m.read("precious.bin")) != "precious" {
		t.Error("what a link leads to was overwritten")
	}
	m.must("get", id, "-o", "precious.bin", "-f")
	if string(m.read("precious.bin")) != "bytes" {
		t.Error("--force does not overwrite")
	}
	if err := os.Mkdir(filepath.Join(m.dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	m.must("get", id, "-o", "folder")
	if string(m.read("folder/a.bin")) != "bytes" {
		t.Error("it is not in the folder")
	}
}

func TestADownloadThatWasCutOffGoesOn(t *testing.T) {
	for name, signal := range map[string]syscall.Signal{"Ctrl-C": syscall.SIGINT, "SIGKILL": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			d := newDouble(t)
			m := newMachine(t, d)
			data := noise(40 * mib)
			id := m.put("big.bin", data)
			f := d.only(t)
			d.mu.Lock()
			f.requests = nil
			d.mu.Unlock()
			d.shut(3)
			p := m.start("", "get", id, "-o", "back.bin", "--parallel", "2", "--chunk-size", "4MiB")
			d.await(t)
			d.await(t)
			if signal == syscall.SIGKILL {
				m.awaitState("back.bin") // which is written now and then, and at a clean end
			}
			if err := p.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			r := p.end()
			if signal == syscall.SIGINT && (r.code != exitInterrupted || !strings.Contains(r.err, "to go on")) {
				t.Errorf("%s", r)
			}
			if _, err := os.Stat(filepath.Join(m.dir, "back.bin")); err == nil {
				t.Error("half a file has the name of a whole one")
			}
			d.open()
			r = m.must("get", id, "-o", "back.bin", "--parallel", "2", "--chunk-size", "4MiB")
			if !bytes.Equal(m.read("back.bin"), data) {
				t.Error("another file has come")
			}
			if !strings.Contains(r.err, "back.bin: goes on where it stopped") {
				t.Errorf("%s", r)
			}
			d.mu.Lock()
			defer d.mu.Unlock()
			if n := len(f.requests); n > 14 { // ten chunks, two that were cut off, and two that may have been
				t.Errorf("%d requests for a file of 10 chunks: %v", n, f.requests)
			}
		})
	}
}

// awaitState returns when the state of a download names a chunk.
func (m *machine) awaitState(name string) {
	m.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var state struct{ Done []byte }
		data, err := os.ReadFile(filepath.Join(m.dir, name+".vouch-state"))
		if err == nil && json.Unmarshal(data, &state) == nil && bytes.ContainsFunc(state.Done, func(r rune) bool { return r != 0 }) {
			return
		}
		if time.Now().After(deadline) {
			m.t.Fatalf("no chunk is noted: %s %v", data, err)
		}
	}
}

func TestOtherBytesThanThoseVerifiedAreNeverAFile(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	id := m.put("a.bin", noise(mib))
	f := d.only(t)
	d.mu.Lock()
	f.bytes = append([]byte{}, f.bytes...)
	f.bytes[1000] ^= 1
	d.mu.Unlock()
	if r := m.run("get", id, "-o", "back.bin"); r.code != exitRejected {
		t.Errorf("%s", r)
	}
	if _, err := os.Stat(filepath.Join(m.dir, "back.bin")); err == nil {
		t.Error("it is there")
	}
	if r := m.run("get", id, "-o", "-"); r.code != exitRejected {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}

// A pipe that nobody reads keeps the first signal waiting; the second does not
// wait.
func TestASecondInterruptEndsAtOnce(t *testing.T) {
	m := newMachine(t, newDouble(t))
	id := m.put("big.bin", noise(8*mib))
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	p := m.command("get", id, "-o", "-")
	p.Stdout = write
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	first := make([]byte, 1)
	if _, err := read.Read(first); err != nil {
		t.Fatal(err)
	}
	ended := make(chan result, 1)
	go func() { ended <- p.end() }()
	for {
		p.Process.Signal(os.Interrupt)
		select {
		case r := <-ended:
			if r.code != exitInterrupted {
				t.Errorf("%s", r)
			}
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}
