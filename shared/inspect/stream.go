package inspect

import (
	"bufio"
	"bytes"
	"io"
)

const (
	// sniffed is how many bytes at the beginning of a stream tell its type: up to
	// the identifier of a disk image's first volume descriptor.
	sniffed = isoMagicAt + len(isoMagic)

	// tailSize is how many bytes at the end of a stream are kept: a zip's last
	// record, behind the longest comment it can have.
	tailSize = 22 + 65535
)

// stream is what inspectors read from. It remembers the end of what went by,
// and can watch for patterns.
type stream struct {
	*bufio.Reader
	tap *tap
}

func newStream(r io.Reader) *stream {
	t := &tap{r: r}
	return &stream{Reader: bufio.NewReaderSize(t, 36<<10), tap: t}
}

// head returns the beginning of the stream without taking it.
func (s *stream) head() []byte {
	head, _ := s.Peek(sniffed) // shorter where the stream is, or ends in an error that its reader will meet
	return head
}

// drain reads on to the end.
func (s *stream) drain() { io.Copy(io.Discard, s.Reader) }

// tail returns the last bytes of the stream, which must have been read to its
// end; at most tailSize of them.
func (s *stream) tail() []byte { return s.tap.tail() }

// size returns how many bytes have been read so far, buffered ones included.
func (s *stream) size() int64 { return s.tap.n }

// taken returns how many bytes have been taken from the stream so far.
func (s *stream) taken() int64 { return s.tap.n - int64(s.Buffered()) }

// watch has found called for each pattern that occurs from here on, each time
// that it does in another read, whatever the stream's own reader makes of it.
// It must be called before anything is read, so that the head is watched too.
// Patterns are matched in any case of their ASCII letters.
func (s *stream) watch(found func(pattern string), patterns ...string) {
	for _, p := range patterns {
		s.tap.patterns = append(s.tap.patterns, appendLower(nil, []byte(p)))
		s.tap.overlap = max(s.tap.overlap, len(p)-1)
	}
	s.tap.found = found
	buffered, _ := s.Peek(s.Buffered())
	s.tap.search(buffered)
}

// tap sees every byte that goes by.
type tap struct {
	r    io.Reader
	n    int64
	last []byte // the end of what went by, up to twice tailSize

	patterns [][]byte // in lower case
	overlap  int
	window   []byte // the end of what was searched, in lower case
	found    func(string)
}

func (t *tap) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.n += int64(n)
	t.keep(p[:n])
	t.search(p[:n])
	return n, err
}

func (t *tap) keep(p []byte) {
	if len(p) >= tailSize {
		t.last = append(t.last[:0], p[len(p)-tailSize:]...)
		return
	}
	if len(t.last)+len(p) > 2*tailSize {
		t.last = append(t.last[:0], t.last[len(t.last)-tailSize:]...)
	}
	t.last = append(t.last, p...)
}

func (t *tap) tail() []byte { return t.last[max(0, len(t.last)-tailSize):] }

func (t *tap) search(p []byte) {
	if len(t.patterns) == 0 || len(p) == 0 {
		return
	}
	t.window = appendLower(t.window, p)
	for _, pattern := range t.patterns {
		if bytes.Contains(t.window, pattern) {
			t.found(string(pattern))
		}
	}
	t.window = append(t.window[:0], t.window[max(0, len(t.window)-t.overlap):]...)
}

// appendLower appends src to dst with its ASCII letters in lower case.
func appendLower(dst, src []byte) []byte {
	n := len(dst)
	dst = append(dst, src...)
	for i, c := range dst[n:] {
		if 'A' <= c && c <= 'Z' {
			dst[n+i] = c | 0x20
		}
	}
	return dst
}
