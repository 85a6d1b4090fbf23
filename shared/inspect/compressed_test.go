package inspect

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
)

func gzipOf(t testing.TB, name string, content []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	w.Name = name
	w.Write(content)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// hello is "hello\n" as bzip2 compresses it.
func hello(t testing.TB) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString("QlpoOTFBWSZTWcHAgOIAAAFBAAAQAkSgADDNAMNGKZcXckU4UJDBwIDi")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestGzipsAreLookedInto(t *testing.T) {
	aTar := tarOf(t, tar.Header{Name: "../up", Size: 3})
	for name, c := range map[string]struct {
		b       []byte
		depth   int
		entries int64
		where   string // of the name that leaves
	}{
		"tar.gz":                {gzipOf(t, "x.tar", aTar), 1, 2, "x.tar!/../up"},
		"tar.gz without a name": {gzipOf(t, "", aTar), 1, 2, "../up"},
		"gzip in gzip":          {gzipOf(t, "a.gz", gzipOf(t, "b.tar", aTar)), 2, 3, "a.gz!/b.tar!/../up"},
		"zip in gzip":           {gzipOf(t, "z", zipOf(entry{name: "../up"})), 2, 2, "z!/../up"},
		"tar in tar.gz":         {gzipOf(t, "x", slices.Concat(tarOf(t, tar.Header{Name: "in", Size: int64(len(aTar))})[:tarBlock], aTar, make([]byte, 1024))), 2, 3, "x!/in!/../up"},
		"cut in members":        {slices.Concat(gzipOf(t, "x", aTar[:700]), gzipOf(t, "", nil), gzipOf(t, "", aTar[700:])), 1, 2, "x!/../up"},
		"name that leaves":      {gzipOf(t, "../up", []byte("x")), 1, 1, "../up"},
		"a later name":          {slices.Concat(gzipOf(t, "x", []byte("x")), gzipOf(t, "/etc/x", []byte("x"))), 1, 1, "x"},
	} {
		t.Run(name, func(t *testing.T) {
			r := inspected(t, c.b)
			if !r.Coverage.Complete || r.Coverage.Depth != c.depth || r.Coverage.Entries != c.entries {
				t.Errorf("%+v", r.Coverage)
			}
			if len(r.Findings) != 1 || r.Findings[0].Code != file.ArchivePath || r.Findings[0].Where != c.where {
				t.Errorf("want one at %s, have %+v", c.where, r.Findings)
			}
		})
	}
}

func TestHonestCompressedFilesAreClean(t *testing.T) {
	text := []byte(strings.Repeat("text ", 100))
	for name, b := range map[string][]byte{
		"gzip":             gzipOf(t, "a.txt", text),
		"members":          slices.Concat(gzipOf(t, "", text), gzipOf(t, "", nil), gzipOf(t, "", text)),
		"zeros behind":     append(gzipOf(t, "", text), make([]byte, 100)...),
		"bzip2":            hello(t),
		"streams of bzip2": slices.Concat(hello(t), hello(t)),
	} {
		r := inspected(t, b)
		if clean(t, r); r.Coverage.Unpacked == 0 || r.Coverage.Depth != 1 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestDamagedCompressedFilesAreFound(t *testing.T) {
	gz, bz := gzipOf(t, "a.txt", []byte(strings.Repeat("text ", 100))), hello(t)
	flipped := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		b[at] ^= 1
		return b
	}
	for name, c := range map[string]struct {
		b    []byte
		code file.Reason
	}{
		"gzip, checksum":       {flipped(gz, len(gz)-8), file.Malformed},
		"gzip, length":         {flipped(gz, len(gz)-4), file.Malformed},
		"gzip, bytes behind":   {append(bytes.Clone(gz), "x"...), file.Polyglot},
		"gzip, a zip behind":   {slices.Concat(gz, zipOf(entry{name: "a"})), file.Polyglot},
		"gzip, half a member":  {slices.Concat(gz, gz[:5]), file.Malformed},
		"gzip, magic alone":    {slices.Concat(gz, gz[:2]), file.Malformed},
		"gzip, other method":   {slices.Concat(gz, []byte("\x1f\x8b\x07"), gz[3:]), file.Malformed},
		"bzip2, checksum":      {flipped(bz, 12), file.Malformed},
		"bzip2, bytes behind":  {append(bytes.Clone(bz), "xx"...), file.Polyglot},
		"bzip2, half a stream": {slices.Concat(bz, bz[:20]), file.Malformed},
		"bzip2, a single byte": {append(bytes.Clone(bz), 'B'), file.Malformed},
	} {
		if r := inspected(t, c.b); r.Coverage.Complete || !r.has(c.code) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	for _, whole := range [][]byte{gz, bz} {
		for n := 10; n < len(whole); n++ {
			if r := inspected(t, whole[:n]); r.Coverage.Complete || len(r.Findings) == 0 {
				t.Errorf("%s cut off at %d: %+v", r.Type, n, r)
			}
		}
	}
}

func TestGzipsWithinGzipsEndAtTheDepth(t *testing.T) {
	b := []byte("x")
	for range testLimits.MaxDepth + 1 {
		b = gzipOf(t, "", b)
	}
	if r := inspected(t, b); r.Coverage.Complete || !r.has(file.ArchiveDepth) {
		t.Errorf("%+v", r)
	}
}

func TestAGzipWhoseTimeLooksLikeAFilmIsLookedInto(t *testing.T) {
	for _, time := range []string{"free", "mdat", "moov", "skip"} {
		b := gzipOf(t, "", []byte("x"))
		copy(b[4:], time)
		if r := inspected(t, b); r.Type != "application/gzip" || r.Coverage.Unpacked != 1 {
			t.Errorf("%s: %+v", time, r)
		}
	}
}
