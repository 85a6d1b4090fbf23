package inspect

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"slices"
	"testing"
)

func FuzzTar(f *testing.F) {
	f.Add(tarOf(f, tar.Header{Name: "a", Size: 600}, tar.Header{Name: "d/", Typeflag: tar.TypeDir}))
	f.Add(tarOf(f, tar.Header{Name: "d/é", Size: 1}, tar.Header{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "d/é"}))
	f.Add(tarOf(f, tar.Header{Name: "a", Format: tar.FormatGNU, Size: 1}, tar.Header{Name: "b", Typeflag: tar.TypeLink, Linkname: "a"}))
	f.Add(tarOf(f, tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "x"}}, tar.Header{Name: "a"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		// A fuzzer does not come upon checksums. They are made good where a
		// header may be.
		for at := 0; at+tarBlock <= len(b) && at < 8*tarBlock; at += tarBlock {
			if h := b[at:][:tarBlock]; string(h[257:262]) == "ustar" {
				b = resummed(b, at, func([]byte) {})
			}
		}
		fuzzed(t, b)
	})
}

func FuzzGzip(f *testing.F) {
	f.Add(gzipOf(f, "a.txt", []byte("some text")))
	f.Add(slices.Concat(gzipOf(f, "", []byte("some")), gzipOf(f, "", []byte(" text"))))
	f.Add(gzipOf(f, "x.tar", tarOf(f, tar.Header{Name: "a", Size: 3})))
	f.Add(gzipOf(f, "", zipOf(entry{name: "a"})))
	f.Add(append(gzipOf(f, "", []byte(marker)), 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := fuzzed(t, b)
		if r.Type != "application/gzip" || !r.Coverage.Complete || len(r.Findings) > 0 {
			return
		}
		gz, err := gzip.NewReader(bytes.NewReader(bytes.TrimRight(b, "\x00")))
		if err != nil {
			gz, err = gzip.NewReader(bytes.NewReader(b))
		}
		if err != nil {
			t.Fatalf("clean, and compress/gzip does not open it: %v", err)
		}
		head := make([]byte, len(marker))
		if io.ReadFull(gz, head); string(head) == marker {
			t.Fatal("clean, and compress/gzip reads the marker")
		}
	})
}

func FuzzBzip2(f *testing.F) {
	f.Add(hello(f))
	f.Add(slices.Concat(hello(f), hello(f)))
	f.Fuzz(func(t *testing.T, b []byte) { fuzzed(t, b) })
}

// FuzzMarkupTags checks that what is found does not depend on where reads end.
func FuzzMarkupTags(f *testing.F) {
	f.Add([]byte(`<a x="&#69;xternal" y='relationships/frame'>`), uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, size uint8) {
		tags := func(size int) (all [][]bool) {
			m := &markupTags{r: bytes.NewReader(b), patterns: remotePatterns, tag: func(has []bool) { all = append(all, slices.Clone(has)) }}
			if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, m, make([]byte, size)); err != nil {
				t.Fatal(err)
			}
			return all
		}
		if once, pieces := tags(len(b)+1), tags(int(size)+1); !slices.EqualFunc(once, pieces, slices.Equal) {
			t.Errorf("%v at once, %v in pieces", once, pieces)
		}
	})
}
