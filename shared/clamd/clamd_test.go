package clamd

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/verify"
)

// The faults of a daemon that a real one cannot be brought to are played here;
// the real clamd is scanned with in the local stack's tests.

// daemon says its version to a first connection, as Scan asks for it, answers a
// second one by answer, and returns its address.
func daemon(t *testing.T, answer func(net.Conn)) Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for _, answer := range []func(net.Conn){sayVersion("ClamAV 1.4.6/27500/Tue Nov 24 09:27:31 2026"), answer} {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			answer(conn)
			conn.Close()
		}
	}()
	return Client{Addr: l.Addr().String()}
}

func sayVersion(version string) func(net.Conn) {
	return func(conn net.Conn) {
		if cmd, err := bufio.NewReader(conn).ReadString(0); err == nil && cmd == "zVERSION\x00" {
			io.WriteString(conn, version+"\x00")
		}
	}
}

// readStream reads a whole INSTREAM command and returns its data.
func readStream(conn net.Conn) ([]byte, error) {
	r := bufio.NewReader(conn)
	if cmd, err := r.ReadString(0); err != nil || cmd != "zINSTREAM\x00" {
		return nil, errors.New("not INSTREAM: " + cmd)
	}
	var data []byte
	for {
		var n uint32
		if err := binary.Read(r, binary.BigEndian, &n); err != nil || n == 0 {
			return data, err
		}
		chunk := make([]byte, n)
		if _, err := io.ReadFull(r, chunk); err != nil {
			return nil, err
		}
		data = append(data, chunk...)
	}
}

func TestTheWholeStreamIsSentInChunks(t *testing.T) {
	want := strings.Repeat("0123456789abcdef", 20000) // more than four chunks
	got := make(chan string, 1)
	c := daemon(t, func(conn net.Conn) {
		data, err := readStream(conn)
		if err != nil {
			data = []byte(err.Error())
		}
		got <- string(data)
		io.WriteString(conn, "stream: OK\x00")
	})
	// One byte at a time, so that chunks do not follow from reads.
	v, err := c.Scan(t.Context(), iotest.OneByteReader(strings.NewReader(want)))
	if err != nil || v.Infected || len(v.Findings) > 0 {
		t.Fatalf("%+v, %v", v, err)
	}
	if v.Engine.Name != verify.ClamAV || v.Engine.Version != "1.4.6" || v.Engine.Database != "27500" {
		t.Errorf("the engine is %+v", v.Engine)
	}
	if <-got != want {
		t.Error("the daemon got something else")
	}
}

func TestOnlyAPlainOKIsClean(t *testing.T) {
	incomplete := func(code file.Reason, detail string) verify.Scan {
		return verify.Scan{Findings: []file.Finding{{Code: code, Detail: "clamd: " + detail}}}
	}
	for reply, want := range map[string]verify.Scan{
		"stream: OK":                                           {},
		"stream: Eicar-Test-Signature FOUND":                   {Infected: true, Signature: "Eicar-Test-Signature"},
		"stream: Odd name with spaces FOUND":                   {Infected: true, Signature: "Odd name with spaces"},
		"stream: OK FOUND":                                     {Infected: true, Signature: "OK"},
		"stream: Win.Test.EICAR_HDB-1 FOUND":                   {Infected: true, Signature: "Win.Test.EICAR_HDB-1"},
		"stream: Heuristics.Encrypted.Zip FOUND":               incomplete(file.Encrypted, "Heuristics.Encrypted.Zip"),
		"INSTREAM size limit exceeded. ERROR":                  incomplete(file.ScanIncomplete, "INSTREAM size limit exceeded. ERROR"),
		"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND": incomplete(file.ScanIncomplete, "Heuristics.Limits.Exceeded.MaxFileSize"),
	} {
		if v, err := parseReply(reply); err != nil || !reflect.DeepEqual(v, want) {
			t.Errorf("%q: %+v, %v", reply, v, err)
		}
	}
	for _, reply := range []string{
		"", "OK", "stream:OK", "stream: ", "stream: ok", "stream: OK ", "stream: FOUND", "stream:  FOUND",
		"stream: Can't allocate memory ERROR", "UNKNOWN COMMAND", "INSTREAM size limit exceeded",
	} {
		if v, err := parseReply(reply); err == nil {
			t.Errorf("%q gave a verdict: %+v", reply, v)
		}
	}
}

func TestADaemonThatFailsNeverGivesAVerdict(t *testing.T) {
	for name, answer := range map[string]func(net.Conn){
		"closes at once":             func(net.Conn) {},
		"closes in mid-stream":       func(c net.Conn) { io.CopyN(io.Discard, c, 1000) },
		"says nothing":               func(c net.Conn) { readStream(c) },
		"answers half":               func(c net.Conn) { readStream(c); io.WriteString(c, "stream: O") },
		"answers without the end":    func(c net.Conn) { readStream(c); io.WriteString(c, "stream: OK") },
		"answers before it has read": func(c net.Conn) { io.WriteString(c, "stream: OK\x00"); c.(*net.TCPConn).SetLinger(0) },
		"answers without end":        func(c net.Conn) { readStream(c); io.Copy(c, neverEnding('x')) },
	} {
		t.Run(name, func(t *testing.T) {
			c := daemon(t, answer)
			body := io.LimitReader(neverEnding('a'), 16<<20) // more than socket buffers hold
			if v, err := c.Scan(t.Context(), body); err == nil {
				t.Errorf("verdict %+v", v)
			}
		})
	}
}

// io.ErrUnexpectedEOF is what net/http says of a body that is cut: it is no end.
func TestAFailingSourceIsNotAVerdict(t *testing.T) {
	for _, cut := range []error{errors.New("connection reset by S3"), io.ErrUnexpectedEOF} {
		c := daemon(t, func(conn net.Conn) { readStream(conn); io.WriteString(conn, "stream: OK\x00") })
		v, err := c.Scan(t.Context(), io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(cut)))
		if !errors.Is(err, cut) {
			t.Errorf("a source that ends with %v: %+v, %v", cut, v, err)
		}
	}
}

func TestAnEndedContextCutsTheScan(t *testing.T) {
	c := daemon(t, func(conn net.Conn) { readStream(conn); time.Sleep(10 * time.Second) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := c.Scan(ctx, strings.NewReader("abc")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if time.Since(start) > 5*time.Second {
		t.Error("it waited for the daemon")
	}
}

func TestADaemonThatIsDownIsAnError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	if _, err := (Client{Addr: addr}).Scan(t.Context(), strings.NewReader("abc")); err == nil {
		t.Error("a verdict came from nowhere")
	}
}

type neverEnding byte

func (b neverEnding) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(b)
	}
	return len(p), nil
}

func FuzzParseReply(f *testing.F) {
	for _, s := range []string{"stream: OK", "stream: x FOUND", "stream: ", "ERROR"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, reply string) {
		if v, err := parseReply(reply); err == nil && !v.Infected && len(v.Findings) == 0 && reply != "stream: OK" {
			t.Errorf("%q is clean", reply)
		}
	})
}
