package inspect

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// heard is all that a lexer says of bytes.
func heard(feed func(l *pdfLexer)) string {
	var b strings.Builder
	l := &pdfLexer{name: func(s string) { fmt.Fprintf(&b, "/%s ", s) }, doubt: func(why string) { fmt.Fprintf(&b, "(%s) ", why) }}
	feed(l)
	l.feed('\n')
	fmt.Fprintf(&b, "state %d of %d bytes, %+v", l.state, l.n, l.dict)
	return b.String()
}

// byBytes feeds one byte after the other, and byRuns in chunks, both with every
// stream taken for one of no objects.
func byBytes(data []byte) string {
	return heard(func(l *pdfLexer) {
		for _, c := range data {
			l.feed(c)
			l.begins = false
		}
	})
}

func byRuns(data []byte, chunk int) string {
	return heard(func(l *pdfLexer) {
		for len(data) > 0 {
			n := l.feedUntilStream(data[:min(chunk, len(data))])
			data = data[n:]
			l.begins = false
		}
	})
}

func FuzzPDFRuns(f *testing.F) {
	for _, s := range []string{
		"1 0 obj << /S /JavaScript >> stream\n12 0 obj endstream endobj",
		"<< /Length 5 >>\nstream\nab" + strings.Repeat("x", 300) + "endstream\n/S /Launch",
		"(a\\)b) <41> % 1 0 \nobj /" + strings.Repeat("n", 200) + " /S",
	} {
		f.Add([]byte(s), uint8(3))
	}
	f.Fuzz(func(t *testing.T, data []byte, chunk uint8) {
		if want, got := byBytes(data), byRuns(data, int(chunk)+1); got != want {
			t.Errorf("%q in runs is\n%s, and byte by byte\n%s", data, got, want)
		}
	})
}

func TestALongRunEndsAStreamLikeAShortOne(t *testing.T) {
	for n := range 400 {
		data := fmt.Appendf(nil, "1 0 obj << >> stream\n%sendstream /S /Launch", bytes.Repeat([]byte("x"), n))
		if want, got := byBytes(data), byRuns(data, 64); got != want || !strings.Contains(got, "/Launch") {
			t.Fatalf("%d: %s\nand %s", n, got, want)
		}
	}
}
