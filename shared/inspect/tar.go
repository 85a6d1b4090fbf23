package inspect

import (
	"archive/tar"
	"errors"
	"io"

	"github.com/vouch-s3/vouch/shared/file"
)

// inspectTar walks a tar in any of the formats that archive/tar reads: v7,
// ustar, PAX and GNU. That package bounds what it holds in memory, whatever the
// headers say: 1 MiB for the records of an entry, and 2^20 fragments for the map
// of a sparse file. The holes of one come out as zeros, and count as unpacked.
func inspectTar(w *walk, s *stream, at place) {
	inside := place{depth: at.depth, path: at.path}
	if !at.compressed {
		var err error
		if inside, err = w.enter(at); err != nil {
			return
		}
	}
	t := &tarWalk{w: w, s: s, r: tar.NewReader(s), at: at, inside: inside, links: newLinks()}
	t.startsGlobal = s.head()[typeflagAt] == tar.TypeXGlobalHeader
	for t.next() {
	}
}

// tarWalk is the walk through one tar.
type tarWalk struct {
	w          *walk
	s          *stream
	r          *tar.Reader
	at, inside place // of the tar, of its entries
	links      *links
	entries    int64

	startsGlobal bool // the first header is a global one
}

const (
	tarBlock   = 512
	typeflagAt = 156 // in a header
)

// next looks at the next entry, or at the end, and reports whether to go on.
func (t *tarWalk) next() bool {
	before := t.s.taken()
	h, err := t.r.Next()
	switch {
	case t.w.stopped:
		return false
	case err == io.EOF:
		padding := -before & (tarBlock - 1)
		t.end(t.s.taken() - before - padding)
		return false
	case err != nil && !errors.Is(err, tar.ErrInsecurePath): // which depends on GODEBUG; names are looked at here
		t.w.miss(file.Malformed, t.at, "the tar is cut off or not readable: "+err.Error())
		return false
	}
	t.entries++
	if h.Typeflag == tar.TypeXGlobalHeader {
		return t.global(h)
	}
	return t.entry(h)
}

// end looks at what is behind the last entry. A tar ends with two blocks of
// zeros, and its record may be filled up with more of them.
func (t *tarWalk) end(trailer int64) {
	if trailer < 2*tarBlock {
		t.w.find(file.Malformed, t.at, "the tar has no end")
	}
	if !onlyZeros(t.s) {
		t.w.miss(file.Polyglot, t.at, "bytes behind the end of the tar")
	}
}

// global looks at a global header, which archive/tar does not apply to the
// entries that follow and others do. It forgets a header for the next entry
// that stands in front of a global one.
func (t *tarWalk) global(h *tar.Header) bool {
	if t.entries > 1 || !t.startsGlobal {
		t.w.miss(file.Malformed, t.at, "a global header that is not the first")
		return false
	}
	for key := range h.PAXRecords {
		if key != "comment" { // which git archive writes
			t.w.miss(file.Malformed, t.at, "a global header that readers apply differently")
			return false
		}
	}
	return true
}

// entry looks at one entry.
func (t *tarWalk) entry(h *tar.Header) bool {
	at, err := t.w.entry(t.inside, h.Name)
	if err != nil {
		return false
	}
	t.path(h, at)
	if record, ok := h.PAXRecords["size"]; ok && h.Size < 1<<33 {
		t.w.miss(file.Malformed, at, "a size in a record that its header could hold: "+record)
	}
	switch h.Typeflag {
	case tar.TypeLink, tar.TypeSymlink, tar.TypeChar, tar.TypeBlock, tar.TypeDir, tar.TypeFifo:
		if h.Size != 0 {
			t.w.miss(file.Malformed, at, "an entry that some readers see content in and others do not")
		}
		return true
	}
	body := &ended{r: t.r}
	t.w.look(t.w.unpacked(body, at), at)
	if t.w.stopped {
		return false
	}
	if !body.whole() {
		t.w.miss(file.Malformed, at, "the entry is cut off or not readable")
		return false
	}
	return true
}

// path looks at where an entry would be put, and where it leads.
func (t *tarWalk) path(h *tar.Header, at place) {
	if t.links.through(h.Name) {
		t.w.find(file.ArchivePath, at, "the entry is put through a link of the archive")
	}
	switch h.Typeflag {
	case tar.TypeSymlink:
		if linkLeaves(h.Name, h.Linkname) {
			t.w.find(file.ArchivePath, at, "the link leaves the folder it is unpacked to")
		}
		t.links.add(h.Name)
	case tar.TypeLink:
		if leaves(h.Linkname) || t.links.through(h.Linkname) {
			t.w.find(file.ArchivePath, at, "the hard link leaves the folder it is unpacked to")
		}
	case tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
		t.w.find(file.ArchivePath, at, "the entry is a device or a named pipe")
	}
}

// onlyZeros reads on while there are zeros, and reports whether there was
// nothing else.
func onlyZeros(r io.ByteReader) bool {
	for {
		b, err := r.ReadByte()
		if err != nil {
			return err == io.EOF
		}
		if b != 0 {
			return false
		}
	}
}
