package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal opens a pseudoterminal of so many columns and lines (pts(4)).
func terminal(t *testing.T, columns, lines uint16) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("this system has no pseudoterminals")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	if err := unix.IoctlSetWinsize(int(slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: lines, Col: columns}); err != nil {
		t.Fatal(err)
	}
	return master, slave
}

// onTerminal runs the command on a terminal until does returns, and then to its
// end, and returns what the terminal was sent.
func (m *machine) onTerminal(does func(p *process), args ...string) (string, result) {
	m.t.Helper()
	master, slave := terminal(m.t, 100, 30)
	before, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
	if err != nil {
		m.t.Fatal(err)
	}
	p := m.command(args...)
	p.Stdout, p.Stderr = slave, slave
	if err := p.Start(); err != nil {
		m.t.Fatal(err)
	}
	sent := make(chan string, 1)
	go func() {
		data, _ := io.ReadAll(master) // ends with EIO when nobody has the other end
		sent <- string(data)
	}()
	does(p)
	r := p.end()
	after, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
	if err != nil {
		m.t.Fatal(err)
	}
	if *before != *after {
		m.t.Errorf("the terminal was left otherwise than it was: %+v, before %+v", *after, *before)
	}
	slave.Close()
	return <-sent, r
}

var frames = regexp.MustCompile(`big\.bin +[#-]+ +[0-9]+%  [0-9.]+ MiB of 22\.0 MiB`)

func TestOnATerminalThereAreBarsThatGoAwayInTheEnd(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	m.env["TERM"] = "xterm"
	d.shut(2)
	sent, r := m.onTerminal(func(*process) {
		d.await(t)
		time.Sleep(3 * redraw) // so that something is drawn
		d.open()
	}, "put", m.file("big.bin", noise(22*mib)), m.file("bad.bin", []byte("EICAR")))
	if r.code != exitRejected || !frames.MatchString(sent) || !strings.Contains(sent, " of 2 files ") {
		t.Errorf("exit %d: %q", r.code, sent)
	}
	for _, want := range []string{"\x1b[32mready\x1b[0m  big.bin", "\x1b[31mrejected\x1b[0m  bad.bin"} {
		if !strings.Contains(sent, want) {
			t.Errorf("%q is missing in %q", want, sent)
		}
	}
	if last := sent[strings.LastIndex(sent, "%"):]; !strings.Contains(last, "\x1b[J") {
		t.Errorf("the bars stay: %q", last)
	}
}

func TestNoColorMeansNone(t *testing.T) {
	m := newMachine(t, newDouble(t))
	m.env["TERM"], m.env["NO_COLOR"] = "xterm", "1"
	sent, _ := m.onTerminal(func(*process) {}, "put", m.file("a.bin", []byte("x")))
	if regexp.MustCompile(`\x1b\[[0-9;]*m`).MatchString(sent) || !strings.Contains(sent, "  ready  a.bin") {
		t.Errorf("%q", sent)
	}
	m.env["TERM"] = "dumb"
	if sent, _ := m.onTerminal(func(*process) {}, "put", "a.bin"); strings.Contains(sent, "\x1b") {
		t.Errorf("%q", sent)
	}
}

func TestAKilledCommandLeavesTheTerminalAsItWas(t *testing.T) {
	d := newDouble(t)
	m := newMachine(t, d)
	m.env["TERM"] = "xterm"
	d.shut(1)
	m.onTerminal(func(p *process) {
		d.await(t)
		time.Sleep(3 * redraw) // so that something is drawn
		p.Process.Kill()
	}, "put", m.file("big.bin", noise(22*mib)))
}

func TestAResultThatCouldNotBeWrittenIsNoSuccess(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	m := newMachine(t, newDouble(t))
	m.put("a.bin", []byte("x"))
	for _, args := range [][]string{{"ls"}, {"ls", "--json"}, {"version"}, {"put", "-q", "a.bin"}} {
		p := m.command(args...)
		p.Stdout = full
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		if r := p.end(); r.code != exitError || !strings.Contains(r.err, "write the result") {
			t.Errorf("%q: %s", args, r)
		}
	}
}
