package inspect

import (
	"archive/zip"
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
)

var fuzzLimits = Limits{MaxDepth: 3, MaxEntries: 50, MaxUnpacked: 1 << 20, MaxRatio: 100, MaxPixels: 1 << 20}

// fuzzed inspects what a fuzzer made up, and checks that limits hold.
func fuzzed(t *testing.T, b []byte) Report {
	t.Helper()
	r, err := Stream(bytes.NewReader(b), fuzzLimits)
	if err != nil {
		t.Fatal(err)
	}
	c := r.Coverage
	if c.Bytes != int64(len(b)) || c.Unpacked > fuzzLimits.MaxUnpacked+64<<10 || c.Entries > fuzzLimits.MaxEntries+1 || c.Depth > fuzzLimits.MaxDepth {
		t.Errorf("limits were passed: %+v", c)
	}
	if !c.Complete && len(r.Findings) == 0 {
		t.Errorf("not complete, and nothing says why: %+v", r)
	}
	return r
}

// marker is the beginning of a 7z: an entry that begins so and was looked at
// keeps the report from being complete.
const marker = "7z\xbc\xaf\x27\x1c"

// agrees checks that archive/zip, which goes by the central directory, reads
// just what was looked at, if the report says that all is well.
func agrees(t *testing.T, b []byte) {
	t.Helper()
	r := fuzzed(t, b)
	if !r.Coverage.Complete || len(r.Findings) > 0 || !typeOf(b).isZip() {
		return
	}
	zr, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatalf("clean, and archive/zip does not open it: %v", err)
	}
	var size int64
	for _, f := range zr.File {
		rc, err := f.Open()
		if err != nil {
			t.Fatalf("clean, and archive/zip does not open %q: %v", f.Name, err)
		}
		content, err := io.ReadAll(io.LimitReader(rc, 2*fuzzLimits.MaxUnpacked))
		if err != nil && !(strings.HasSuffix(f.Name, "/") && len(content) == 0) {
			t.Fatalf("clean, and archive/zip does not read %q: %v", f.Name, err)
		}
		if bytes.HasPrefix(content, []byte(marker)) {
			t.Fatalf("clean, and archive/zip reads the marker from %q", f.Name)
		}
		size += int64(len(content))
	}
	if r.Coverage.Depth == 1 && (int64(len(zr.File)) != r.Coverage.Entries || size != r.Coverage.Unpacked) {
		t.Fatalf("archive/zip reads %d entries and %d bytes, looked at were %+v", len(zr.File), size, r.Coverage)
	}
}

func FuzzZip(f *testing.F) {
	text := []byte("some text, some text")
	f.Add(zipOf())
	f.Add(zipOf(entry{name: "a", content: text}, entry{name: "d/"}))
	f.Add(zipOf(entry{name: "a", content: text, method: deflated, descriptor: "32"}, entry{name: "b", content: []byte(marker)}))
	f.Add(zipOf(entry{name: "a", content: text, method: deflated, descriptor: "64 unsigned"}))
	f.Add(makeZip("comment", entry{name: "n.zip", content: zipOf(entry{name: "x", content: []byte(marker)})}).b)
	f.Add(zipOf(entry{name: "l", content: []byte("a/b"), mode: 0o120777}, entry{name: "a", content: text, flags: flagEncrypted}))
	f.Add(zip64Of(nil))
	f.Add(docx(nil))
	f.Fuzz(func(t *testing.T, b []byte) { agrees(t, b) })
}

// FuzzZipRecords puts records together that are each right in themselves, their
// checksums as well, which a fuzzer of bytes hardly ever hits: entries that the
// central directory names twice or never, directories behind directories, gaps.
func FuzzZipRecords(f *testing.F) {
	f.Add([]byte{0, 0, 4, 0, 5, 0})
	f.Add([]byte{0, 0, 1, 0, 4, 0, 4, 1, 5, 0})
	f.Add([]byte{0, 0, 2, 0, 3, 1, 4, 0, 4, 1, 5, 0, 5, 0})
	f.Add([]byte{1, 0, 6, 3, 2, 1, 4, 1, 5, 0, 7, 7, 0, 2, 4, 0, 5, 0})
	f.Fuzz(func(t *testing.T, ops []byte) { agrees(t, recordsOf(ops)) })
}

// recordsOf puts together records as ops say, two bytes for each.
func recordsOf(ops []byte) []byte {
	contents := [][]byte{nil, []byte("some text"), []byte(marker + "seen?"), zipOf(entry{name: "x", content: []byte(marker)})}
	var b []byte
	var locals []entry
	var offsets []int
	directory, count := 0, 0
	for pair := range slices.Chunk(ops[:min(len(ops), 40)&^1], 2) {
		op, arg := pair[0]%8, pair[1]
		switch op {
		case 0, 1, 2, 3: // an entry: by its method, and whether a descriptor follows
			e := entry{name: string('a' + rune(arg>>2&3)), content: contents[arg&3], method: uint16(op&1) * deflated}
			if op&2 != 0 {
				e.descriptor = []string{"32", "64", "32 unsigned", "64 unsigned"}[arg>>4&3]
			}
			one := makeZip("", e)
			locals, offsets = append(locals, e), append(offsets, len(b))
			b = append(b, one.b[:one.directory]...)
			directory, count = len(b), 0
		case 4: // a header of the directory, for one of the entries
			if len(locals) == 0 {
				continue
			}
			which := int(arg&15) % len(locals)
			one := makeZip("", locals[which])
			h := bytes.Clone(one.b[one.directory:one.endsAt])
			le.PutUint32(h[42:], uint32(offsets[(which+int(arg>>6))%len(offsets)]))
			b = append(b, h...)
			count++
		case 5: // the end, behind a comment's length that may reach over more
			end := le.AppendUint32(nil, endSignature)
			end = le.AppendUint32(end, 0)
			end = le.AppendUint16(le.AppendUint16(end, uint16(count)), uint16(count))
			end = le.AppendUint32(le.AppendUint32(end, uint32(len(b)-directory)), uint32(directory))
			b = append(b, le.AppendUint16(end, uint16(arg))...)
		case 6: // bytes that belong to nothing
			b = append(b, contents[arg&3]...)
		case 7: // begin another directory
			directory, count = len(b), 0
		}
	}
	return b
}
