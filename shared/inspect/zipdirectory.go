package inspect

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/vouch-s3/vouch/shared/file"
)

// directory reads the central directory to the end of the zip, and compares it
// with the entries that went by.
func (z *zipWalk) directory() {
	start := uint64(z.s.taken()) // #nosec G115 -- a count of bytes read
	count := uint64(0)
	for z.follows(centralSignature) {
		e, ok := z.readCentral()
		if !ok {
			z.lost("the central directory is cut off")
			return
		}
		count++
		z.confirm(e)
	}
	if len(z.unconfirmed) > 0 {
		z.w.find(file.Malformed, z.at, "an entry that the central directory does not name")
	}
	end := uint64(z.s.taken()) // #nosec G115 -- a count of bytes read
	z.end(endRecord{entries: count, size: end - start, start: start}, end)
}

// follows reports whether a record with the signature is next.
func (z *zipWalk) follows(signature uint32) bool {
	head, _ := z.s.Peek(4)
	return len(head) == 4 && binary.LittleEndian.Uint32(head) == signature
}

// confirm compares what the central directory says of an entry with what went by.
func (z *zipWalk) confirm(e *zipEntry) {
	at := place{depth: z.inside.depth, path: join(z.inside.path, e.name)}
	d := e.digest()
	if _, ok := z.unconfirmed[d]; !ok {
		z.w.miss(file.Malformed, at, "the central directory says something else of the entry than its local header")
		return // what is remembered of it would be without bounds
	}
	delete(z.unconfirmed, d)
	for _, problem := range e.problems {
		z.w.find(file.Malformed, at, problem)
	}
	if leaves(e.name) || leaves(e.unicodeName) {
		z.w.find(file.ArchivePath, at, "the name of the entry leaves the folder it is unpacked to")
	}
	if z.links.through(e.name) {
		z.w.find(file.ArchivePath, at, "the entry is put through a link of the archive")
	}
	if e.isLink() {
		if _, leave := z.targets[e.offset]; leave || e.size > maxTarget {
			z.w.find(file.ArchivePath, at, "the link leaves the folder it is unpacked to")
		}
		z.links.add(e.name)
	}
}

// endRecord is what the records at the end say of the central directory.
type endRecord struct{ entries, size, start uint64 }

// end reads the records behind the central directory, which was seen as want
// and ended at an offset: those of Zip64, if they are there, and the last one.
func (z *zipWalk) end(want endRecord, offset uint64) {
	le := binary.LittleEndian
	zip64 := z.follows(zip64EndSignature)
	if zip64 {
		h, ok := z.read(56 + 20)
		if !ok {
			z.lost("the records at the end are cut off")
			return
		}
		end, locator := h[:56], h[56:]
		got := endRecord{le.Uint64(end[32:]), le.Uint64(end[40:]), le.Uint64(end[48:])}
		if le.Uint64(end[4:]) != 56-12 || le.Uint64(end[16:]) != 0 || le.Uint64(end[24:]) != want.entries || got != want {
			z.lost("the central directory is not what its Zip64 record says")
			return
		}
		if le.Uint32(locator) != locatorSignature || le.Uint32(locator[4:]) != 0 ||
			le.Uint64(locator[8:]) != offset || le.Uint32(locator[16:]) > 1 {
			z.lost("the Zip64 record is not where its locator says")
			return
		}
	}
	if !z.follows(endSignature) {
		z.lost("no end of the central directory behind it")
		return
	}
	h, ok := z.read(22)
	if !ok {
		z.lost("the record at the end is cut off")
		return
	}
	states := func(value, limit, want uint64) bool { return value == want || zip64 && value == limit }
	switch {
	case !states(uint64(le.Uint16(h[4:])), math.MaxUint16, 0), !states(uint64(le.Uint16(h[6:])), math.MaxUint16, 0),
		!states(uint64(le.Uint16(h[8:])), math.MaxUint16, want.entries), !states(uint64(le.Uint16(h[10:])), math.MaxUint16, want.entries),
		!states(uint64(le.Uint32(h[12:])), math.MaxUint32, want.size), !states(uint64(le.Uint32(h[16:])), math.MaxUint32, want.start):
		z.lost("the central directory is not what the record at the end says")
		return
	}
	z.comment(bytes.Clone(h[4:]), int(le.Uint16(h[20:])))
}

// comment reads the comment, which must end the zip. Many readers search for
// the last record from the end: behind the signature that begins the record,
// there must be nothing that looks like another.
func (z *zipWalk) comment(record []byte, length int) {
	comment, ok := z.read(length)
	if !ok {
		z.lost("the comment is cut off")
		return
	}
	signature := binary.LittleEndian.AppendUint32(nil, endSignature)
	if bytes.Contains(append(record, comment...), signature) {
		z.lost("a second end of the central directory in the comment")
	}
	if _, err := z.s.Peek(1); err == nil {
		z.w.miss(file.Polyglot, z.at, "bytes behind the end of the zip")
	}
}
