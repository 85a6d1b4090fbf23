package inspect

import (
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/vouch-s3/vouch/shared/file"
)

// inspectText looks into text of no other kind. A program for an interpreter
// says so in its first line. Text that begins with a tag is taken for markup:
// old browsers read it as such whatever it is declared as, and the table of
// types knows the commonest tags only, in UTF-8 only. Markup further on is the
// right of every text about it.
func inspectText(w *walk, s *stream, at place) {
	head := s.head()
	if bytes.HasPrefix(bytes.TrimPrefix(head, []byte(bomUTF8)), []byte("#!")) {
		w.find(file.Executable, at, "the first line names an interpreter")
		return
	}
	text := bytes.ReplaceAll(head, []byte{0}, nil) // as good as UTF-16 for one letter
	for _, bom := range []string{bomUTF8, bomUTF16LE, bomUTF16BE} {
		text = bytes.TrimPrefix(text, []byte(bom))
	}
	if bytes.HasPrefix(bytes.TrimLeft(text, "\t\n\f\r "), []byte("<")) {
		inspectMarkup(w, s, at)
	}
}

// The byte order marks (Unicode 15, 23.8).
const (
	bomUTF8    = "\xef\xbb\xbf"
	bomUTF16LE = "\xff\xfe"
	bomUTF16BE = "\xfe\xff"
)

// decodeText returns a text as UTF-8, by its byte order mark; false for UTF-32,
// which browsers do not read.
func decodeText(s *stream) (io.ByteReader, bool) {
	head := s.head()
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(head, []byte("\x00\x00\xfe\xff")):
		return nil, false
	case bytes.HasPrefix(head, []byte(bomUTF16LE)):
		return &utf16Reader{r: s, order: binary.LittleEndian}, true
	case bytes.HasPrefix(head, []byte(bomUTF16BE)):
		return &utf16Reader{r: s, order: binary.BigEndian}, true
	}
	return s, true
}

// utf16Reader reads UTF-16 as UTF-8.
type utf16Reader struct {
	r     io.Reader
	order binary.ByteOrder
	out   []byte
	unit  rune // that was read ahead, 0 for none
}

func (u *utf16Reader) ReadByte() (byte, error) {
	if len(u.out) == 0 {
		r, err := u.next()
		if err != nil {
			return 0, err
		}
		if utf16.IsSurrogate(r) {
			low, err := u.next()
			if err != nil {
				return 0, err
			}
			pair := utf16.DecodeRune(r, low)
			if pair == utf8.RuneError {
				u.unit = low
			}
			r = pair
		}
		u.out = utf8.AppendRune(u.out[:0], r)
	}
	c := u.out[0]
	u.out = u.out[1:]
	return c, nil
}

func (u *utf16Reader) next() (rune, error) {
	if r := u.unit; r != 0 {
		u.unit = 0
		return r, nil
	}
	var b [2]byte
	_, err := io.ReadFull(u.r, b[:])
	return rune(u.order.Uint16(b[:])), err
}
