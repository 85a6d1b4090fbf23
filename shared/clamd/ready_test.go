package clamd

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"
)

// vacant returns an address on which nothing listens.
func vacant(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestADaemonThatIsStillLoadingIsWaitedFor(t *testing.T) {
	addr := vacant(t)
	listening := make(chan net.Listener, 1)
	time.AfterFunc(2*retryEvery, func() {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Error(err)
		}
		listening <- l
	})
	if err := (Client{Addr: addr}).Ready(t.Context(), time.Minute); err != nil {
		t.Error(err)
	}
	if l := <-listening; l != nil {
		l.Close()
	}
}

func TestTheWaitForADaemonEnds(t *testing.T) {
	cut, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for name, tt := range map[string]struct {
		ctx  context.Context
		addr string
		wait time.Duration
		want error
	}{
		"after its time":      {t.Context(), vacant(t), 2 * retryEvery, syscall.ECONNREFUSED},
		"with its invocation": {cut, vacant(t), time.Hour, context.DeadlineExceeded},
	} {
		if err := (Client{Addr: tt.addr}).Ready(tt.ctx, tt.wait); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (Client{Addr: "no port"}).Ready(t.Context(), time.Hour); err == nil {
		t.Error("an address that is none is ready")
	}
}

// Behind one name there may be several daemons, each with its own signatures:
// the bytes go to the address that answered, not to the name again.
func TestTheDaemonThatScansIsTheOneThatSaidItsVersion(t *testing.T) {
	c := daemon(t, func(net.Conn) {})
	_, port, err := net.SplitHostPort(c.Addr)
	if err != nil {
		t.Fatal(err)
	}
	if _, addr, err := (Client{Addr: "localhost:" + port}).version(t.Context()); err != nil || addr != c.Addr {
		t.Errorf("%q said its version, want %s: %v", addr, c.Addr, err)
	}
}
