package inspect

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"strings"

	"github.com/vouch-s3/vouch/shared/file"
)

// inspectPDF looks for what acts in a PDF (ISO 32000-1): JavaScript, launched
// programs, embedded files, rich media and XFA forms. An OpenAction alone only
// turns to a page; one that does more has one of these names in it. SubmitForm
// is let pass: it sends what a reader has filled in, at a click, and honest
// forms have it.
//
// Readers find objects by a table of their places at the file's end, which one
// pass does not have. So the whole file is read as PDF syntax, and whatever a
// reader could take otherwise, by beginning elsewhere, is called malformed.
//
// Objects can also lie in object streams, which are unpacked and read. No other
// stream can hold any. Those are left packed: a page or a picture may well
// unpack to a thousand times its size without being a bomb.
func inspectPDF(w *walk, s *stream, at place) {
	if !bytes.HasPrefix(bytes.TrimLeft(s.head(), "\ufeff\x00\t\n\f\r "), []byte("%PDF-")) {
		w.find(file.Polyglot, at, "a PDF begins within other bytes")
	}
	p := &pdf{w: w, s: s, at: at}
	p.lexer = p.newLexer()
	for {
		if _, err := s.Peek(1); err != nil {
			break
		}
		buffered, _ := s.Peek(s.Buffered())
		s.Discard(p.lexer.feedUntilStream(buffered))
		if p.lexer.begins {
			p.lexer.begins = false
			p.stream(p.lexer.dict)
		}
		if w.stopped {
			return
		}
	}
	p.lexer.feed('\n')
	p.ending(s.tail())
}

// pdf is a PDF that is being read.
type pdf struct {
	w      *walk
	s      *stream
	at     place
	lexer  *pdfLexer // of the file itself
	within bool      // an object stream
}

func (p *pdf) newLexer() *pdfLexer {
	return &pdfLexer{
		name:  p.name,
		doubt: func(why string) { p.w.miss(file.Malformed, p.at, why) },
	}
}

// name is told every name that stands where a reader would take it for one.
func (p *pdf) name(name string) {
	switch name {
	case "JS", "XFA", "EF": // names this short are common in another case
		p.w.find(file.PDFActive, p.at, "/"+name)
	case "Encrypt":
		p.w.miss(file.Encrypted, p.at, "/Encrypt")
	}
	if pdfActs(name) {
		p.w.find(file.PDFActive, p.at, "/"+name)
	}
}

func pdfActs(name string) bool {
	switch strings.ToLower(name) {
	case "javascript", "launch", "embeddedfile", "embeddedfiles", "fileattachment", "richmedia":
		return true
	}
	return false
}

// ReadByte reads the file's next byte, for its lexer to see.
func (p *pdf) ReadByte() (byte, error) {
	c, err := p.s.ReadByte()
	if err != nil {
		return 0, err
	}
	p.lexer.feed(c)
	if p.within && p.lexer.begins {
		p.lexer.begins = false
		p.w.miss(file.Malformed, p.at, "a stream within an object stream")
	}
	return c, nil
}

// stream looks into the stream that begins, if it is one of objects.
func (p *pdf) stream(d pdfDict) {
	if !d.objects && !d.hasFirst {
		return
	}
	p.within = true
	defer func() { p.within = false }()
	miss := func(code file.Reason, why string) { p.w.miss(code, p.at, "an object stream "+why) }

	const maxFilters = 4
	if d.odd || !d.hasFirst || d.predictor || d.first < 0 || d.filterKeys > 1 || len(d.filters) > maxFilters {
		miss(file.ArchiveUnsupported, "that is packed in a way that is not undone")
		return
	}
	if p.lexer.last == '\r' {
		if next, err := p.s.Peek(1); err == nil && next[0] == '\n' {
			p.ReadByte()
		}
	}
	p.lexer.wasObjects = true
	var r io.Reader = pdfData{p}
	for _, filter := range d.filters {
		switch filter {
		case "FlateDecode", "Fl":
			z, err := zlib.NewReader(r)
			if err != nil {
				miss(file.Malformed, "that cannot be unpacked")
				return
			}
			r = p.w.unpacked(z, p.at)
		case "ASCIIHexDecode", "AHx":
			r = &asciiHex{r: r}
		case "ASCII85Decode", "A85":
			r = &ascii85{r: r}
		default:
			miss(file.ArchiveUnsupported, "that is packed in a way that is not undone")
			return
		}
	}
	inner := p.newLexer()
	inner.objects, inner.first = true, d.first
	buf := make([]byte, 4<<10)
	for {
		n, err := r.Read(buf)
		for _, c := range buf[:n] {
			inner.feed(c)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, zlib.ErrChecksum) { // readers do not check the sum
			break
		}
		if err != nil {
			if !p.w.stopped {
				miss(file.Malformed, "that cannot be unpacked")
			}
			return
		}
	}
	inner.feed('\n')
	if !inner.indexed || len(inner.offsets) > 0 {
		miss(file.Malformed, "that ends before its objects do")
	}
}

// ending looks at how the file ends.
func (p *pdf) ending(tail []byte) {
	const marker = "%%EOF"
	i := bytes.LastIndex(tail, []byte(marker))
	if i < 0 {
		p.w.find(file.Malformed, p.at, "no "+marker)
		return
	}
	for line := range bytes.FieldsFuncSeq(tail[i+len(marker):], func(r rune) bool { return r == '\r' || r == '\n' }) {
		if line = bytes.Trim(line, "\x00\t\f\x1a "); len(line) > 0 && line[0] != '%' {
			p.w.find(file.Polyglot, p.at, "bytes behind "+marker)
			return
		}
	}
}

// pdfData reads the data of the stream that the file's lexer is in.
type pdfData struct{ p *pdf }

func (d pdfData) ReadByte() (byte, error) {
	if d.p.lexer.state != pdfInStream {
		return 0, io.EOF
	}
	return d.p.ReadByte()
}

func (d pdfData) Read(b []byte) (int, error) {
	for i := range b {
		c, err := d.ReadByte()
		if err != nil {
			return i, err
		}
		b[i] = c
	}
	return len(b), nil
}
