package inspect

import (
	"hash/crc32"
	"io"
)

// ended reads from r and remembers the error that ended it: those who look at a
// stream drain it and do not say how it ended.
type ended struct {
	r   io.Reader
	err error // io.EOF at the proper end
}

func (e *ended) Read(p []byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	n, err := e.r.Read(p)
	e.err = err
	return n, err
}

// whole reports whether the reader was read to its proper end.
func (e *ended) whole() bool { return e.err == io.EOF }

// content is an entry's unpacked bytes, counted and summed as they go by.
type content struct {
	ended
	n    uint64
	crc  uint32 // CRC-32 of IEEE 802.3
	head []byte // the beginning, at most maxTarget bytes
}

func (c *content) Read(p []byte) (int, error) {
	n, err := c.ended.Read(p)
	c.n += uint64(n) // #nosec G115 -- a count of bytes read
	c.crc = crc32.Update(c.crc, crc32.IEEETable, p[:n])
	c.head = append(c.head, p[:min(n, maxTarget-len(c.head))]...)
	return n, err
}

// limited reads at most left bytes of a stream. Unlike io.LimitedReader it is an
// io.ByteReader, so that a decompressor takes not a byte more than it needs.
type limited struct {
	s    *stream
	left uint64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left == 0 {
		return 0, io.EOF
	}
	n, err := l.s.Read(p[:min(uint64(len(p)), l.left)])
	l.left -= uint64(n) // #nosec G115 -- a count of bytes read
	if err == io.EOF && l.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (l *limited) ReadByte() (byte, error) {
	if l.left == 0 {
		return 0, io.EOF
	}
	b, err := l.s.ReadByte()
	if err == nil {
		l.left--
	}
	return b, err
}
