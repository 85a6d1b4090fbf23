package inspect

import (
	"bytes"
	"regexp"
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
