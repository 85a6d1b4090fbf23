package inspect

import (
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"io"

	"github.com/vouch-s3/vouch/shared/file"
)

// inspectGzip looks into a gzip (RFC 1952). Its members together are one
// content, as gzip(1) unpacks them: what is cut in two members is looked at
// whole. It is a level of depth, and shares it with a tar that is all it holds.
func inspectGzip(w *walk, s *stream, at place) {
	inside, err := w.enter(at)
	if err != nil {
		return
	}
	r, err := gzip.NewReader(s)
	if err != nil {
		w.miss(file.Malformed, at, "the gzip is cut off or not readable")
		return
	}
	r.Multistream(false)
	entry, err := w.entry(inside, r.Name)
	if err != nil {
		return
	}
	m := &members{w: w, s: s, r: r, at: entry}
	lookInto(w, m, entry)
	if m.trailing && !w.stopped && !onlyZeros(s) { // which gzip(1) ignores
		w.miss(file.Polyglot, at, "bytes behind the last member")
	}
}

// lookInto looks at all that a compressed stream unpacks to.
func lookInto(w *walk, r io.Reader, at place) {
	at.compressed = true
	body := &ended{r: r}
	w.look(w.unpacked(body, at), at)
	if !w.stopped && !body.whole() {
		code, detail := file.Malformed, "the compressed data is cut off or damaged"
		if errors.Is(body.err, errBzip2Trailing) {
			code, detail = file.Polyglot, "bytes behind the compressed data"
		}
		w.miss(code, at, detail)
	}
}

// members unpacks the members of a gzip, one behind the other.
type members struct {
	w        *walk
	s        *stream
	r        *gzip.Reader
	at       place
	trailing bool // something that is no member follows
}

func (m *members) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if err == io.EOF {
		err = m.next()
	}
	return n, err
}

// next begins the next member, if there is one.
func (m *members) next() error {
	magic, err := m.s.Peek(2)
	switch {
	case len(magic) == 0:
		return err
	case string(magic) != "\x1f\x8b":
		m.trailing = true
		return io.EOF
	}
	if err := m.r.Reset(m.s); err != nil {
		return errors.Join(io.ErrUnexpectedEOF, err) // io.EOF would be a proper end
	}
	m.r.Multistream(false)
	if leaves(m.r.Name) {
		m.w.find(file.ArchivePath, m.at, "the name of a member leaves the folder it is unpacked to")
	}
	return nil
}

// errBzip2Trailing is how compress/bzip2 says that bytes follow which are not
// another stream.
const errBzip2Trailing = bzip2.StructuralError("bad magic value in continuation file")

// inspectBzip2 looks into a bzip2, whose streams together are one content, as
// with a gzip. It has no name.
func inspectBzip2(w *walk, s *stream, at place) {
	inside, err := w.enter(at)
	if err != nil {
		return
	}
	entry, err := w.entry(inside, "")
	if err != nil {
		return
	}
	lookInto(w, bzip2.NewReader(s), entry)
}
