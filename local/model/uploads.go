package model

import (
	"fmt"

	"github.com/vouch-s3/vouch/shared/file"
)

// uploads is how many uploads in parts there may be under the key: the one that
// the record knows, and one more of an attempt whose answer was lost.
const uploads = 2

// inParts is one upload in parts at S3.
type inParts struct {
	there  bool // begun, and neither put together nor aborted
	holds  content
	flying content // what it will hold when the part has come that is on its way; nothing for none

	// puttingTogether is what S3 is at, though whoever asked for it is dead.
	puttingTogether content
}

func uploadID(i int8) string { return string([]byte{'u', byte('1' + i)}) }

// uploadOf is the index of the upload with this id, or -1.
func uploadOf(id string) int8 {
	if len(id) != 2 || id[0] != 'u' {
		return -1
	}
	return int8(id[1] - '1')
}

// sending reports whether a part is on its way to S3.
func (w *World) sending() bool {
	return w.uploads[0].flying != nothing || w.uploads[1].flying != nothing
}

// doParts carries out a call on uploads in parts, as S3 does it by the "Amazon S3
// API Reference".
func (m *Model) doParts(w *World, c call, a answer) (answer, string) {
	switch c.op {
	case opHeld:
		if u := w.uploads[c.upload]; u.there {
			a.content = u.holds
		} else {
			a.err = noUpload
		}
	case opListUploads:
		for i, u := range w.uploads {
			if u.there {
				a.there |= 1 << i
			}
		}
	case opBeginUpload:
		if w.uploads[0].there {
			a.upload = 1
		}
		w.uploads[a.upload].there = true
	case opAbort:
		u := &w.uploads[c.upload]
		u.there, u.holds = false, nothing // a part on its way stays on it
	case opAssemble:
		if a.err = m.assembles(w, c); a.err == fine {
			return a, m.putTogether(w, c.upload, w.uploads[c.upload].holds)
		}
	}
	return a, ""
}

// assembles says whether S3 puts an upload together.
func (m *Model) assembles(w *World, c call) fault {
	u, a := w.uploads[c.upload], m.puts.get(c.value)
	switch {
	case m.unguarded && u.holds != nothing:
		return fine
	case !u.there:
		return noUpload
	case w.current() >= 0:
		return objectExists
	}
	held, size := u.holds.parts(), int64(0)
	for i, p := range a.Parts {
		if i >= len(held) || held[i] != p {
			return partChanged
		}
		size += p.Size
	}
	if size != a.Size {
		return broken // x-amz-mp-object-size
	}
	return fine
}

// putTogether makes the object of an upload, which is gone then, with a part that
// is on its way. Somebody may have written the object meanwhile, and S3 refuses.
func (m *Model) putTogether(w *World, i int8, c content) string {
	u := &w.uploads[i]
	u.puttingTogether = nothing
	if !m.unguarded && w.current() >= 0 {
		u.there, u.holds = true, c
		return ""
	}
	u.there, u.flying = false, nothing
	if !m.unguarded {
		u.holds = nothing
	}
	m.put(w, c, false)
	if w.put++; w.put > 1 {
		return "the parts were put together twice"
	}
	if len(c.bytes()) != len(body) {
		return fmt.Sprintf("the parts were put together, and are %s", c)
	}
	return ""
}

// landed has a part arrive, or S3 end what it was at, and says what happened and
// what it broke. A part that arrives after the abort may be kept: "it might be
// necessary to abort a given multipart upload multiple times"
// ("AbortMultipartUpload", Amazon S3 API Reference).
func (m *Model) landed(w *World, i int8) (text, broke string) {
	u := &w.uploads[i]
	if c := u.puttingTogether; c != nothing {
		return "S3 has put " + uploadID(i) + " together", m.putTogether(w, i, c)
	}
	c := u.flying
	u.flying = nothing
	if !u.there {
		c = half
	}
	u.there, u.holds = true, c
	return fmt.Sprintf("the part arrives, and %s holds %s", uploadID(i), c), ""
}

// leftOver says which upload in parts is left when all is quiet, or nothing. One
// without a part, of a file that nobody took away, is left to the bucket's
// lifecycle rule: it costs nothing.
func (w *World) leftOver(f file.File) string {
	for i, u := range w.uploads {
		if u.there && (u.holds != nothing || f.Status == file.Expired || f.Status == file.Deleted) {
			return fmt.Sprintf("all is quiet, the file is %s, and upload %s is left over", f.Status, uploadID(int8(i)))
		}
	}
	return ""
}
