// Package clamd has a ClamAV daemon scan a stream over TCP, by the INSTREAM
// command (clamd(8)). The stream is passed through in chunks: memory does not
// grow with its length, and nothing is written to disk here.
package clamd

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/verify"
)

// Client speaks to the daemon at Addr, "host:port". Several may stand behind the
// name; one scan is the work of one of them.
type Client struct {
	Addr string
}

const (
	chunkSize   = 64 << 10
	maxReply    = 4 << 10
	dialTimeout = 5 * time.Second
)

// Scan streams r to the daemon and returns what it says, with the version of
// its program and signatures, asked before. It returns an error when the daemon
// cannot be reached or stops in the middle, when r fails, and for any answer
// that it does not know. A limit of the daemon's that kept it from looking at
// all is a finding: it would be the same at every attempt.
func (c Client) Scan(ctx context.Context, r io.Reader) (verify.Scan, error) {
	engine, addr, err := c.version(ctx)
	if err != nil {
		return verify.Scan{}, err
	}
	conn, hangUp, err := dial(ctx, addr)
	if err != nil {
		return verify.Scan{}, err
	}
	defer hangUp()
	sendErr := send(conn, r)
	if sendErr != nil {
		if _, ours := errors.AsType[*sourceError](sendErr); ours {
			return verify.Scan{}, sendErr
		}
		// The daemon may have said why before it closed the connection.
	}
	reply, err := readReply(conn)
	if err != nil {
		return verify.Scan{}, errors.Join(sendErr, err, context.Cause(ctx))
	}
	scan, err := parseReply(reply)
	if err != nil {
		return verify.Scan{}, err
	}
	scan.Engine = engine
	if sendErr == nil || scan.Infected {
		return scan, nil
	}
	if len(scan.Findings) > 0 {
		// It takes no more bytes, but those who read along are owed the rest.
		if _, err := io.Copy(io.Discard, r); err != nil {
			return verify.Scan{}, &sourceError{err}
		}
		return scan, nil
	}
	return verify.Scan{}, fmt.Errorf("clamd gave a verdict without the whole stream: %w", sendErr)
}

// dial connects. A context that ends cuts the connection, whatever it is
// waiting for.
func dial(ctx context.Context, addr string) (conn net.Conn, hangUp func(), err error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err = dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, nil, fmt.Errorf("connect to clamd: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	return conn, func() { stop(); conn.Close() }, nil
}

// sourceError is a failure to read what was to be scanned.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return "read the stream to scan: " + e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

// send writes the command and r in chunks, each behind its length in network
// byte order, and an empty one as the end.
func send(w io.Writer, r io.Reader) error {
	if _, err := io.WriteString(w, "zINSTREAM\x00"); err != nil {
		return fmt.Errorf("send to clamd: %w", err)
	}
	buf := make([]byte, 4+chunkSize)
	for {
		n, err := fill(buf[4:], r)
		if err != nil && err != io.EOF {
			return &sourceError{err}
		}
		if n > 0 {
			binary.BigEndian.PutUint32(buf, uint32(n)) // #nosec G115 -- at most chunkSize
			if _, err := w.Write(buf[:4+n]); err != nil {
				return fmt.Errorf("send to clamd: %w", err)
			}
		}
		if err != nil {
			break
		}
	}
	if _, err := w.Write(make([]byte, 4)); err != nil {
		return fmt.Errorf("send to clamd: %w", err)
	}
	return nil
}

// fill reads r until buf is full or r ends. Unlike io.ReadFull it leaves an
// io.ErrUnexpectedEOF of r's own to be told from an end: it is what net/http
// says of a body whose connection was cut.
func fill(buf []byte, r io.Reader) (n int, err error) {
	for n < len(buf) && err == nil {
		var more int
		more, err = r.Read(buf[n:])
		n += more
	}
	return n, err
}

func readReply(r io.Reader) (string, error) {
	reply, err := bufio.NewReader(io.LimitReader(r, maxReply)).ReadString(0)
	if err != nil {
		return "", fmt.Errorf("read clamd's answer: %w", err)
	}
	return strings.TrimSuffix(reply, "\x00"), nil
}

// tooLong is clamd's answer to a stream over its StreamMaxLength.
const tooLong = "INSTREAM size limit exceeded. ERROR"

// parseReply reads "stream: OK", "stream: NAME FOUND", and tooLong. What clamd
// could not look into also comes as a NAME (AlertExceedsMax and AlertEncrypted
// in clamd.conf(5)), but is no malware.
func parseReply(reply string) (verify.Scan, error) {
	if reply == tooLong {
		return verify.Scan{Findings: []file.Finding{{Code: file.ScanIncomplete, Detail: "clamd: " + reply}}}, nil
	}
	said, ok := strings.CutPrefix(reply, "stream: ")
	if !ok {
		return verify.Scan{}, fmt.Errorf("clamd answered %q", reply)
	}
	if said == "OK" {
		return verify.Scan{}, nil
	}
	name, found := strings.CutSuffix(said, " FOUND")
	if !found || name == "" {
		return verify.Scan{}, fmt.Errorf("clamd answered %q", reply)
	}
	for prefix, code := range map[string]file.Reason{
		"Heuristics.Limits.Exceeded": file.ScanIncomplete,
		"Heuristics.Encrypted":       file.Encrypted,
	} {
		if strings.HasPrefix(name, prefix) {
			return verify.Scan{Findings: []file.Finding{{Code: code, Detail: "clamd: " + name}}}, nil
		}
	}
	return verify.Scan{Infected: true, Signature: name}, nil
}
