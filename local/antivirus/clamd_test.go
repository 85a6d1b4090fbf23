package antivirus

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// eicar is the EICAR test file, put together here so that no scanner finds it
// in this source.
var eicar = `X5O!P%@AP[4\PZX54(P^)7CC)7}$` + `EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`

func start(t *testing.T) *Clamd {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	c, err := Start(t.Context(), Options{Addr: l.Addr().String(), Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func scan(t *testing.T, c *Clamd, data []byte) string {
	t.Helper()
	conn, err := net.Dial("tcp", c.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	io.WriteString(conn, "zINSTREAM\x00")
	binary.Write(conn, binary.BigEndian, uint32(len(data)))
	conn.Write(data)
	conn.Write(make([]byte, 4))
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(answer), "\x00")
}

func TestTheSmallDatabaseFindsEICARPlainAndZipped(t *testing.T) {
	c := start(t)
	var zipped bytes.Buffer
	z := zip.NewWriter(&zipped)
	w, err := z.Create("inner.com")
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, eicar)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		data  []byte
		found bool
	}{
		"plain":  {[]byte(eicar), true},
		"zipped": {zipped.Bytes(), true},
		"clean":  {[]byte("hello"), false},
	} {
		answer := scan(t, c, tt.data)
		if found := strings.Contains(answer, "Eicar-Test-Signature") && strings.HasSuffix(answer, "FOUND"); found != tt.found || !found && answer != "stream: OK" {
			t.Errorf("%s: %q", name, answer)
		}
	}
	if !c.Database().Small || !strings.Contains(c.Database().String(), "EICAR") {
		t.Errorf("the database says it is %s", c.Database())
	}
}

func TestADaemonThatIsKilledComesBack(t *testing.T) {
	c := start(t)
	// Whoever runs with this configuration is the daemon: kill it from outside.
	if err := exec.Command("pkill", "-9", "-f", "--", c.cmd().Args[1]).Run(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		if answer, err := ask(ctx, c.Addr(), "PING"); err == nil && answer == "PONG" {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("nothing answers on %s", c.Addr())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestATakenPortIsOneClearError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = Start(t.Context(), Options{Addr: l.Addr().String(), Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), l.Addr().String()) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}
