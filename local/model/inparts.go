package model

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/parts"
	"github.com/vouch-s3/vouch/shared/upload"
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

// content is what an object's bytes are, or what an upload's parts are together.
type content int8

const (
	nothing  content = iota
	promised         // body, in its two parts
	another          // as many bytes, of which the last is another
	short            // one byte too few
	half             // the first part only
)

var contents = [...]struct{ bytes, name string }{
	nothing: {"", "nothing"}, promised: {body, "what was promised"}, another: {"hellO", "other bytes"},
	short: {"hell", "a byte too few"}, half: {"hel", "the first part only"},
}

func (c content) bytes() string  { return contents[c].bytes }
func (c content) String() string { return contents[c].name }

// checksum is the SHA-256 of the bytes in base64, or empty for nothing.
func (c content) checksum() string {
	if c == nothing {
		return ""
	}
	sum := sha256.Sum256([]byte(c.bytes()))
	return file.EncodeChecksum(sum[:])
}

// parts are the parts as S3 lists them.
func (c content) parts() []file.Part {
	var list []file.Part
	for rest := c.bytes(); rest != ""; {
		part := rest[:min(partSize, len(rest))]
		rest = rest[len(part):]
		list = append(list, file.Part{Number: len(list) + 1, Size: int64(len(part)), ETag: "e" + part})
	}
	return list
}

func uploadID(i int8) string { return string([]byte{'u', byte('1' + i)}) }

// uploadOf is the index of the upload with this id, or -1.
func uploadOf(id string) int8 {
	if len(id) != 2 || id[0] != 'u' {
		return -1
	}
	return int8(id[1] - '1')
}

// arrival is start-verification with the event of the version, which tells its size.
func (m *Model) arrival(w *World, version int) stepInput {
	return stepInput{kind: kindArrive, arg: int32(version) + versions*int32(w.objects[version].content)}
}

func arrived(arg int32) (version int8, c content) {
	return int8(arg % versions), content(arg / versions)
}

// sending reports whether a part is on its way to S3.
func (w *World) sending() bool {
	return w.uploads[0].flying != nothing || w.uploads[1].flying != nothing
}

// doParts carries out a call on uploads in parts, as doc "Amazon S3 API Reference"
// has S3 do it.
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

// putTogether makes the object of an upload.
func (m *Model) putTogether(w *World, i int8, c content) string {
	u := &w.uploads[i]
	u.there, u.puttingTogether, u.flying = false, nothing, nothing
	if !m.unguarded {
		u.holds = nothing
		if w.current() >= 0 {
			return "" // somebody wrote the object meanwhile, and S3 refuses
		}
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

// landed has a part arrive, or S3 end what it was at, and says what happened. A
// part that arrives after the abort may be kept: "it might be necessary to abort
// a given multipart upload multiple times" ("AbortMultipartUpload", Amazon S3 API
// Reference).
func (m *Model) landed(w *World, i int8) string {
	u := &w.uploads[i]
	if c := u.puttingTogether; c != nothing {
		m.putTogether(w, i, c)
		return "S3 has put " + uploadID(i) + " together"
	}
	c := u.flying
	u.flying = nothing
	if !u.there {
		c = half
	}
	u.there, u.holds = true, c
	return fmt.Sprintf("the part arrives, and %s holds %s", uploadID(i), c)
}

// partMoves are what the client and S3 do with parts.
func (m *Model) partMoves(w *World, v visit) {
	for i := range int8(uploads) {
		if u := w.uploads[i]; u.flying != nothing || u.puttingTogether != nothing {
			next := w.clone()
			text := m.landed(&next, i)
			v(&next, "", func() string { return text })
		}
		if w.uploads[i].flying != nothing {
			next := w.clone()
			next.uploads[i].flying = nothing
			v(&next, "", words("the part for %s does not arrive", uploadID(i)))
		}
	}
	to := uploadOf(m.files.get(w.record).UploadID)
	if w.left.Parts == 0 || !w.urls || w.uploads[to].flying != nothing {
		return
	}
	for c := promised; c <= half; c++ {
		if w.uploads[to].there && w.uploads[to].holds != c {
			next := w.clone()
			next.left.Parts--
			next.uploads[to].holds = c
			v(&next, "", words("parts are sent, and %s holds %s", uploadID(to), c))
		}
		if w.left.Flights > 0 && w.uploads[to].there {
			next := w.clone()
			next.left.Parts--
			next.left.Flights--
			next.uploads[to].flying = c
			v(&next, "", words("a part is on its way, with which %s holds %s", uploadID(to), c))
		}
	}
}

// unlike says what is wrong with a ready file whose bytes are c.
func (w *World) unlike(c content) string {
	if len(c.bytes()) != len(body) {
		return fmt.Sprintf("the file is ready, and its bytes are %s", c)
	}
	for told := promised; told <= half; told++ {
		if w.taken&(1<<told) != 0 && told != c {
			return fmt.Sprintf("complete took the checksum of %s, and the file is ready with %s", told, c)
		}
	}
	return ""
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

// Create writes the first record: of the one file, whatever its id was to be.
func (o *outside) Create(_ context.Context, f file.File) error {
	f.ID, f.Key, f.PartSize = id, file.Key(owner, id), partSize
	f.UpdatedAt, f.SweepAt = time.Time{}, whenever(f.SweepAt)
	return o.model.err(o.ask(call{op: opCreate, value: o.model.files.id(f)}), "")
}

func (o *outside) BeginUpload(context.Context, string, string) (string, error) {
	a := o.ask(call{op: opBeginUpload})
	if err := o.model.err(a, ""); err != nil {
		return "", err
	}
	return uploadID(a.upload), nil
}

func (o *outside) Begin(_ context.Context, _ string, b file.Begun) (file.File, error) {
	b.At, b.SweepAt = time.Time{}, whenever(b.SweepAt)
	return o.record(o.ask(call{op: opBegin, value: o.model.begins.id(b)}), file.Pending)
}

func (o *outside) Promise(_ context.Context, _ string, p file.Promise) (file.File, error) {
	p.At = time.Time{}
	return o.record(o.ask(call{op: opPromise, value: o.model.promises.id(p)}), file.Pending)
}

// Held has one page.
func (o *outside) Held(_ context.Context, _, uploadID string, after int) ([]file.Part, bool, error) {
	a := o.ask(call{op: opHeld, upload: uploadOf(uploadID)})
	if err := o.model.err(a, ""); err != nil {
		return nil, false, err
	}
	list := a.content.parts()
	return list[min(after, len(list)):], false, nil
}

func (o *outside) Assemble(_ context.Context, a parts.Assembly) error {
	return o.model.err(o.ask(call{op: opAssemble, upload: uploadOf(a.UploadID), value: o.model.puts.id(a)}), "")
}

// AbortUploads is two kinds of calls, as in package s3store: a list, and then one
// abort after the other.
func (o *outside) AbortUploads(context.Context, string) error {
	a := o.ask(call{op: opListUploads})
	if err := o.model.err(a, ""); err != nil {
		return err
	}
	for i := range int8(uploads) {
		if a.there&(1<<i) == 0 {
			continue
		}
		if err := o.model.err(o.ask(call{op: opAbort, upload: i}), ""); err != nil {
			return err
		}
	}
	return nil
}

// PresignPut is for files that are not sent in parts, which no step creates here.
func (o *outside) PresignPut(context.Context, upload.Put) (upload.Instructions, error) {
	return upload.Instructions{}, errBroken
}
