package antivirus

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/local/child"
	"github.com/vouch-s3/vouch/shared/clamd"
)

// image starts a daemon with the configuration of the container image, put
// together as its Dockerfile does, on a port and in folders of this machine.
// Each of settings takes the place of the one of its name.
func image(t *testing.T, settings ...string) *Clamd {
	t.Helper()
	binary, err := find("clamd")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	daemon, err := os.ReadFile("../../clamd/daemon.conf")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"database", "temporary"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "database", "vouch-test.ndb"), smallDatabase, 0o644); err != nil {
		t.Fatal(err)
	}
	text := clamd.Limits + string(daemon)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	settings = append(settings, "TCPAddr 127.0.0.1", "TCPSocket "+port, "DatabaseDirectory "+filepath.Join(dir, "database"), "TemporaryDirectory "+filepath.Join(dir, "temporary"))
	for _, s := range settings {
		name, _, _ := strings.Cut(s, " ")
		line := regexp.MustCompile(`(?m)^` + name + ` .*$`)
		if !line.MatchString(text) {
			t.Fatalf("the image does not set %s", name)
		}
		text = line.ReplaceAllLiteralString(text, s)
	}
	if os.Geteuid() == 0 {
		text += "User root\n"
	}
	conf := filepath.Join(dir, "clamd.conf")
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &Clamd{addr: l.Addr().String(), cmd: func() *exec.Cmd { return exec.Command(binary, "--config-file="+conf) }}
	p, err := child.Start(c.cmd())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	if _, err := c.waitReady(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheImagesDaemonFindsMalwareAndIsHealthy(t *testing.T) {
	c := image(t)
	if answer := scan(t, c, []byte(eicar)); answer != "stream: Eicar-Test-Signature.UNOFFICIAL FOUND" {
		t.Errorf("malware: %s", answer)
	}
	if answer := scan(t, c, []byte("hello")); answer != "stream: OK" {
		t.Errorf("a clean file: %s", answer)
	}
	// The health check of the task definition.
	ping, err := find("clamdscan")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(ping, c.cmd().Args[1], "--ping", "1").CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestTheImagesDaemonRefusesALongerStream(t *testing.T) {
	c := image(t, "StreamMaxLength 1000")
	if answer := scan(t, c, bytes.Repeat([]byte("a"), 1001)); answer != "INSTREAM size limit exceeded. ERROR" {
		t.Errorf("over the limit: %s", answer)
	}
	if answer := scan(t, c, bytes.Repeat([]byte("a"), 1000)); answer != "stream: OK" {
		t.Errorf("at the limit: %s", answer)
	}
}

func TestTheImagesDaemonScansWhileItLoadsNewSignatures(t *testing.T) {
	c := image(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var reloads atomic.Int32
	done := make(chan error, 1)
	go func() {
		for ctx.Err() == nil {
			if answer, err := ask(t.Context(), c.Addr(), "RELOAD"); err != nil || answer != "RELOADING" {
				done <- fmt.Errorf("RELOAD: %q, %v", answer, err)
				return
			}
			reloads.Add(1)
		}
		done <- nil
	}()
	for scans := 0; scans < 100 || reloads.Load() < 10; scans++ {
		if answer := scan(t, c, []byte(eicar)); !strings.HasSuffix(answer, "FOUND") {
			t.Fatalf("after %d reloads: %s", reloads.Load(), answer)
		}
		select {
		case err := <-done:
			t.Fatal(err)
		default:
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// What comes from the mirror is believed for ClamAV's signature on it, and not
// for where it came from.
func TestAForgedDatabaseInTheMirrorIsNotTaken(t *testing.T) {
	if _, err := find("freshclam"); err != nil {
		t.Fatal(err)
	}
	const header = "ClamAV-VDB:24 Nov 2026 09-27 +0000:99999:1:90:X:X:nobody:1795512420"
	forged := append([]byte(fmt.Sprintf("%-512s", header)), smallDatabase...)
	var asked atomic.Int32
	mirror := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, ".cvd") {
			http.NotFound(w, r)
			return
		}
		asked.Add(1)
		http.ServeContent(w, r, "", time.Now(), bytes.NewReader(forged))
	}))
	defer mirror.Close()
	conf, err := os.ReadFile("../../clamd/mirror.conf")
	if err != nil {
		t.Fatal(err)
	}
	dir, mirrorConf := t.TempDir(), filepath.Join(t.TempDir(), "mirror.conf")
	conf = append(conf, "\nMaxAttempts 1\n"...)
	if os.Geteuid() == 0 {
		conf = append(conf, "DatabaseOwner root\n"...) // another user cannot reach the test's folder
	}
	if err := os.WriteFile(mirrorConf, conf, 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "../../clamd/signatures.sh")
	cmd.Env = append(os.Environ(), "SIGNATURES_URL="+mirror.URL, "SIGNATURES_DIR="+dir, "MIRROR_CONF="+mirrorConf, "SIGNATURES_RETRY=0.1")
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// It says that it tries again, and would for ever.
	var log bytes.Buffer
	for buf := make([]byte, 4096); !strings.Contains(log.String(), "trying again"); {
		n, err := said.Read(buf)
		log.Write(buf[:n])
		if err != nil {
			t.Fatalf("it ended: %v: %s", err, log.String())
		}
	}
	cancel()
	io.Copy(&log, said)
	cmd.Wait()
	if asked.Load() == 0 || !strings.Contains(log.String(), "erif") {
		t.Errorf("after %d requests: %s", asked.Load(), log.String())
	}
	if found, err := filepath.Glob(filepath.Join(dir, "*.c[vl]d")); err != nil || len(found) > 0 {
		t.Errorf("taken: %v, %v", found, err)
	}
}
