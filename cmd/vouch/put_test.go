package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const mib = 1 << 20

func TestWhatIsSentComesBackTheSame(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	for name, size := range map[string]int{"small.bin": 1000, "parts.bin": 22 * mib, "exact.bin": 10 * mib} {
		data := noise(size)
		r := m.must("put", m.file(name, data))
		id, _, _ := strings.Cut(r.out, " ")
		if !strings.Contains(r.out, "  ready  "+name+"  Every byte was looked at, and nothing was found.") {
			t.Errorf("%s: %s", name, r)
		}
		m.must("get", id, "-o", "back-"+name)
		if !bytes.Equal(m.read("back-"+name), data) {
			t.Errorf("%s comes back as another file", name)
		}
		if out := m.must("get", "-q", id, "-o", "-").out; out != string(data) {
			t.Errorf("%s comes on stdout as another file", name)
		}
	}
	if left := m.remembered(); len(left) != 0 {
		t.Errorf("what has ended is still remembered: %v", left)
	}
}

func TestARejectedFileSaysWhyInWords(t *testing.T) {
	m := newMachine(t, newDouble(t))
	r := m.run("put", m.file("letter.zip", []byte("EICAR")))
	for _, want := range []string{"  rejected  letter.zip  A malware scanner recognised it.", "  - inner.zip!/a.doc: It is encrypted"} {
		if r.code != exitRejected || !strings.Contains(r.out, want) {
			t.Errorf("%q is missing: %s", want, r)
		}
	}
}

// Both signals come when three of nine parts are stored and the others are on
// their way. What goes on later must send just the others.
func TestWhatWasCutOffGoesOnAndSendsOnlyWhatIsMissing(t *testing.T) {
	for name, signal := range map[string]syscall.Signal{"Ctrl-C": syscall.SIGINT, "SIGTERM": syscall.SIGTERM, "SIGKILL": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			d := newDouble(t)
			m := newMachine(t, d)
			data := noise(41 * mib)
			path := m.file("big.bin", data)
			d.shut(3)
			p := m.start("", "put", "--parallel", "2", path)
			d.await(t)
			d.await(t)
			if err := p.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			r := p.end()
			d.left(t)
			if signal != syscall.SIGKILL && (r.code != exitInterrupted || !strings.Contains(r.err, "Give the same command again to go on")) {
				t.Errorf("%s", r)
			}
			if stored, _ := d.puts(); stored != 3 || len(m.remembered()) != 1 {
				t.Fatalf("%d parts are stored, %v is remembered", stored, m.remembered())
			}
			d.open()
			r = m.must("put", "--progress", "json", path)
			stored, numbers := d.puts()
			if stored != 9 {
				t.Errorf("%d parts were sent in all, of a file of 9: %v", stored, numbers)
			}
			told, events, _ := strings.Cut(r.err, "\n{")
			_, events, _ = strings.Cut("{"+events, `"phase":"completing"`)
			if !strings.Contains(r.err, "big.bin: goes on where it stopped\n") || !strings.Contains(events, `"resumed":15728640,"partsSent":6,"partsResumed":3,"parts":9`) {
				t.Errorf("%s%s", told, events)
			}
			if f := d.only(t); !bytes.Equal(f.bytes, data) || f.record["status"] != "ready" {
				t.Errorf("the file is %v of %d bytes", f.record["status"], len(f.bytes))
			}
			if left := m.remembered(); len(left) != 0 {
				t.Errorf("it is still remembered: %v", left)
			}
		})
	}
}

// Whoever does not wait long enough asks again by the same command.
func TestWhatWasSentIsNotSentAgainForItsVerdict(t *testing.T) {
	for name, size := range map[string]int{"slow-small.bin": 1000, "slow-parts.bin": 12 * mib} {
		d := newDouble(t)
		m := newMachine(t, d)
		r := m.run("put", "--json", "--timeout", "50ms", m.file(name, noise(size)))
		if r.code != exitNotReady {
			t.Fatalf("%s", r)
		}
		f := d.only(t)
		if told := objects(t, r.out)[0]; told["id"] != f.record["id"] {
			t.Errorf("the error does not say which file it is: %s", r)
		}
		stored, _ := d.puts()
		d.mu.Lock()
		f.record["status"] = "ready"
		d.mu.Unlock()
		r = m.must("put", "-q", name)
		if again, _ := d.puts(); again != stored || strings.TrimSpace(r.out) != f.record["id"] || len(d.all()) != 1 {
			t.Errorf("%s: %d PUTs after %d, %s", name, again, stored, r)
		}
	}
}

func TestAFileThatWasChangedMeanwhileIsSentAnew(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	path := m.file("big.bin", noise(12*mib))
	d.shut(1)
	p := m.start("", "put", path)
	d.await(t)
	p.Process.Kill()
	p.end()
	d.open()
	data := noise(13 * mib)
	m.file("big.bin", data)
	m.must("put", path)
	if all := d.all(); len(all) != 2 || !bytes.Equal(all[1].bytes, data) {
		t.Errorf("there are %d files", len(all))
	}
}

func TestNoResumeRemembersNothing(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	path := m.file("big.bin", noise(12*mib))
	d.shut(1)
	p := m.start("", "put", "--no-resume", path)
	d.await(t)
	p.Process.Signal(os.Interrupt)
	if r := p.end(); r.code != exitInterrupted || strings.Contains(r.err, "to go on") || len(m.remembered()) != 0 {
		t.Errorf("%v, %s", m.remembered(), r)
	}
}

func TestACutConnectionIsTriedAgain(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	data := noise(22 * mib)
	d.shut(1)
	p := m.start("", "put", m.file("big.bin", data))
	d.await(t)
	d.CloseClientConnections()
	d.open()
	if r := p.end(); r.code != exitOK {
		t.Fatalf("%s", r)
	}
	if !bytes.Equal(d.only(t).bytes, data) {
		t.Error("it arrived as another file")
	}
}

func TestStdinIsSentByItsOwnLengthOrAStreamOfAPromisedOne(t *testing.T) {
	for name, args := range map[string][]string{
		"stored first": {"put", "-", "--name", "a.bin"},
		"streamed":     {"put", "-", "--name", "a.bin", "--size", "12MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDouble(t)
			m := newMachine(t, d)
			m.env["TMPDIR"] = t.TempDir()
			data := string(noise(12 * mib))
			if r := m.start(data, args...).end(); r.code != exitOK {
				t.Fatalf("%s", r)
			}
			f := d.only(t)
			if string(f.bytes) != data || f.record["filename"] != "a.bin" {
				t.Errorf("%v with %d bytes", f.record["filename"], len(f.bytes))
			}
			if left, err := os.ReadDir(m.env["TMPDIR"]); err != nil || len(left) != 0 {
				t.Errorf("%v is left behind, %v", left, err)
			}
		})
	}
	t.Run("shorter than promised", func(t *testing.T) {
		d := newDouble(t)
		m := newMachine(t, d)
		if r := m.start("short", "put", "-", "--name", "a.bin", "--size", "12MiB").end(); r.code != exitChanged {
			t.Errorf("%s", r)
		}
		for _, f := range d.all() {
			if f.record["status"] == "ready" {
				t.Error("it is ready")
			}
		}
	})
}

func TestADirectoryIsSentOnlyWhenAskedAndLinksLeadNowhere(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	secret := m.file("secret.txt", []byte("not to be sent"))
	m.file("scans/a.bin", []byte("a"))
	m.file("scans/deep/b.bin", []byte("b"))
	if err := os.Symlink(filepath.Join(m.dir, secret), filepath.Join(m.dir, "scans", "link.txt")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(m.dir, filepath.Join(m.dir, "scans", "up")); err != nil {
		t.Fatal(err)
	}
	if r := m.run("put", "scans"); r.code != exitUsage || !strings.Contains(r.err, "-r") || len(d.all()) != 0 {
		t.Errorf("without -r: %s", r)
	}
	r := m.must("put", "-r", "scans")
	names := map[string]bool{}
	for _, f := range d.all() {
		names[f.record["filename"].(string)] = true
	}
	if len(names) != 2 || !names["a.bin"] || !names["b.bin"] {
		t.Errorf("%v", names)
	}
	for _, link := range []string{"scans/link.txt", "scans/up"} {
		if !strings.Contains(r.err, link+" is passed over") {
			t.Errorf("%s is not spoken of: %s", link, r)
		}
	}
}

func TestOfSeveralFilesEachIsToldAndTheGravestCounts(t *testing.T) {
	m := newMachine(t, newDouble(t))
	args := []string{"put", "--json", m.file("good.bin", []byte("x")), m.file("bad.bin", []byte("EICAR")), m.file("page.html", []byte("x")), m.file("empty.bin", nil)}
	r := m.run(args...)
	told := map[string]string{}
	for _, o := range objects(t, r.out) {
		what := o["status"]
		if fault, ok := o["error"].(map[string]any); ok {
			what = fmt.Sprint(fault["code"], " ", fault["exit"])
		}
		told[o["path"].(string)] = fmt.Sprint(what)
	}
	want := map[string]string{"good.bin": "ready", "bad.bin": "rejected", "page.html": "content-type-not-allowed 8", "empty.bin": "invalid-size 8"}
	if r.code != exitRejected || fmt.Sprint(told) != fmt.Sprint(want) {
		t.Errorf("%v, want %v: %s", told, want, r)
	}
}
