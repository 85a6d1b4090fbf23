package inspect

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"math"
	"strings"

	"github.com/vouch-s3/vouch/shared/file"
)

// inspectZip walks a zip (PKWARE, APPNOTE.TXT) from its first byte to its last.
//
// A zip says everything twice: in front of each entry, and in the central
// directory at its end. Some readers go by the one, some by the other, and an
// archive that shows a scanner one thing and a user another is made of their
// disagreement. So the walk goes by the local headers, and what it saw must be
// just what the central directory says: the same entries, at the same places,
// one behind the other, with nothing in front, between, or behind.
func inspectZip(w *walk, s *stream, at place) {
	inside, err := w.enter(at)
	if err != nil {
		return
	}
	z := &zipWalk{
		w: w, s: s, at: at, inside: inside,
		unconfirmed: map[digest]struct{}{}, names: map[digest]struct{}{},
		targets: map[uint64]struct{}{}, links: newLinks(),
	}
	for z.next() {
	}
}

// zipWalk is the walk through one zip. What it remembers of each entry is of a
// fixed size, and there are at most MaxEntries of them.
type zipWalk struct {
	w          *walk
	s          *stream
	at, inside place // of the zip, of its entries

	unconfirmed map[digest]struct{} // of entries that the central directory has not named yet
	names       map[digest]struct{} // of the entries
	targets     map[uint64]struct{} // offsets of entries whose content is a path that leaves, if they are links
	links       *links

	inflate io.ReadCloser // a flate.Resetter
	buf     []byte
}

// The signatures of records.
const (
	localSignature      = 0x04034b50
	descriptorSignature = 0x08074b50
	centralSignature    = 0x02014b50
	extraDataSignature  = 0x08064b50 // in front of an encrypted central directory
	zip64EndSignature   = 0x06064b50
	locatorSignature    = 0x07064b50
	endSignature        = 0x06054b50
)

// next looks at the next record, and reports whether another entry may follow.
func (z *zipWalk) next() bool {
	head, _ := z.s.Peek(4)
	if len(head) < 4 {
		return z.lost("the zip is cut off")
	}
	switch binary.LittleEndian.Uint32(head) {
	case localSignature:
		return z.entry()
	case centralSignature, zip64EndSignature, endSignature:
		z.directory()
		return false
	case extraDataSignature:
		z.w.miss(file.Encrypted, z.at, "the central directory is encrypted")
		return false
	default:
		return z.lost("bytes that belong to no entry")
	}
}

// lost notes that the zip cannot be walked on. It returns false.
func (z *zipWalk) lost(detail string) bool {
	z.w.miss(file.Malformed, z.at, detail)
	return false
}

// entry looks at one entry, and reports whether to go on behind it.
func (z *zipWalk) entry() bool {
	e, ok := z.readLocal()
	if !ok {
		return z.lost("a local header is cut off")
	}
	at, err := z.w.entry(z.inside, e.name)
	if err != nil {
		return false
	}
	z.checkName(e, at)

	var walked bool
	switch {
	case e.encrypted():
		z.w.miss(file.Encrypted, at, "the entry is encrypted")
		walked = z.skip(e, at)
	case e.method != stored && e.method != deflated:
		z.w.miss(file.ArchiveUnsupported, at, "compression method "+e.methodName())
		walked = z.skip(e, at)
	default:
		walked = z.unpack(e, at)
	}
	if walked {
		z.unconfirmed[e.digest()] = struct{}{}
	}
	return walked
}

// checkName looks at an entry's name.
func (z *zipWalk) checkName(e *zipEntry, at place) {
	name := digestOf([]byte(e.name))
	if _, twice := z.names[name]; twice {
		z.w.find(file.Malformed, at, "two entries have this name, and readers differ on which they take")
	}
	z.names[name] = struct{}{}
	for _, problem := range e.problems {
		z.w.find(file.Malformed, at, problem)
	}
	if leaves(e.unicodeName) {
		z.w.find(file.ArchivePath, at, "the Unicode name of the entry leaves the folder it is unpacked to")
	}
	z.w.officeName(e.name, at)
	z.w.officeName(e.unicodeName, at)
}

// skip goes behind an entry that cannot be looked into.
func (z *zipWalk) skip(e *zipEntry, at place) bool {
	if e.described() && e.packed == 0 {
		return false // where it ends is not known, and that it was not looked at is noted
	}
	if e.packed > math.MaxInt64 {
		return z.lost("an entry is longer than any file")
	}
	if _, err := io.CopyN(io.Discard, z.s, int64(e.packed)); err != nil {
		return z.lost("an entry is cut off")
	}
	if e.described() && !z.readDescriptor(e, e.crc == 0) {
		z.w.miss(file.Malformed, at, "the entry has no data descriptor that fits it")
		return false
	}
	return true
}

// unpack looks at an entry's content. Where its end is not known beforehand,
// deflate knows it, and a stored entry ends at the descriptor that fits it.
func (z *zipWalk) unpack(e *zipEntry, at place) bool {
	open := e.described() && (e.method == deflated || e.packed == 0 && z.fittingDescriptor(e, false) == 0)
	packed := &limited{s: z.s, left: e.packed}
	if open {
		packed.left = math.MaxUint64
	}
	before := packed.left
	body := &content{ended: ended{r: packed}}
	switch {
	case e.method == deflated:
		body.r = z.inflated(packed)
	case open:
		body.r = &described{s: z.s, left: &packed.left}
	case e.packed == 0:
		body.err = io.EOF
	}
	if body.err == nil {
		z.w.look(z.w.unpacked(z.w.office(e.name, body, at), at), at)
	}
	if z.w.stopped {
		return false
	}
	if !body.whole() {
		z.w.miss(file.Malformed, at, "the entry is cut off or not readable")
		if open {
			return false
		}
	}
	seen := zipEntry{crc: body.crc, packed: before - packed.left, size: body.n}
	if !open && packed.left > 0 {
		if body.whole() {
			z.w.miss(file.Malformed, at, "bytes behind the compressed data of the entry")
		}
		if _, err := io.Copy(io.Discard, packed); err != nil {
			return z.lost("an entry is cut off")
		}
		seen.packed = e.packed
	}
	z.checkContent(e, at, body, seen)
	if e.described() {
		e.crc, e.packed, e.size = seen.crc, seen.packed, seen.size
		if !z.readDescriptor(e, false) {
			z.w.miss(file.Malformed, at, "the entry has no data descriptor that fits it")
			return false
		}
	}
	return true
}

// checkContent compares what was seen of an entry with its local header, and
// remembers whether it may be a link that leaves: only the central directory
// says whether it is one.
func (z *zipWalk) checkContent(e *zipEntry, at place, body *content, seen zipEntry) {
	if !e.statesWell(seen) {
		z.w.find(file.Malformed, at, "the length or the checksum of the entry is not what its header says")
	}
	if strings.HasSuffix(slashed(e.name), "/") && body.n > 0 {
		z.w.find(file.Malformed, at, "a folder that has content")
	}
	if body.n <= maxTarget && linkLeaves(e.name, string(body.head)) {
		z.targets[e.offset] = struct{}{}
	}
}

// inflated returns a decompressor of r. Those within one zip are used again.
func (z *zipWalk) inflated(r *limited) io.Reader {
	if z.inflate == nil {
		z.inflate = flate.NewReader(r)
	} else {
		z.inflate.(flate.Resetter).Reset(r, nil) // which errs never
	}
	return z.inflate
}

// readDescriptor takes the data descriptor that fits what is known of an entry.
// anyCRC is for an entry that could not be read, whose checksum the descriptor
// tells.
func (z *zipWalk) readDescriptor(e *zipEntry, anyCRC bool) bool {
	fits := z.fittingDescriptor(e, anyCRC)
	z.s.Discard(fits)
	return fits > 0
}

// fittingDescriptor returns the length of the data descriptor that is next and
// fits what is known of an entry, with or without a signature, its lengths of 32
// or of 64 bits; 0 for none. If more than one does, it is the one with a record
// behind it. It puts the checksum on the entry.
func (z *zipWalk) fittingDescriptor(e *zipEntry, anyCRC bool) int {
	next, _ := z.s.Peek(4 + 4 + 8 + 8 + len(recordPrefix)) // shorter at the end of the zip
	fits := 0
	var crc uint32
	for _, form := range descriptorForms {
		if form.length > len(next) {
			continue
		}
		d, ok := form.parse(next)
		if !ok || d.packed != e.packed || d.size != e.size || d.crc != e.crc && !anyCRC {
			continue
		}
		followed := bytes.HasPrefix(next[form.length:], []byte(recordPrefix))
		if fits == 0 || followed {
			fits, crc = form.length, d.crc
		}
		if followed {
			break
		}
	}
	if fits > 0 {
		e.crc = crc
	}
	return fits
}

// recordPrefix is what every signature begins with.
const recordPrefix = "PK"

var descriptorForms = []descriptorForm{{16, true}, {24, true}, {12, false}, {20, false}}

// descriptorForm is one of the ways in which data descriptors are written.
type descriptorForm struct {
	length int
	signed bool
}

func (f descriptorForm) parse(b []byte) (d zipEntry, ok bool) {
	b = b[:f.length]
	if f.signed {
		if binary.LittleEndian.Uint32(b) != descriptorSignature {
			return d, false
		}
		b = b[4:]
	}
	d.crc = binary.LittleEndian.Uint32(b)
	if b = b[4:]; len(b) == 8 {
		d.packed, d.size = uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[4:]))
	} else {
		d.packed, d.size = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	}
	return d, true
}
