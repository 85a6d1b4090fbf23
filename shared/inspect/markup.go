package inspect

import (
	"bytes"
	"encoding/binary"
	"html"
	"io"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/vouch-s3/vouch/shared/file"
)

// inspectMarkup looks for script, and for what acts like it, in HTML, SVG, XHTML
// and XML. Other XML than that acts only where it has elements of SVG, XHTML or
// MathML in it, a style sheet of its own, or a document type that declares
// entities.
func inspectMarkup(w *walk, s *stream, at place) {
	k := typeOf(s.head())
	m := &markup{xml: k.is("text/xml") && !k.is("application/xhtml+xml")}
	r, known := decodeText(s)
	if !known {
		w.miss(file.Malformed, at, "a character set that is not read")
		return
	}
	var last [maxRootEnd]byte // what the document ends with, white space aside
	ends := last[:0]
	for {
		c, err := r.ReadByte()
		if err != nil {
			break
		}
		m.feed(c)
		if !markupSpace(c) {
			if len(ends) == maxRootEnd {
				ends = append(ends[:0], ends[maxRootEnd/2:]...)
			}
			ends = append(ends, c)
		}
	}
	m.finish()
	if m.missed != "" {
		w.miss(file.Malformed, at, m.missed)
	}
	if m.found != "" && (!m.xml || m.acts) {
		w.find(file.MarkupScript, at, m.found)
	}
	if k.is("image/svg+xml") && !svgEnd.Match(ends) || k.is("text/xml") && !bytes.HasSuffix(ends, []byte(">")) {
		w.find(file.Malformed, at, "the document does not end")
	}
}

const maxRootEnd = 4 << 10

// svgEnd is how an SVG ends: with its root element, and perhaps comments. The
// root can be an element without content.
var svgEnd = regexp.MustCompile(`(</([\w.-]+:)?svg|/)>(<!--.*)?$`)

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

// markup reads tags from the UTF-8 that it is fed.
//
// What is a tag depends on all that stands before it, and differently so in
// HTML, in XML and in SVG within HTML: where a comment, a title or an attribute
// ends for one, it goes on for the other. So every "<" that a letter follows is
// read as the beginning of a tag, even within another. What stands in a comment
// counts as well.
type markup struct {
	xml    bool   // of no kind that acts by itself,
	acts   bool   // but that has such elements in it
	found  string // what acts, for people
	missed string // why it cannot be told

	tags []*tag
	less bool // the last byte was "<"

	css     []byte
	inStyle bool
}

const (
	maxTags  = 16        // tags within tags
	maxName  = 64        // bytes that are kept of a name
	maxValue = 16 << 10  // bytes that are kept of an attribute: a picture can be one of megabytes
	maxCSS   = 128 << 10 // bytes of a style sheet that are looked at together
)

func markupSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' }

func (m *markup) feed(c byte) {
	if c == 0 {
		return // passed over by some browsers
	}
	if c == 0x1b && m.missed == "" {
		// ISO 2022: what follows can be of another alphabet, in which a quote is none.
		m.missed = "a character set that is not read"
	}
	kept := m.tags[:0]
	for _, t := range m.tags {
		if t.feed(m, c) {
			kept = append(kept, t)
		}
	}
	m.tags = kept
	if m.inStyle {
		m.style(c)
	}
	if m.less && (c|0x20 >= 'a' && c|0x20 <= 'z' || c == '!' || c == '?' || c == '_' || c >= utf8.RuneSelf) {
		if len(m.tags) == maxTags {
			m.missed = "more tags within tags than are read"
		} else {
			m.tags = append(m.tags, &tag{name: []byte{lower(c)}})
		}
	}
	m.less = c == '<'
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

func (m *markup) act(what string) {
	if m.found == "" {
		m.found = what
	}
}

// finish is called after the last byte.
func (m *markup) finish() { m.sheet(string(m.css)) }

// style adds to the style sheet that is being read.
func (m *markup) style(c byte) {
	m.css = append(m.css, c)
	if c == '/' && bytes.HasSuffix(m.css, []byte("</")) {
		m.inStyle = false
	}
	if !m.inStyle || len(m.css) == maxCSS {
		m.sheet(string(m.css))
		kept := 0
		if m.inStyle {
			kept = copy(m.css, m.css[maxCSS-1024:])
		}
		m.css = m.css[:kept]
	}
}

// tag is a tag that is being read, by the rules of HTML (WHATWG, 13.2.5.6 to
// 13.2.5.40), which take all that XML allows.
type tag struct {
	name  []byte
	state tagState
	quote byte
	attr  []byte
	value []byte
	cut   bool
	slash bool // the last byte was a slash between attributes
}

type tagState int

const (
	tagName tagState = iota
	tagBetween
	tagAttr
	tagAfterAttr
	tagBeforeValue
	tagValue
)

// feed reads one byte, and reports whether the tag goes on.
func (t *tag) feed(m *markup, c byte) bool {
	space := markupSpace(c)
	switch t.state {
	case tagName:
		if !space && c != '/' && c != '>' {
			if len(t.name) < maxName {
				t.name = append(t.name, lower(c))
			}
			return true
		}
		if !m.opened(string(t.name)) {
			return false
		}
		t.state = tagBetween
	case tagBetween, tagAfterAttr:
		if t.state == tagAfterAttr && c == '=' {
			t.state = tagBeforeValue
			return true
		}
		if !space && c != '/' && c != '>' {
			t.end(m)
			t.attr, t.state = append(t.attr[:0], lower(c)), tagAttr
			return true
		}
	case tagAttr:
		switch {
		case c == '=':
			t.state = tagBeforeValue
			return true
		case space:
			t.state = tagAfterAttr
			return true
		case c != '/' && c != '>':
			if len(t.attr) < maxName {
				t.attr = append(t.attr, lower(c))
			}
			return true
		}
	case tagBeforeValue:
		switch {
		case space:
			return true
		case c == '"' || c == '\'':
			t.quote, t.state = c, tagValue
			return true
		case c != '>':
			t.quote, t.state = 0, tagValue
			t.value = append(t.value, c)
			return true
		}
	case tagValue:
		if t.quote != 0 && c != t.quote || t.quote == 0 && !space && c != '>' {
			if len(t.value) < maxValue {
				t.value = append(t.value, c)
			} else {
				t.cut = true
			}
			return true
		}
		if t.quote != 0 {
			t.end(m)
			t.state = tagBetween
			return true
		}
	}
	if c == '>' {
		t.end(m)
		if local(string(t.name)) == "style" && !t.slash {
			m.inStyle = true
		}
		return false
	}
	if t.state != tagAfterAttr {
		t.end(m)
	}
	t.state, t.slash = tagBetween, c == '/'
	return true
}

// end looks at the attribute that has been read, if any.
func (t *tag) end(m *markup) {
	if len(t.attr) > 0 {
		m.attribute(string(t.name), string(t.attr), html.UnescapeString(string(t.value)), t.cut)
	}
	t.attr, t.value, t.cut, t.slash = t.attr[:0], t.value[:0], false, false
}

// local returns a name without its prefix.
func local(name string) string { return name[strings.LastIndexByte(name, ':')+1:] }

// opened looks at a tag's name, and reports whether its attributes matter.
func (m *markup) opened(name string) bool {
	switch {
	case strings.HasPrefix(name, "?xml-stylesheet"), strings.HasPrefix(name, "!entity"):
		m.acts = true
		m.act("<" + name + ">")
		return false
	case name == "!doctype", name == "!attlist":
		return true
	case name[0] == '!', name[0] == '?':
		return false
	}
	switch name := local(name); name {
	case "script", "iframe", "frame", "object", "embed", "applet", "base", "foreignobject", "handler", "listener", "portal":
		m.act("<" + name + ">")
	}
	return true
}

// attribute looks at an attribute, and its value in plain text.
func (m *markup) attribute(tag, attr, value string, cut bool) {
	switch tag {
	case "!doctype":
		if strings.Contains(attr, "[") {
			m.act("a document type with declarations")
		}
		return
	case "!attlist": // gives attributes to elements that do not show them
		m.acts = m.acts || strings.HasPrefix(attr, "xmlns")
		m.act("a document type with attributes")
		return
	}
	if strings.HasPrefix(attr, "xmlns") {
		switch strings.TrimSpace(value) {
		case "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml", "http://www.w3.org/1998/Math/MathML":
			m.acts = true
		}
		return
	}
	if handler.MatchString(attr) {
		m.act("the attribute " + attr)
	}
	plain := withoutSpace(value)
	switch local(attr) {
	case "style":
		m.sheet(value)
		if cut {
			m.missed = "a style that is longer than what is looked at"
		}
	case "http-equiv":
		if plain == "refresh" {
			m.act("a page that goes on to another")
		}
	case "attributename":
		if local(plain) == "href" || handler.MatchString(plain) {
			m.act("an animation of " + plain)
		}
	case "srcdoc":
		m.act("the attribute srcdoc")
	case "values":
		for v := range strings.SplitSeq(plain, ";") {
			m.address(tag, v)
		}
	case "href", "src", "action", "formaction", "from", "to", "by", "data", "code", "codebase", "archive",
		"background", "poster", "lowsrc", "dynsrc", "longdesc", "cite", "manifest", "ping":
		m.address(tag, plain)
		if local(tag) == "use" && plain != "" && plain[0] != '#' {
			m.act("<use> of another document")
		}
	}
}

// handler is the name of an attribute that holds script.
var handler = regexp.MustCompile(`^on[a-z]{3,}$`)

// address looks at a URL without its white space, in lower case. A picture may
// be an SVG in itself: browsers run no script in pictures.
func (m *markup) address(tag, url string) {
	for _, scheme := range []string{"javascript:", "vbscript:", "livescript:", "mocha:"} {
		if strings.HasPrefix(url, scheme) {
			m.act("a URL of " + scheme)
		}
	}
	switch local(tag) {
	case "image", "img", "feimage", "input":
		return
	}
	if kind, ok := strings.CutPrefix(url, "data:"); ok {
		kind, _, _ = strings.Cut(kind, ",")
		if strings.Contains(kind, "html") || strings.Contains(kind, "xml") || strings.Contains(kind, "script") {
			m.act("a URL that holds a document")
		}
	}
}

// sheet looks at a style sheet, or a part of one.
func (m *markup) sheet(css string) {
	plain := plainCSS(html.UnescapeString(css))
	for _, p := range []string{"expression(", "javascript:", "vbscript:", "@import", "-moz-binding", "behavior:url("} {
		if strings.Contains(plain, p) {
			m.act("a style with " + p)
		}
	}
}

// withoutSpace returns a value in lower case, without white space and control
// characters, which browsers pass over in a URL's scheme.
func withoutSpace(s string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f || r == 0xa0 || r == '\ufeff' {
			return -1
		}
		return r
	}, s))
}

// plainCSS returns a style sheet without comments, escapes and white space
// (CSS Syntax 3, 4.3.2 and 4.3.7), in lower case.
func plainCSS(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		if strings.HasPrefix(s, "/*") {
			_, s, _ = strings.Cut(s[2:], "*/")
			continue
		}
		if s[0] != '\\' {
			b.WriteByte(s[0])
			s = s[1:]
			continue
		}
		s = s[1:]
		var r rune
		digits := 0
		for digits < 6 && digits < len(s) && hexDigit(s[digits]) >= 0 {
			r = r<<4 | rune(hexDigit(s[digits]))
			digits++
		}
		if digits > 0 {
			b.WriteRune(r)
			s = s[digits:]
		}
	}
	return withoutSpace(b.String())
}
