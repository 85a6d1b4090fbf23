package verify

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/inspect"
)

// pass is what came of reading the bytes once.
type pass struct {
	scan     Scan
	report   inspect.Report // of a part only, if the scanner stopped at malware
	checksum string         // base64
	length   int64          // bytes
}

// readOnce streams r through the scanner, SHA-256 and the inspection at the
// same time. A scanner that has found malware may stop reading, and then
// neither the checksum nor the report is of the whole. An error means that
// nothing is known.
func readOnce(ctx context.Context, r io.Reader, av Antivirus, limits inspect.Limits) (pass, error) {
	q := newQueue()
	inspected := make(chan error, 1)
	var p pass
	go func() {
		var err error
		p.report, err = inspect.Stream(q, limits)
		inspected <- err
	}()
	sum := sha256.New()
	var length byteCount
	scan, err := av.Scan(ctx, io.TeeReader(r, io.MultiWriter(sum, &length, q)))
	q.end(err)
	inspectErr := <-inspected
	if err != nil {
		return pass{}, err
	}
	if inspectErr != nil {
		return pass{}, inspectErr
	}
	p.scan, p.length = scan, int64(length)
	p.checksum = file.EncodeChecksum(sum.Sum(nil))
	return p, nil
}

// byteCount counts the bytes written to it.
type byteCount int64

func (n *byteCount) Write(p []byte) (int, error) {
	*n += byteCount(len(p))
	return len(p), nil
}

// queue hands what is written to it to a reader in another goroutine, a bounded
// number of chunks ahead, so that the scanner's connection and the inspection
// need not wait for each other at every read.
type queue struct {
	chunks chan []byte
	free   chan []byte
	rest   []byte // of the chunk being read
	chunk  []byte
	err    error // set before chunks is closed
}

// queued is how many chunks may wait, each as long as what was written at once:
// 16 MiB with clamd's chunks. clamd begins to scan when it has the whole stream,
// and what waits here then is inspected meanwhile.
const queued = 256

func newQueue() *queue {
	return &queue{chunks: make(chan []byte, queued), free: make(chan []byte, queued+2)}
}

// Write waits while the queue is full. The reader reads to the end, whatever it
// finds, so it never waits for ever.
func (q *queue) Write(p []byte) (int, error) {
	var chunk []byte
	select {
	case chunk = <-q.free:
	default:
	}
	q.chunks <- append(chunk[:0], p...)
	return len(p), nil
}

// end tells the reader that nothing more comes, because of err if it is not nil.
func (q *queue) end(err error) {
	q.err = io.EOF
	if err != nil {
		q.err = errors.Join(errors.New("the bytes were not read to their end"), err)
	}
	close(q.chunks)
}

// Read reads what was written.
func (q *queue) Read(p []byte) (int, error) {
	for len(q.rest) == 0 {
		if q.chunk != nil {
			select {
			case q.free <- q.chunk:
			default:
			}
			q.chunk = nil
		}
		chunk, ok := <-q.chunks
		if !ok {
			return 0, q.err
		}
		q.chunk, q.rest = chunk, chunk
	}
	n := copy(p, q.rest)
	q.rest = q.rest[n:]
	return n, nil
}

// Unasked stands for the scanners where a deployment asks none in the scan
// function. It reads the bytes for those who read along, and has no word of its
// own.
type Unasked struct{}

// Scan reads r to its end.
func (Unasked) Scan(_ context.Context, r io.Reader) (Scan, error) {
	_, err := io.Copy(io.Discard, r)
	return Scan{}, err
}
