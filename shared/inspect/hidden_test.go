package inspect_test

import (
	"archive/zip"
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
)

// zipOf returns a zip of one entry.
func zipOf(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if w, err := z.Create("a.txt"); err != nil {
		t.Fatal(err)
	} else if _, err := w.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := z.SetComment("a comment"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAZipBehindSomethingElseIsFound(t *testing.T) {
	for name, b := range map[string][]byte{
		"behind text":         append([]byte("hello, world\n"), zipOf(t)...),
		"behind a long text":  append(bytes.Repeat([]byte("hello, world\n"), 20000), zipOf(t)...),
		"behind a picture":    append(pngOf(t, 2, 2), zipOf(t)...),
		"with a long comment": append([]byte("hello, world\n"), commented(zipOf(t), 65000)...),
	} {
		t.Run(name, func(t *testing.T) {
			if r, codes := document(t, b); !slices.Contains(codes, file.Polyglot) {
				t.Errorf("findings: %v", r.Findings)
			}
		})
	}
}

// commented returns a zip with another comment.
func commented(b []byte, n int) []byte {
	b = bytes.TrimSuffix(b, []byte("a comment"))
	b = append(b[:len(b)-2], byte(n), byte(n>>8))
	return append(b, strings.Repeat("x", n)...)
}

func TestWhatIsNotAZipAtTheEndPasses(t *testing.T) {
	for name, b := range map[string]string{
		"the mark of an end":    "text about zips: PK\x05\x06",
		"zip in the midst":      "text" + string(zipOf(t)) + strings.Repeat("\n", 1024),
		"zip without entries":   "text\n" + "PK\x05\x06" + strings.Repeat("\x00", 18),
		"directory out of line": "text\nPK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00\xff\x00\x00\x00\xff\x00\x00\x00\x00\x00",
		"no directory there":    strings.Repeat("text\n", 100) + "PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00\x10\x00\x00\x00\x05\x00\x00\x00\x00\x00",
	} {
		t.Run(name, func(t *testing.T) {
			if r, codes := document(t, []byte(b)); len(codes) > 0 {
				t.Errorf("findings: %v", r.Findings)
			}
		})
	}
}
