package inspect

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
)

// described reads the content of a stored entry whose length stands only in the
// descriptor behind it, as those have it who write a zip into a pipe. It ends at
// the first descriptor with a signature that has the checksum and the length of
// all that came before.
//
// The content can be made to hold such a descriptor, and others may go by the
// next one. But the central directory must say the same of the entry as was
// seen, and then all readers read it so.
type described struct {
	s    *stream
	left *uint64 // counts down
	n    uint64
	crc  uint32
}

var descriptorMark = binary.LittleEndian.AppendUint32(nil, descriptorSignature)

func (d *described) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	const longest = 4 + 4 + 8 + 8 // of descriptors
	next, err := d.s.Peek(min(len(p), 16<<10) + longest)
	if len(next) == 0 {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return 0, err
	}
	n := bytes.Index(next, descriptorMark)
	switch {
	case n == 0:
		if d.endsAt(next) {
			return 0, io.EOF
		}
		n = 1
	case n < 0 && len(next) > len(descriptorMark):
		n = len(next) - len(descriptorMark) + 1 // the last bytes can begin one
	case n < 0:
		n = len(next)
	}
	n = copy(p, next[:n])
	d.crc = crc32.Update(d.crc, crc32.IEEETable, p[:n])
	d.n += uint64(n)     // #nosec G115 -- a count of bytes read
	*d.left -= uint64(n) // #nosec G115 -- a count of bytes read
	d.s.Discard(n)
	return n, nil
}

// endsAt reports whether the descriptor at the beginning of next fits what was read.
func (d *described) endsAt(next []byte) bool {
	for _, form := range descriptorForms {
		if !form.signed || form.length > len(next) {
			continue
		}
		if said, ok := form.parse(next); ok && said.crc == d.crc && said.packed == d.n && said.size == d.n {
			return true
		}
	}
	return false
}
