package inspect

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/vouch-s3/vouch/shared/file"
)

var testLimits = Limits{MaxDepth: 4, MaxEntries: 1000, MaxUnpacked: 1 << 30, MaxRatio: 100, MaxPixels: 1 << 24}

func inspected(t *testing.T, b []byte) Report {
	t.Helper()
	r, err := Stream(bytes.NewReader(b), testLimits)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r Report) has(code file.Reason) bool {
	return slices.ContainsFunc(r.Findings, func(f file.Finding) bool { return f.Code == code })
}

// clean fails the test unless everything was looked at and nothing was found.
func clean(t *testing.T, r Report) {
	t.Helper()
	if !r.Coverage.Complete || len(r.Findings) > 0 {
		t.Fatalf("want a complete report without findings, have %+v", r)
	}
}

// entry is one entry of a zip that zipOf makes by hand. Every field of its local
// and central header can be changed.
type entry struct {
	name             string
	content          []byte
	method           uint16
	flags            uint16
	extra            []byte
	mode             uint32
	descriptor       string         // "", "32", "64", "32 unsigned", "64 unsigned"
	local            func(h []byte) // changes the 30 bytes
	central          func(h []byte) // changes the 46 bytes
	centralName      string         // if not name
	hidden           bool           // has no central header
	behind           []byte         // follows the entry
	changeDescriptor func(d []byte)
	packedContent    func(b []byte) []byte // changes what is stored
	centralExtra     func(off int) []byte  // the central extra field
}

var le = binary.LittleEndian

type made struct {
	b                   []byte
	directory, endsAt   int
	centralSize, number int
}

func zipOf(entries ...entry) []byte { return makeZip("", entries...).b }

func makeZip(comment string, entries ...entry) made {
	var b, directory []byte
	number := 0
	for _, e := range entries {
		packed := e.content
		if e.method == deflated {
			var buf bytes.Buffer
			w, _ := flate.NewWriter(&buf, 6)
			w.Write(e.content)
			w.Close()
			packed = buf.Bytes()
		}
		if e.packedContent != nil {
			packed = e.packedContent(packed)
		}
		crc, offset := crc32.ChecksumIEEE(e.content), len(b)
		flags := e.flags
		if e.descriptor != "" {
			flags |= flagDescriptor
		}
		h := make([]byte, 30)
		le.PutUint32(h, localSignature)
		le.PutUint16(h[4:], 20)
		le.PutUint16(h[6:], flags)
		le.PutUint16(h[8:], e.method)
		if e.descriptor == "" {
			le.PutUint32(h[14:], crc)
			le.PutUint32(h[18:], uint32(len(packed)))
			le.PutUint32(h[22:], uint32(len(e.content)))
		}
		le.PutUint16(h[26:], uint16(len(e.name)))
		le.PutUint16(h[28:], uint16(len(e.extra)))
		if e.local != nil {
			e.local(h)
		}
		b = append(append(append(append(b, h...), e.name...), e.extra...), packed...)
		descriptor := len(b)
		if e.descriptor != "" {
			if !strings.Contains(e.descriptor, "unsigned") {
				b = le.AppendUint32(b, descriptorSignature)
			}
			b = le.AppendUint32(b, crc)
			if strings.HasPrefix(e.descriptor, "64") {
				b = le.AppendUint64(le.AppendUint64(b, uint64(len(packed))), uint64(len(e.content)))
			} else {
				b = le.AppendUint32(le.AppendUint32(b, uint32(len(packed))), uint32(len(e.content)))
			}
		}
		if e.changeDescriptor != nil {
			e.changeDescriptor(b[descriptor:])
		}
		b = append(b, e.behind...)
		if e.hidden {
			continue
		}
		name := e.name
		if e.centralName != "" {
			name = e.centralName
		}
		var extra []byte
		if e.centralExtra != nil {
			extra = e.centralExtra(offset)
		}
		c := make([]byte, 46)
		le.PutUint32(c, centralSignature)
		le.PutUint16(c[4:], 3<<8|20)
		le.PutUint16(c[6:], 20)
		le.PutUint16(c[8:], flags)
		le.PutUint16(c[10:], e.method)
		le.PutUint32(c[16:], crc)
		le.PutUint32(c[20:], uint32(len(packed)))
		le.PutUint32(c[24:], uint32(len(e.content)))
		le.PutUint16(c[28:], uint16(len(name)))
		le.PutUint16(c[30:], uint16(len(extra)))
		le.PutUint32(c[38:], e.mode<<16)
		le.PutUint32(c[42:], uint32(offset))
		if e.central != nil {
			e.central(c)
		}
		directory = append(append(append(directory, c...), name...), extra...)
		number++
	}
	m := made{directory: len(b), centralSize: len(directory), number: number}
	b = append(b, directory...)
	m.endsAt = len(b)
	end := make([]byte, 22)
	le.PutUint32(end, endSignature)
	le.PutUint16(end[8:], uint16(number))
	le.PutUint16(end[10:], uint16(number))
	le.PutUint32(end[12:], uint32(len(directory)))
	le.PutUint32(end[16:], uint32(m.directory))
	le.PutUint16(end[20:], uint16(len(comment)))
	m.b = append(append(b, end...), comment...)
	return m
}

func TestHonestZipsAreCleanAndCounted(t *testing.T) {
	text := []byte(strings.Repeat("some text, ", 50))
	for name, c := range map[string]struct {
		zip     []byte
		entries int64
	}{
		"empty":    {zipOf(), 0},
		"stored":   {zipOf(entry{name: "a", content: text}), 1},
		"deflated": {zipOf(entry{name: "a", content: text, method: deflated}), 1},
		"folders and empty entries": {zipOf(
			entry{name: "d/"}, entry{name: "d/e"}, entry{name: "d/f", content: text, method: deflated},
			entry{name: "d/g", method: deflated}), 4},
		"comment":                       {makeZip("a comment", entry{name: "a", content: text}).b, 1},
		"descriptor of 32 bits":         {zipOf(entry{name: "a", content: text, method: deflated, descriptor: "32"}, entry{name: "b"}), 2},
		"descriptor of 64 bits":         {zipOf(entry{name: "a", content: text, method: deflated, descriptor: "64"}, entry{name: "b"}), 2},
		"descriptor without signature":  {zipOf(entry{name: "a", content: text, method: deflated, descriptor: "32 unsigned"}), 1},
		"descriptor of 64 bits without": {zipOf(entry{name: "a", content: text, method: deflated, descriptor: "64 unsigned"}), 1},
		"descriptor of an empty entry":  {zipOf(entry{name: "d/", descriptor: "32"}, entry{name: "a", descriptor: "64"}, entry{name: "b", method: deflated, descriptor: "64"}), 3},
		"a link within":                 {zipOf(entry{name: "d/l", content: []byte("../a"), mode: 0o120777}, entry{name: "a"}), 2},
		"padding of the extra field":    {zipOf(entry{name: "a", content: text, extra: make([]byte, 7)}), 1},
		"descriptor and known lengths": {zipOf(entry{name: "a", content: text, descriptor: "32", local: func(h []byte) {
			le.PutUint32(h[18:], uint32(len(text)))
			le.PutUint32(h[22:], uint32(len(text)))
		}}), 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := inspected(t, c.zip)
			clean(t, r)
			if r.Coverage.Entries != c.entries || r.Coverage.Depth != 1 {
				t.Errorf("want %d entries at depth 1, have %+v", c.entries, r.Coverage)
			}
			if zr, err := zip.NewReader(bytes.NewReader(c.zip), int64(len(c.zip))); err != nil || len(zr.File) != int(c.entries) {
				t.Errorf("archive/zip reads it otherwise: %v", err)
			}
		})
	}
}

func TestZipsOfArchiveZipAreClean(t *testing.T) {
	for name, seekable := range map[string]bool{"known lengths": true, "streamed": false} {
		t.Run(name, func(t *testing.T) {
			var buf bytes.Buffer
			w := zip.NewWriter(&buf)
			w.SetComment("made by a test")
			for i, method := range []uint16{zip.Store, zip.Deflate, zip.Deflate} {
				content := []byte(strings.Repeat("content ", i*1000))
				h := &zip.FileHeader{Name: fmt.Sprintf("d/%d-é.txt", i), Method: method}
				if seekable || method == zip.Store { // a streamed stored entry has no end
					h.CRC32, h.CompressedSize64, h.UncompressedSize64 = crc32.ChecksumIEEE(content), uint64(len(content)), uint64(len(content))
					h.Method = zip.Store
					f, err := w.CreateRaw(h)
					if err != nil {
						t.Fatal(err)
					}
					f.Write(content)
					continue
				}
				f, err := w.CreateHeader(h)
				if err != nil {
					t.Fatal(err)
				}
				f.Write(content)
			}
			w.Create("folder/")
			w.Close()
			clean(t, inspected(t, buf.Bytes()))
		})
	}
}

func TestZipsOfCommonProgramsAreClean(t *testing.T) {
	dir := t.TempDir()
	os.MkdirAll(filepath.Join(dir, "d", "empty"), 0o700)
	os.WriteFile(filepath.Join(dir, "d", "text é.txt"), []byte(strings.Repeat("some text, ", 5000)), 0o600)
	os.WriteFile(filepath.Join(dir, "d", "none"), nil, 0o600)
	os.WriteFile(filepath.Join(dir, "d", "short"), []byte("x"), 0o600)
	os.Symlink("short", filepath.Join(dir, "d", "link"))
	const python = `
import sys, zipfile
class Pipe:
    def __init__(self, f): self.f = f
    def write(self, b): return self.f.write(b)
    def flush(self): self.f.flush()
how = sys.argv[1]
out = Pipe(sys.stdout.buffer) if "pipe" in how else "out.zip"
with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if "deflated" in how else zipfile.ZIP_STORED) as z:
    for n in ("d/text é.txt", "d/none", "d/short", "d/empty"): z.write(n)
    if "zip64" in how:
        with z.open("big", "w", force_zip64=True) as f: f.write(b"big " * 1000)
if "pipe" in how: sys.stdout.flush()
`
	for _, command := range [][]string{
		{"zip", "-qr", "out.zip", "d"},
		{"zip", "-qry", "out.zip", "d"},
		{"zip", "-qr0", "out.zip", "d"},
		{"zip", "-qrfd", "out.zip", "d"},
		{"zip", "-qrfz", "out.zip", "d"},
		{"zip", "-qr", "-", "d"},
		{"zip", "-q", "-", "-"},
		{"python3", "-c", python, "deflated"},
		{"python3", "-c", python, "deflated zip64"},
		{"python3", "-c", python, "deflated zip64 pipe"},
		{"python3", "-c", python, "stored"},
	} {
		name := command[0] + " " + strings.Join(command[len(command)-3:], " ")
		if command[0] == "python3" {
			name = "python3 " + command[len(command)-1]
		}
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(command[0]); err != nil {
				t.Skip(err)
			}
			os.Remove(filepath.Join(dir, "out.zip"))
			c := exec.Command(command[0], command[1:]...)
			c.Dir, c.Stdin = dir, strings.NewReader(strings.Repeat("piped ", 1000))
			b, err := c.Output()
			if err != nil {
				t.Fatal(err)
			}
			if len(b) == 0 {
				if b, err = os.ReadFile(filepath.Join(dir, "out.zip")); err != nil {
					t.Fatal(err)
				}
			}
			clean(t, inspected(t, b))
		})
	}
}

func TestNestedZipsAreWalkedToTheirDepth(t *testing.T) {
	inner := zipOf(entry{name: "in.txt", content: []byte("innermost")})
	for depth := 2; depth <= 6; depth++ {
		inner = zipOf(entry{name: "n.zip", content: inner, method: deflated})
		r := inspected(t, inner)
		if depth <= testLimits.MaxDepth {
			clean(t, r)
			if r.Coverage.Depth != depth || r.Coverage.Entries != int64(depth) {
				t.Errorf("want depth and entries %d, have %+v", depth, r.Coverage)
			}
			continue
		}
		if r.Coverage.Complete || !r.has(file.ArchiveDepth) || !slices.Equal(r.Coverage.Limits, []file.Reason{file.ArchiveDepth}) {
			t.Errorf("depth %d: %+v", depth, r)
		}
	}
}

func TestWhatReadersReadDifferentlyIsFound(t *testing.T) {
	text := []byte(strings.Repeat("some text, ", 50))
	plain := entry{name: "a", content: text, method: deflated}
	with := func(change func(*entry)) entry {
		e := plain
		change(&e)
		return e
	}
	at := func(place int) func([]byte) { return func(h []byte) { h[place] ^= 1 } }
	central := func(place int) []byte {
		return zipOf(with(func(e *entry) { e.central = at(place) }), entry{name: "b"})
	}
	local := func(place int) []byte {
		return zipOf(with(func(e *entry) { e.local = at(place) }), entry{name: "b"})
	}
	good := makeZip("", plain, entry{name: "b", content: text})
	changed := func(place int) []byte {
		b := bytes.Clone(good.b)
		b[good.endsAt+place] ^= 1
		return b
	}
	inserted := func(place int, what string) []byte {
		return slices.Concat(good.b[:place], []byte(what), good.b[place:])
	}
	for name, b := range map[string][]byte{
		"central flags":                  central(8),
		"central method":                 central(10),
		"central checksum":               central(16),
		"central packed length":          central(20),
		"central length":                 central(24),
		"central disk":                   central(34),
		"central offset":                 central(42),
		"central name":                   zipOf(with(func(e *entry) { e.centralName = "b" })),
		"local flags":                    local(6),
		"local method":                   local(8),
		"local checksum":                 local(14),
		"local packed length":            local(18),
		"local length":                   local(22),
		"hidden entry":                   zipOf(plain, entry{name: "h", content: text, hidden: true}, entry{name: "b"}),
		"hidden first entry":             zipOf(entry{name: "h", content: text, hidden: true}, plain),
		"hidden last entry":              zipOf(plain, entry{name: "h", content: text, hidden: true}),
		"gap between entries":            zipOf(with(func(e *entry) { e.behind = []byte("gap") }), entry{name: "b"}),
		"zeros between entries":          zipOf(with(func(e *entry) { e.behind = make([]byte, 4) }), entry{name: "b"}),
		"gap in compressed data":         zipOf(with(func(e *entry) { e.packedContent = func(b []byte) []byte { return append(b, "gap"...) } })),
		"compressed data cut off":        zipOf(with(func(e *entry) { e.packedContent = func(b []byte) []byte { return b[:len(b)-1] } })),
		"gap before directory":           inserted(good.directory, "gap"),
		"gap in directory":               inserted(good.endsAt, "gap"),
		"trailing byte":                  append(bytes.Clone(good.b), 0),
		"trailing zip":                   slices.Concat(good.b, good.b),
		"zip in zip's comment":           makeZip(string(good.b), plain).b,
		"two directories":                slices.Concat(good.b[:good.endsAt], good.b[good.directory:]),
		"end: disk":                      changed(4),
		"end: directory's disk":          changed(6),
		"end: entries here":              changed(8),
		"end: entries":                   changed(10),
		"end: directory's length":        changed(12),
		"end: directory's offset":        changed(16),
		"end: comment's length":          changed(20),
		"same name twice":                zipOf(plain, plain),
		"folder with content":            zipOf(entry{name: "a/", content: text}),
		"split archive":                  slices.Concat([]byte("PK\x07\x08"), good.b),
		"descriptor of others":           zipOf(entry{name: "a", content: text, method: deflated, descriptor: "32", behind: []byte("1234")}),
		"stored, no descriptor fits":     zipOf(entry{name: "a", content: text, descriptor: "32", changeDescriptor: func(d []byte) { d[4]++ }}),
		"descriptor, other lengths":      zipOf(entry{name: "a", method: deflated, content: text, descriptor: "32", changeDescriptor: func(d []byte) { d[8]++ }}),
		"descriptor, other length":       zipOf(entry{name: "a", method: deflated, content: text, descriptor: "32", changeDescriptor: func(d []byte) { d[12]++ }}),
		"descriptor, other sum":          zipOf(entry{name: "a", method: deflated, content: text, descriptor: "32", changeDescriptor: func(d []byte) { d[4]++ }}),
		"named twice":                    withDirectory(plain, plain, 0),
		"named, but not there":           withDirectory(plain, entry{name: "b"}, 0),
		"named, within another":          withDirectory(plain, entry{name: "b"}, 40),
		"two fields of Zip64":            zipOf(entry{name: "a", content: text, local: saturated, extra: slices.Concat(zip64Lengths(len(text)), zip64Lengths(0))}),
		"field of Zip64, not called for": zipOf(entry{name: "a", content: text, extra: zip64Lengths(0)}),
		"extra field cut off":            zipOf(entry{name: "a", content: text, extra: []byte{1, 2, 9, 0, 1}}),
		"descriptor in one header only": zipOf(with(func(e *entry) {
			e.descriptor = "32"
			e.central = func(h []byte) { h[8] &^= 8 }
		})),
	} {
		t.Run(name, func(t *testing.T) {
			r := inspected(t, b)
			if !r.has(file.Malformed) && !r.has(file.Polyglot) {
				t.Errorf("nothing found: %+v", r)
			}
		})
	}
	clean(t, inspected(t, good.b))
	clean(t, inspected(t, zipOf(entry{name: "a", content: text, local: saturated, extra: zip64Lengths(len(text))})))
}

// withDirectory makes a zip of one entry whose central directory also names
// another, at an offset.
func withDirectory(one, other entry, offset int) []byte {
	m, o := makeZip("", one), makeZip("", other)
	h := o.b[o.directory:o.endsAt]
	le.PutUint32(h[42:], uint32(offset))
	end := m.b[m.endsAt:]
	le.PutUint16(end[8:], 2)
	le.PutUint16(end[10:], 2)
	le.PutUint32(end[12:], uint32(m.centralSize+len(h)))
	return slices.Concat(m.b[:m.endsAt], h, end)
}

func zip64Lengths(n int) []byte {
	return le.AppendUint64(le.AppendUint64([]byte{1, 0, 16, 0}, uint64(n)), uint64(n))
}

func saturated(h []byte) {
	le.PutUint32(h[18:], 0xffffffff)
	le.PutUint32(h[22:], 0xffffffff)
}

func TestWhatIsNotLookedAtIsMissed(t *testing.T) {
	text := []byte("some text")
	for name, c := range map[string]struct {
		zip  []byte
		code file.Reason
	}{
		"encrypted":          {zipOf(entry{name: "a", content: text, flags: flagEncrypted}, entry{name: "b"}), file.Encrypted},
		"strongly encrypted": {zipOf(entry{name: "a", content: text, flags: flagEncrypted | flagStrong}, entry{name: "b"}), file.Encrypted},
		"masked":             {zipOf(entry{name: "a", content: text, flags: flagMasked}, entry{name: "b"}), file.Encrypted},
		"AES":                {zipOf(entry{name: "a", content: text, method: aes}, entry{name: "b"}), file.Encrypted},
		"encrypted, with descriptor": {zipOf(entry{name: "a", content: text, flags: flagEncrypted, descriptor: "32", local: func(h []byte) {
			le.PutUint32(h[18:], uint32(len(text)))
			le.PutUint32(h[22:], uint32(len(text)))
		}}, entry{name: "b"}), file.Encrypted},
		"bzip2": {zipOf(entry{name: "a", content: text, method: 12}, entry{name: "b"}), file.ArchiveUnsupported},
		"LZMA":  {zipOf(entry{name: "a", content: text, method: 14}, entry{name: "b"}), file.ArchiveUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			r := inspected(t, c.zip)
			if r.Coverage.Complete || len(r.Findings) != 1 || r.Findings[0].Code != c.code || r.Findings[0].Where != "a" {
				t.Errorf("want only %s at a, have %+v", c.code, r)
			}
			if r.Coverage.Entries != 2 {
				t.Errorf("the entry behind it was not looked at: %+v", r.Coverage)
			}
		})
	}
	r := inspected(t, zipOf(entry{name: "a", content: text, flags: flagEncrypted, descriptor: "32"}, entry{name: "b"}))
	if r.Coverage.Complete || !r.has(file.Encrypted) {
		t.Errorf("encrypted, its end unknown: %+v", r)
	}
}

func TestNoZipIsCleanWhenCutOff(t *testing.T) {
	whole := makeZip("comment",
		entry{name: "a", content: []byte(strings.Repeat("some text, ", 20)), method: deflated, descriptor: "32"},
		entry{name: "d/"},
		entry{name: "n.zip", content: zipOf(entry{name: "x", content: []byte("x")})},
	).b
	clean(t, inspected(t, whole))
	for n := 4; n < len(whole); n++ {
		if r := inspected(t, whole[:n]); r.Coverage.Complete || len(r.Findings) == 0 {
			t.Errorf("cut off at %d of %d: %+v", n, len(whole), r)
		}
	}
}

func TestNoByteOfAZipsRecordsChangesUnseen(t *testing.T) {
	whole := makeZip("", entry{name: "a", content: []byte("some text"), method: deflated, descriptor: "32"}, entry{name: "b", content: []byte("more")})
	// What may differ: versions, times, attributes, and the bits of flags that
	// tell how hard deflate tried.
	for i := range whole.b {
		b := bytes.Clone(whole.b)
		b[i] ^= 0xff
		r := inspected(t, b)
		if r.Coverage.Complete && len(r.Findings) == 0 && r.Type == "application/zip" {
			zr, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatalf("byte %d: clean, and archive/zip fails: %v", i, err)
			}
			var all []byte
			for _, f := range zr.File {
				rc, err := f.Open()
				if err != nil {
					t.Fatalf("byte %d: %v", i, err)
				}
				content, err := io.ReadAll(rc)
				if err != nil {
					t.Fatalf("byte %d: %v", i, err)
				}
				all = append(append(all, f.Name...), content...)
			}
			if string(all) != "asome textbmore" {
				t.Errorf("byte %d: clean, and archive/zip reads %q", i, all)
			}
		}
	}
}

// zip64Of makes a zip of one entry whose lengths and offsets are all in fields
// of Zip64.
func zip64Of(change func(local, central, end, locator []byte)) []byte {
	text := []byte("some text")
	n := uint64(len(text))
	local := le.AppendUint64(le.AppendUint64([]byte{1, 0, 16, 0}, n), n)
	central := le.AppendUint64(le.AppendUint64(le.AppendUint64([]byte{1, 0, 24, 0}, n), n), 0)
	end := le.AppendUint64(le.AppendUint32(nil, zip64EndSignature), 44)
	end = append(end, 45, 3, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	locator := le.AppendUint32(le.AppendUint32(nil, locatorSignature), 0)
	saturate := func(at ...int) func([]byte) {
		return func(h []byte) {
			for _, i := range at {
				le.PutUint32(h[i:], 0xffffffff)
			}
		}
	}
	e := entry{
		name: "a", content: text, extra: local, local: saturate(18, 22),
		central: saturate(20, 24, 42), centralExtra: func(int) []byte { return central },
	}
	m := makeZip("", e)
	end = le.AppendUint64(le.AppendUint64(end, 1), 1)
	end = le.AppendUint64(le.AppendUint64(end, uint64(m.centralSize)), uint64(m.directory))
	locator = le.AppendUint32(le.AppendUint64(locator, uint64(m.endsAt)), 1)
	if change != nil {
		change(local, central, end, locator)
		m = makeZip("", e)
	}
	last := bytes.Clone(m.b[m.endsAt:])
	saturate(8, 12, 16)(last)
	return slices.Concat(m.b[:m.endsAt], end, locator, last)
}

func TestZip64(t *testing.T) {
	clean(t, inspected(t, zip64Of(nil)))
	if zr, err := zip.NewReader(bytes.NewReader(zip64Of(nil)), int64(len(zip64Of(nil)))); err != nil || zr.File[0].UncompressedSize64 != 9 {
		t.Fatalf("archive/zip reads it otherwise: %v", err)
	}
	for name, change := range map[string]func(local, central, end, locator []byte){
		"local length":          func(l, _, _, _ []byte) { l[4]++ },
		"local packed length":   func(l, _, _, _ []byte) { l[12]++ },
		"local length, huge":    func(l, _, _, _ []byte) { l[11] = 0xff },
		"local packed, huge":    func(l, _, _, _ []byte) { l[19] = 0xff },
		"local field too short": func(l, _, _, _ []byte) { l[0] = 2 },
		"central length":        func(_, c, _, _ []byte) { c[4]++ },
		"central packed":        func(_, c, _, _ []byte) { c[12]++ },
		"central offset":        func(_, c, _, _ []byte) { c[20]++ },
		"central without":       func(_, c, _, _ []byte) { c[0] = 2 },
		"end: its length":       func(_, _, e, _ []byte) { e[4]++ },
		"end: disk":             func(_, _, e, _ []byte) { e[16]++ },
		"end: entries here":     func(_, _, e, _ []byte) { e[24]++ },
		"end: entries":          func(_, _, e, _ []byte) { e[32]++ },
		"end: length":           func(_, _, e, _ []byte) { e[40]++ },
		"end: offset":           func(_, _, e, _ []byte) { e[48]++ },
		"locator: signature":    func(_, _, _, l []byte) { l[0]++ },
		"locator: disk":         func(_, _, _, l []byte) { l[4]++ },
		"locator: offset":       func(_, _, _, l []byte) { l[8]++ },
		"locator: disks":        func(_, _, _, l []byte) { l[16]++ },
	} {
		if r := inspected(t, zip64Of(change)); !r.has(file.Malformed) {
			t.Errorf("%s: nothing found: %+v", name, r)
		}
	}
}

func TestAZipBombEndsAtTheRatio(t *testing.T) {
	r, w := io.Pipe()
	go func() {
		z := zip.NewWriter(w)
		z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
		f, _ := z.Create("zeros")
		chunk := make([]byte, 1<<20)
		for range 600 {
			f.Write(chunk)
		}
		z.Close()
		w.Close()
	}()
	report, err := Stream(r, testLimits)
	if err != nil {
		t.Fatal(err)
	}
	if report.Coverage.Complete || !slices.Equal(report.Coverage.Limits, []file.Reason{file.ArchiveRatio}) || !report.has(file.ArchiveRatio) {
		t.Errorf("want the ratio's limit, have %+v", report)
	}
	if len(report.Findings) != 1 {
		t.Errorf("what is wrong of ending there was found as well: %+v", report.Findings)
	}
	if report.Coverage.Unpacked > RatioFrom+64<<10 {
		t.Errorf("unpacked %d bytes, want little more than %d", report.Coverage.Unpacked, RatioFrom)
	}
}

func TestNestedBombsEndAtTheSizeAndTheEntries(t *testing.T) {
	level := zipOf(entry{name: "zeros", content: make([]byte, 1<<20), method: deflated})
	for range 3 {
		var entries []entry
		for i := range 16 {
			entries = append(entries, entry{name: fmt.Sprint(i, ".zip"), content: level, method: deflated})
		}
		level = zipOf(entries...)
	}
	for code, l := range map[file.Reason]Limits{
		file.ArchiveSize:    {MaxDepth: 9, MaxEntries: 1 << 20, MaxUnpacked: 20 << 20, MaxRatio: 1 << 20},
		file.ArchiveRatio:   {MaxDepth: 9, MaxEntries: 1 << 20, MaxUnpacked: 1 << 40, MaxRatio: 100},
		file.ArchiveEntries: {MaxDepth: 9, MaxEntries: 20, MaxUnpacked: 1 << 40, MaxRatio: 1 << 20},
		file.ArchiveDepth:   {MaxDepth: 2, MaxEntries: 1 << 20, MaxUnpacked: 1 << 40, MaxRatio: 1 << 20},
	} {
		r, err := Stream(bytes.NewReader(level), l)
		if err != nil {
			t.Fatal(err)
		}
		if r.Coverage.Complete || !slices.Equal(r.Coverage.Limits, []file.Reason{code}) || len(r.Findings) != 1 {
			t.Errorf("want the limit %s alone, have %+v", code, r)
		}
		if r.Coverage.Unpacked > max(l.MaxUnpacked, 0)+64<<10 {
			t.Errorf("%s: unpacked %d", code, r.Coverage.Unpacked)
		}
	}
}

func TestALimitHitBetweenRecordsIsAllThatIsFound(t *testing.T) {
	var entries []entry
	for i := range 900 {
		entries = append(entries, entry{name: fmt.Sprint("a rather long name of an entry, number ", i)})
	}
	b := zipOf(entry{name: "n.zip", content: zipOf(entries...), method: deflated})
	for unpacked := int64(1000); unpacked < 100_000; unpacked += 777 {
		r, err := Stream(bytes.NewReader(b), Limits{MaxDepth: 3, MaxEntries: 1000, MaxUnpacked: unpacked, MaxRatio: 100})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Findings) != 1 || r.Findings[0].Code != file.ArchiveSize {
			t.Errorf("%+v", r)
		}
	}
}

func TestAnErrorOfReadingIsNoFinding(t *testing.T) {
	b := zipOf(entry{name: "a", content: []byte("some text"), method: deflated}, entry{name: "b"})
	for n := range len(b) {
		broken := io.MultiReader(bytes.NewReader(b[:n]), iotest.ErrReader(io.ErrClosedPipe))
		if _, err := Stream(broken, testLimits); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("broken at %d: %v", n, err)
		}
	}
}

func TestEntriesThatLeaveAreFound(t *testing.T) {
	link := func(name, target string) entry {
		return entry{name: name, content: []byte(target), mode: 0o120777}
	}
	unicode := append([]byte{0x75, 0x70, 10, 0, 1, 0, 0, 0, 0}, "../up"...)
	for name, b := range map[string][]byte{
		"up":                  zipOf(entry{name: "../a"}),
		"up behind down":      zipOf(entry{name: "a/../../b"}),
		"absolute":            zipOf(entry{name: "/etc/passwd"}),
		"drive":               zipOf(entry{name: `C:\a`}),
		"backslashes":         zipOf(entry{name: `..\a`}),
		"unicode name":        zipOf(entry{name: "a", extra: unicode}),
		"link, absolute":      zipOf(link("l", "/etc/passwd")),
		"link, up":            zipOf(link("d/l", "../../x")),
		"link, deflated":      zipOf(entry{name: "l", content: []byte("../x"), mode: 0o120777, method: deflated}),
		"link, far too long":  zipOf(link("l", strings.Repeat("x/", 1000))),
		"link by other links": zipOf(link("p", "."), link("p/l", "../q")),
		"link up behind down": zipOf(link("d/l", "e/../../a")),
		"through a link":      zipOf(link("p", "d"), entry{name: "P/x"}),
	} {
		if r := inspected(t, b); !r.has(file.ArchivePath) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestMemoryDoesNotGrowWithAZip(t *testing.T) {
	r, w := io.Pipe()
	go func() {
		z := zip.NewWriter(w)
		f, _ := z.CreateHeader(&zip.FileHeader{Name: "noise", Method: zip.Deflate})
		chunk := make([]byte, 1<<20)
		for i := range chunk {
			chunk[i] = byte(i * i >> 7)
		}
		for range 64 {
			f.Write(chunk)
		}
		z.Close()
		w.Close()
	}()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	report, err := Stream(r, Limits{MaxDepth: 2, MaxEntries: 10, MaxUnpacked: 1 << 40, MaxRatio: 1 << 30})
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	clean(t, report)
	// All that was ever allocated, by the writer of the zip as well.
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
		t.Errorf("%d bytes were allocated for a stream of %d", grown, report.Coverage.Unpacked)
	}
}
