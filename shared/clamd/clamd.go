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

	"github.com/vouch-s3/vouch/shared/verify"
)

// Client speaks to the daemon at Addr, "host:port".
type Client struct {
	Addr string
}

const (
	chunkSize   = 64 << 10
	maxReply    = 4 << 10
	dialTimeout = 5 * time.Second
)

// Scan streams r to the daemon and returns its verdict. It returns an error
// when the daemon cannot be reached or stops in the middle, when r fails, when
// a limit of the daemon was exceeded so that not every byte was looked at, and
// for any answer but the two that it knows.
func (c Client) Scan(ctx context.Context, r io.Reader) (verify.Verdict, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", c.Addr)
	if err != nil {
		return verify.Verdict{}, fmt.Errorf("connect to clamd: %w", err)
	}
	defer conn.Close()
	// A context that ends cuts the connection, whatever it is waiting for.
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	sendErr := send(conn, r)
	if sendErr != nil {
		if _, ours := errors.AsType[*sourceError](sendErr); ours {
			return verify.Verdict{}, sendErr
		}
		// The daemon may have said why before it closed the connection.
	}
	reply, err := readReply(conn)
	if err != nil {
		return verify.Verdict{}, errors.Join(sendErr, err, context.Cause(ctx))
	}
	verdict, err := parseReply(reply)
	if err == nil && sendErr != nil {
		err = fmt.Errorf("clamd gave a verdict without the whole stream: %w", sendErr)
	}
	return verdict, err
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
		n, err := io.ReadFull(r, buf[4:])
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return &sourceError{err}
		}
		if n > 0 {
			binary.BigEndian.PutUint32(buf, uint32(n))
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

func readReply(r io.Reader) (string, error) {
	reply, err := bufio.NewReader(io.LimitReader(r, maxReply)).ReadString(0)
	if err != nil {
		return "", fmt.Errorf("read clamd's answer: %w", err)
	}
	return strings.TrimSuffix(reply, "\x00"), nil
}

// parseReply reads "stream: OK" and "stream: NAME FOUND". A limit that was
// exceeded comes as a finding too (AlertExceedsMax in clamd.conf(5)); it says
// that the scan is incomplete, so it is an error here.
func parseReply(reply string) (verify.Verdict, error) {
	said, ok := strings.CutPrefix(reply, "stream: ")
	if !ok {
		return verify.Verdict{}, fmt.Errorf("clamd answered %q", reply)
	}
	if said == "OK" {
		return verify.Verdict{}, nil
	}
	name, found := strings.CutSuffix(said, " FOUND")
	if !found || name == "" {
		return verify.Verdict{}, fmt.Errorf("clamd answered %q", reply)
	}
	if strings.HasPrefix(name, "Heuristics.Limits.Exceeded") {
		return verify.Verdict{}, fmt.Errorf("clamd did not scan the whole stream: %s", name)
	}
	return verify.Verdict{Infected: true, Signature: name}, nil
}
