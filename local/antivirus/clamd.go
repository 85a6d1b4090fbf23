// Package antivirus runs a real ClamAV daemon for the local stack.
package antivirus

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/vouch-s3/vouch/local/child"
	"github.com/vouch-s3/vouch/shared/clamd"
)

// Options say how the daemon runs.
type Options struct {
	Addr string // host:port on loopback
	Dir  string // for its configuration and log

	// DatabaseDir is where freshclam keeps the real database. If it holds none,
	// the daemon runs with the small one of this package.
	DatabaseDir string

	Log *slog.Logger
}

// smallDatabase knows one thing: the EICAR test file, by a body signature
// (ClamAV, "Body-based signatures"), so that it is found inside archives too.
//
//go:embed database/vouch-test.ndb
var smallDatabase []byte

// Database is what the daemon scans with.
type Database struct {
	Small   bool   // only the test signature of this package
	Version string // as the daemon says it, with the date of the real one
}

// String says which database it is, for people.
func (d Database) String() string {
	if d.Small {
		return "only the EICAR test signature; run freshclam for the real database"
	}
	return d.Version
}

// Clamd is a daemon that is kept running.
type Clamd struct {
	addr     string
	cmd      func() *exec.Cmd
	log      *slog.Logger
	database Database
	stop     context.CancelFunc
	done     sync.WaitGroup
}

// startTimeout leaves time to load the real database, of eight million signatures.
const startTimeout = 2 * time.Minute

// Start starts the daemon and waits until it scans. Its error says what to do
// about a daemon that is missing or a port that is taken.
func Start(ctx context.Context, o Options) (*Clamd, error) {
	binary, err := find("clamd")
	if err != nil {
		return nil, err
	}
	// clamd would fail on a taken port too, but say it only in its log.
	l, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("listen for clamd on %s: %w", o.Addr, err)
	}
	l.Close()
	small := !HasDatabase(o.DatabaseDir)
	if small {
		o.DatabaseDir = filepath.Join(o.Dir, "database")
		if err := os.MkdirAll(o.DatabaseDir, 0o755); err != nil {
			return nil, fmt.Errorf("make the folder of the small database: %w", err)
		}
		if err := os.WriteFile(filepath.Join(o.DatabaseDir, "vouch-test.ndb"), smallDatabase, 0o644); err != nil {
			return nil, fmt.Errorf("write the small database: %w", err)
		}
	}
	conf := filepath.Join(o.Dir, "clamd.conf")
	if err := os.WriteFile(conf, configuration(o), 0o600); err != nil {
		return nil, fmt.Errorf("write the configuration of clamd: %w", err)
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	c := &Clamd{addr: o.Addr, log: o.Log, stop: stop, cmd: func() *exec.Cmd { return exec.Command(binary, "--config-file="+conf) }}
	first, err := child.Start(c.cmd())
	if err != nil {
		stop()
		return nil, err
	}
	c.done.Go(func() { c.keep(running, first) })
	version, err := c.waitReady(ctx, first)
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("start clamd (its log is %s): %w", filepath.Join(o.Dir, "clamd.log"), err)
	}
	c.database = Database{Small: small, Version: version}
	return c, nil
}

// configuration is clamd.conf(5): the limits that hold wherever clamd runs, and
// where this one listens and keeps its files.
func configuration(o Options) []byte {
	host, port, _ := strings.Cut(o.Addr, ":")
	lines := []string{
		clamd.Limits,
		"Foreground yes",
		"TCPAddr " + host,
		"TCPSocket " + port,
		"DatabaseDirectory " + o.DatabaseDir,
		"LogFile " + filepath.Join(o.Dir, "clamd.log"),
		"LogFileUnlock yes", // one that was killed may hold the lock for a moment yet, and the stack's folder has its own
		"LogTime yes",
		"LogFileMaxSize 10M",
		"TemporaryDirectory " + os.TempDir(),
		"MaxThreads 10",
	}
	if os.Geteuid() == 0 {
		lines = append(lines, "User root") // it may read nothing but what it is sent
	}
	return []byte(strings.Join(lines, "\n") + "\n")
}

// Database says what is scanned with.
func (c *Clamd) Database() Database { return c.database }

// Addr is where the daemon listens.
func (c *Clamd) Addr() string { return c.addr }

// Close stops the daemon.
func (c *Clamd) Close() {
	c.stop()
	c.done.Wait()
}

// keep starts the daemon again whenever it ends, until ctx ends.
func (c *Clamd) keep(ctx context.Context, p *child.Process) {
	for {
		select {
		case <-ctx.Done():
			p.Signal(syscall.SIGTERM)
			select {
			case <-p.Exited():
			case <-time.After(2 * time.Second):
				p.Kill()
			}
			return
		case <-p.Exited():
		}
		c.log.Error("clamd ended and is started again", "error", fmt.Sprint(p.Err()))
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
		next, err := child.Start(c.cmd())
		if err != nil {
			c.log.Error("clamd cannot be started again", "error", err.Error())
			continue // p has ended, so this comes around in a second
		}
		p = next
	}
}

// waitReady waits until the daemon answers, and returns its version.
func (c *Clamd) waitReady(ctx context.Context, p *child.Process) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		version, err := ask(ctx, c.addr, "VERSION")
		if err == nil {
			return version, nil
		}
		select {
		case <-p.Exited():
			return "", fmt.Errorf("it ended: %v", p.Err())
		case <-ctx.Done():
			return "", errors.Join(err, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// ask sends one command and returns its one-line answer.
func ask(ctx context.Context, addr, command string) (string, error) {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := conn.Write([]byte("z" + command + "\x00")); err != nil {
		return "", err
	}
	answer, err := bufio.NewReader(conn).ReadString(0)
	return strings.TrimSuffix(answer, "\x00"), err
}

// find finds a program where packages put daemons, which is not always in PATH.
func find(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is missing: install it with `make clamd`, which runs apt-get install clamav-daemon or brew install clamav", name)
}

// HasDatabase reports whether dir holds the main and the daily database; without
// them the daemon runs with the small one of this package, which has no date.
func HasDatabase(dir string) bool {
	for _, name := range []string{"main", "daily"} {
		found := false
		for _, ending := range []string{".cvd", ".cld"} {
			if _, err := os.Stat(filepath.Join(dir, name+ending)); err == nil {
				found = true
			}
		}
		if !found {
			return false
		}
	}
	return true
}
