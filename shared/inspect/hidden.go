package inspect

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/vouch-s3/vouch/shared/file"
)

// The records at the end of a zip (PKWARE APPNOTE 6.3.10, 4.3.12 to 4.3.16).
const (
	zipCentral   = "PK\x01\x02"
	zipLocator64 = "PK\x06\x07"
	zipEnd       = "PK\x05\x06"
	zipEndSize   = 22
)

// lookForHiddenZip finds a zip behind the end of what is no zip: readers of
// zips begin at the end, and take whatever stands before for a stub. The stream
// must have been read to its end. A zip in the midst of another file, as a tar
// holds it, is not at the end and not meant.
//
// A PDF in the midst of another file needs no such search: its header has to be
// among the first 1024 bytes, and whatever has it there is inspected as a PDF.
func (w *walk) lookForHiddenZip(s *stream, at place) {
	tail := s.tail()
	before := s.size() - int64(len(tail)) // bytes that are not in the tail
	for end := len(tail); ; {
		i := bytes.LastIndex(tail[:end], []byte(zipEnd))
		if i < 0 {
			return
		}
		if endsZip(tail, i, before) {
			w.find(file.Polyglot, at, "a zip lies at the end")
			return
		}
		end = i
	}
}

// endsZip reports whether the record at tail[i:] can be the last one of a zip
// that has entries. The tail has before bytes before it.
func endsZip(tail []byte, i int, before int64) bool {
	r := tail[i:]
	if len(r) < zipEndSize || len(r) != zipEndSize+int(binary.LittleEndian.Uint16(r[20:])) {
		return false
	}
	if i >= 20 && bytes.HasPrefix(tail[i-20:], []byte(zipLocator64)) {
		return true
	}
	entries := binary.LittleEndian.Uint16(r[10:])
	size, offset := int64(binary.LittleEndian.Uint32(r[12:])), int64(binary.LittleEndian.Uint32(r[16:]))
	if size == math.MaxUint32 || offset == math.MaxUint32 {
		return true
	}
	if entries == 0 || size == 0 || size+offset > before+int64(i) {
		return false
	}
	// Some readers take the directory to end where this record begins, others
	// look at its offset from the start of the file.
	central := func(at int64) bool {
		return at < before || bytes.HasPrefix(tail[at-before:], []byte(zipCentral))
	}
	return central(before+int64(i)-size) || central(offset)
}
