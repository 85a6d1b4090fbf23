package inspect

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
	"math"
	"slices"
	"strconv"
)

// The compression methods that are unpacked, and the one that says AES.
const (
	stored   = 0
	deflated = 8
	aes      = 99
)

// The general purpose flags that change how an entry is read.
const (
	flagEncrypted  = 1 << 0
	flagDescriptor = 1 << 3
	flagStrong     = 1 << 6
	flagUTF8       = 1 << 11
	flagMasked     = 1 << 13
	flagsCompared  = flagEncrypted | flagDescriptor | flagStrong | flagUTF8 | flagMasked
)

// The extra fields that are read.
const (
	extraZip64       = 0x0001
	extraUnicodePath = 0x7075
)

// zipEntry is what one header says of an entry.
type zipEntry struct {
	name          string
	flags, method uint16
	crc           uint32
	packed, size  uint64
	offset        uint64 // of the local header

	unicodeName string // of the extra field of Info-ZIP
	mode        uint32 // of Unix; only the central directory has it
	problems    []string
}

func (e *zipEntry) encrypted() bool {
	return e.flags&(flagEncrypted|flagStrong|flagMasked) != 0 || e.method == aes
}

// described reports whether a data descriptor follows the content.
func (e *zipEntry) described() bool { return e.flags&flagDescriptor != 0 }

func (e *zipEntry) isLink() bool { return e.mode&0o170000 == 0o120000 }

func (e *zipEntry) methodName() string { return strconv.Itoa(int(e.method)) }

// statesWell reports whether a local header is right about an entry as it was
// seen. If a descriptor follows, zeros leave it to that.
func (e *zipEntry) statesWell(seen zipEntry) bool {
	if e.described() {
		return (e.crc == 0 || e.crc == seen.crc) && (e.packed == 0 || e.packed == seen.packed) && (e.size == 0 || e.size == seen.size)
	}
	return e.crc == seen.crc && e.packed == seen.packed && e.size == seen.size
}

// digest stands for a header among others, in a fixed size.
type digest [sha256.Size]byte

func digestOf(b []byte) digest { return sha256.Sum256(b) }

// digest sums all that the two headers of an entry must agree on.
func (e *zipEntry) digest() digest {
	b := binary.LittleEndian.AppendUint16(nil, e.flags&flagsCompared)
	b = binary.LittleEndian.AppendUint16(b, e.method)
	b = binary.LittleEndian.AppendUint32(b, e.crc)
	b = binary.LittleEndian.AppendUint64(b, e.packed)
	b = binary.LittleEndian.AppendUint64(b, e.size)
	b = binary.LittleEndian.AppendUint64(b, e.offset)
	return digestOf(append(b, e.name...))
}

// readLocal reads a local header: 30 bytes, the name, the extra field.
func (z *zipWalk) readLocal() (*zipEntry, bool) {
	e := &zipEntry{offset: uint64(z.s.taken())} // #nosec G115 -- a count of bytes read
	h, ok := z.read(30)
	if !ok {
		return nil, false
	}
	le := binary.LittleEndian
	e.flags, e.method = le.Uint16(h[6:]), le.Uint16(h[8:])
	e.crc, e.packed, e.size = le.Uint32(h[14:]), uint64(le.Uint32(h[18:])), uint64(le.Uint32(h[22:]))
	name, extra := int(le.Uint16(h[26:])), int(le.Uint16(h[28:]))
	if h, ok = z.read(name + extra); !ok {
		return nil, false
	}
	e.name = string(h[:name])
	e.readExtra(h[name:], &e.size, &e.packed)
	return e, true
}

// readCentral reads a header of the central directory: 46 bytes, the name, the
// extra field, a comment.
func (z *zipWalk) readCentral() (*zipEntry, bool) {
	e := &zipEntry{}
	h, ok := z.read(46)
	if !ok {
		return nil, false
	}
	le := binary.LittleEndian
	e.flags, e.method = le.Uint16(h[8:]), le.Uint16(h[10:])
	e.crc, e.packed, e.size = le.Uint32(h[16:]), uint64(le.Uint32(h[20:])), uint64(le.Uint32(h[24:]))
	name, extra, comment := int(le.Uint16(h[28:])), int(le.Uint16(h[30:])), int(le.Uint16(h[32:]))
	if disk := le.Uint16(h[34:]); disk != 0 && disk != math.MaxUint16 {
		e.problems = append(e.problems, "the entry is on another disk")
	}
	e.mode, e.offset = le.Uint32(h[38:])>>16, uint64(le.Uint32(h[42:]))
	if h, ok = z.read(name + extra + comment); !ok {
		return nil, false
	}
	e.name = string(h[:name])
	e.readExtra(h[name:][:extra], &e.size, &e.packed, &e.offset)
	return e, true
}

// readExtra reads the extra field of a header. A field of Zip64 has, in their
// order, those of the values that are too large for the header.
func (e *zipEntry) readExtra(extra []byte, values ...*uint64) {
	zip64 := false
	for len(extra) >= 4 { // up to three bytes of padding may follow
		id, size := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if extra = extra[4:]; size > len(extra) {
			e.problems = append(e.problems, "the extra field is cut off")
			return
		}
		field := extra[:size]
		extra = extra[size:]
		switch id {
		case extraZip64:
			if zip64 {
				e.problems = append(e.problems, "two fields of Zip64")
				return
			}
			zip64 = true
			if !readZip64(field, values) {
				e.problems = append(e.problems, "a field of Zip64 that readers read differently")
			}
		case extraUnicodePath: // a version, and the CRC-32 of the name it stands for
			if len(field) > 5 {
				e.unicodeName = string(field[5:])
			}
		}
	}
}

// readZip64 puts the values of a field of Zip64 where the header has 2^32-1. It
// reports whether readers agree on them: some writers put values there that the
// header has too, which must be the same.
func readZip64(field []byte, values []*uint64) bool {
	for _, v := range values {
		has := len(field) >= 8
		switch {
		case *v == math.MaxUint32 && !has:
			return false
		case *v == math.MaxUint32:
			*v = binary.LittleEndian.Uint64(field)
			field = field[8:]
		case has && binary.LittleEndian.Uint64(field) == *v:
			field = field[8:]
		}
	}
	return len(field) == 0
}

// read takes n bytes, at most the 3 × 64 KiB behind a header. They are good
// until the next call.
func (z *zipWalk) read(n int) ([]byte, bool) {
	z.buf = slices.Grow(z.buf[:0], n)[:n]
	_, err := io.ReadFull(z.s, z.buf)
	return z.buf, err == nil
}
