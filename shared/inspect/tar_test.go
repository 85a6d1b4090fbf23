package inspect

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
)

// tarOf makes a tar of entries: a header, and content for those that have some.
func tarOf(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, h := range headers {
		if h.Mode == 0 && h.Typeflag != tar.TypeXGlobalHeader {
			h.Mode = 0o600
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			w.Write([]byte(strings.Repeat("x", int(h.Size))))
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// resummed returns a tar with one header changed, and its checksum made good.
func resummed(b []byte, at int, change func(h []byte)) []byte {
	b = bytes.Clone(b)
	h := b[at:][:tarBlock]
	change(h)
	copy(h[148:], "        ")
	sum := 0
	for _, c := range h {
		sum += int(c)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	return b
}

func TestHonestTarsAreCleanAndCounted(t *testing.T) {
	long := strings.Repeat("d/", 200) + "name"
	for name, b := range map[string][]byte{
		"ustar": tarOf(t, tar.Header{Name: "a", Size: 1000}, tar.Header{Name: "b"}, tar.Header{Name: "d/", Typeflag: tar.TypeDir}),
		"PAX":   tarOf(t, tar.Header{Name: long, Size: 1000}, tar.Header{Name: "é", Size: 512}, tar.Header{Name: "c"}),
		"GNU":   tarOf(t, tar.Header{Name: long, Size: 1000, Format: tar.FormatGNU}, tar.Header{Name: "b"}, tar.Header{Name: "c"}),
		"links": tarOf(t, tar.Header{Name: "d/a", Size: 10},
			tar.Header{Name: "d/l", Typeflag: tar.TypeSymlink, Linkname: "../b"},
			tar.Header{Name: "d/h", Typeflag: tar.TypeLink, Linkname: "d/a"}),
		"record filled up": append(tarOf(t, tar.Header{Name: "a", Size: 1}, tar.Header{Name: "b"}, tar.Header{Name: "c"}), make([]byte, 10240)...),
		"comment of git archive": tarOf(t, tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "1234"}},
			tar.Header{Name: "a", Size: 1}, tar.Header{Name: "b"}, tar.Header{Name: "c"}),
	} {
		t.Run(name, func(t *testing.T) {
			r := inspected(t, b)
			clean(t, r)
			if r.Type != "application/x-tar" || r.Coverage.Entries != 3 || r.Coverage.Depth != 1 {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestTarsOfCommonProgramsAreClean(t *testing.T) {
	dir := t.TempDir()
	os.MkdirAll(filepath.Join(dir, "d", "empty"), 0o700)
	os.WriteFile(filepath.Join(dir, "d", "text é"), []byte(strings.Repeat("text", 5000)), 0o600)
	os.Symlink("text é", filepath.Join(dir, "d", "link"))
	os.Link(filepath.Join(dir, "d", "text é"), filepath.Join(dir, "d", "hard"))
	hole, err := os.Create(filepath.Join(dir, "d", "sparse"))
	if err != nil {
		t.Fatal(err)
	}
	hole.WriteAt([]byte("end"), 1<<20)
	hole.Close()
	for _, arguments := range []string{
		"-cf out d", "-czf out d", "-cjf out d", "-cSf out d", "-cf out --format=v7 --exclude=text* d", "-cf out --format=ustar d",
		"-cf out --format=posix d", "-cSf out --format=posix d", "-cSf out --format=posix --sparse-version=0.1 d", "-cf out --format=oldgnu d",
	} {
		t.Run(arguments, func(t *testing.T) {
			if _, err := exec.LookPath("tar"); err != nil {
				t.Skip(err)
			}
			c := exec.Command("tar", strings.Fields(arguments)...)
			c.Dir = dir
			if out, err := c.CombinedOutput(); err != nil {
				t.Skipf("tar: %v: %s", err, out)
			}
			b, err := os.ReadFile(filepath.Join(dir, "out"))
			if err != nil {
				t.Fatal(err)
			}
			r := inspected(t, b)
			clean(t, r)
			if r.Coverage.Depth != 1 || r.Coverage.Unpacked < 1<<20 {
				t.Errorf("%+v", r.Coverage)
			}
		})
	}
}

func TestTarsThatLeaveAreFound(t *testing.T) {
	link := func(name, target string) tar.Header {
		return tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: target}
	}
	for name, b := range map[string][]byte{
		"up":                   tarOf(t, tar.Header{Name: "../a"}),
		"absolute":             tarOf(t, tar.Header{Name: "/a"}),
		"link, up":             tarOf(t, link("a/l", "../../x")),
		"link, absolute":       tarOf(t, link("l", "/etc")),
		"link by other links":  tarOf(t, link("p", "."), link("p/l", "../q")),
		"through a link":       tarOf(t, link("p", "d"), tar.Header{Name: "./p//x"}),
		"hard link, up":        tarOf(t, tar.Header{Name: "a/h", Typeflag: tar.TypeLink, Linkname: "../x"}),
		"hard link, absolute":  tarOf(t, tar.Header{Name: "h", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"}),
		"hard link via a link": tarOf(t, link("p", "d"), tar.Header{Name: "h", Typeflag: tar.TypeLink, Linkname: "p/x"}),
		"device":               tarOf(t, tar.Header{Name: "a", Typeflag: tar.TypeChar}),
		"block device":         tarOf(t, tar.Header{Name: "a", Typeflag: tar.TypeBlock}),
		"named pipe":           tarOf(t, tar.Header{Name: "a", Typeflag: tar.TypeFifo}),
	} {
		if r := inspected(t, b); !r.has(file.ArchivePath) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestTarsThatReadersReadDifferentlyAreFound(t *testing.T) {
	plain := tarOf(t, tar.Header{Name: "a", Size: 600}, tar.Header{Name: "d/", Typeflag: tar.TypeDir})
	global := func(records map[string]string) tar.Header {
		return tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: records}
	}
	pax := tarOf(t, tar.Header{Name: "é", PAXRecords: map[string]string{"VOUCH.x": "12345678"}})
	record := bytes.Index(pax, []byte("20 VOUCH.x=12345678\n"))
	if record < 0 {
		t.Fatal("no record to change")
	}
	sized := bytes.Clone(pax)
	copy(sized[record:], "10 size=0\n10 mtime=1")
	sized[record+19] = '\n'
	for name, c := range map[string]struct {
		b    []byte
		code file.Reason
	}{
		"folder with content":    {resummed(plain, 3*tarBlock, func(h []byte) { copy(h[124:], "00000001000") }), file.Malformed},
		"link with content":      {resummed(plain, 0, func(h []byte) { h[156] = tar.TypeLink }), file.Malformed},
		"size in a record":       {sized, file.Malformed},
		"global path":            {tarOf(t, global(map[string]string{"path": "x"}), tar.Header{Name: "a"}), file.Malformed},
		"global header later":    {tarOf(t, tar.Header{Name: "a"}, global(map[string]string{"comment": "x"})), file.Malformed},
		"global behind a record": {slices.Concat(pax[:2*tarBlock], tarOf(t, global(map[string]string{"comment": "x"}))), file.Malformed},
		"no end":                 {plain[:4*tarBlock], file.Malformed},
		"half an end":            {plain[:5*tarBlock], file.Malformed},
		"bytes behind the end":   {append(bytes.Clone(plain), 'x'), file.Polyglot},
		"a tar behind the end":   {slices.Concat(plain, plain), file.Polyglot},
		"bad checksum":           {slices.Concat(plain[:3*tarBlock], []byte("X"), plain[3*tarBlock+1:]), file.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			if r := inspected(t, c.b); !r.has(c.code) {
				t.Errorf("%+v", r)
			}
		})
	}
	for n := tarBlock; n < len(plain); n++ {
		if r := inspected(t, plain[:n]); len(r.Findings) == 0 {
			t.Errorf("cut off at %d: %+v", n, r)
		}
	}
}

func TestATarThatBeginsLikeAnotherTypeIsWalked(t *testing.T) {
	for _, name := range []string{"GIF89a", "%PDF-1.7", "\x7fELF", "xxxxftypisom", "<svg>"} {
		b := resummed(tarOf(t, tar.Header{Name: "0123456789012", Size: 3}), 0, func(h []byte) { copy(h, name) })
		if r := inspected(t, b); r.Type != "application/x-tar" || r.Coverage.Entries != 1 {
			t.Errorf("%q: %+v", name, r)
		}
	}
}

func TestASparseBombEndsAtTheLimits(t *testing.T) {
	b := resummed(tarOf(t, tar.Header{Name: "a", Format: tar.FormatGNU}), 0, func(h []byte) {
		h[156] = tar.TypeGNUSparse
		copy(h[386:], "77777777777\x0000000000000\x00") // one fragment of nothing at the end
		copy(h[483:], "77777777777\x00")                // the real size
	})
	r := inspected(t, b)
	if r.Coverage.Complete || !slices.Equal(r.Coverage.Limits, []file.Reason{file.ArchiveRatio}) {
		t.Errorf("%+v", r)
	}
}
