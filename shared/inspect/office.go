package inspect

import (
	"io"
	"path"
	"strings"

	"github.com/vouch-s3/vouch/shared/file"
)

// officeName looks for macros by the name of an entry of a zip: the project of
// Visual Basic in Office Open XML (MS-OFFMACRO), the libraries of Basic and of
// other languages in OpenDocument.
func (w *walk) officeName(name string, at place) {
	name = strings.TrimPrefix(strings.ToLower(slashed(name)), "/")
	switch {
	case path.Base(name) == "vbaproject.bin":
		w.find(file.OfficeMacros, at, "a project of Visual Basic")
	case strings.HasPrefix(name, "basic/") && path.Base(name) == "script-lb.xml":
		w.find(file.OfficeMacros, at, "a library of Basic")
	case strings.HasPrefix(name, "scripts/python/"), strings.HasPrefix(name, "scripts/beanshell/"),
		strings.HasPrefix(name, "scripts/javascript/"):
		w.find(file.OfficeMacros, at, "a script of OpenDocument")
	}
}

// office returns r, the content of the entry of a zip that is called name, so
// that what goes by is searched for macros and for templates from elsewhere, if
// it is one of the parts of an Office document that tell (ECMA-376, part 2).
func (w *walk) office(name string, r io.Reader, at place) io.Reader {
	name = strings.TrimPrefix(strings.ToLower(slashed(name)), "/")
	switch {
	case name == "[content_types].xml":
		return &markupTags{r: r, patterns: []string{"macroenabled", "vbaproject"}, tag: func(has []bool) {
			if has[0] || has[1] {
				w.find(file.OfficeMacros, at, "a content type of macros")
			}
		}}
	case path.Base(path.Dir(name)) == "_rels" && path.Ext(name) == ".rels":
		return &markupTags{r: r, patterns: remotePatterns, tag: func(has []bool) {
			if (has[0] || has[1]) && (has[2] || has[3] || has[4]) {
				w.find(file.OfficeMacros, at, "a template, object or frame that is loaded from elsewhere")
			}
		}}
	}
	return r
}

// remotePatterns are those of a relationship's mode, then those of its type.
var remotePatterns = []string{
	`"external"`, `'external'`,
	"relationships/attachedtemplate", "relationships/oleobject", "relationships/frame",
}

// markupTags looks at the tags of XML that goes by, in constant memory: it says
// of each which of some patterns, in lower case, it has. The XML may be in UTF-8
// or UTF-16, and have characters written as references. It need not be well-formed.
type markupTags struct {
	r        io.Reader
	patterns []string
	tag      func(has []bool)

	window    []byte // the end of the tag so far
	has       []bool
	reference bool // within a reference to a character
	digits    bool // behind its "#"
	hex       bool
	char      uint32
}

func (m *markupTags) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	for _, c := range p[:n] {
		if c != 0 { // UTF-16 has one beside each ASCII character
			m.next(c)
		}
	}
	if err != nil {
		m.end()
	}
	return n, err
}

// next takes one character.
func (m *markupTags) next(c byte) {
	switch {
	case c == '<':
		m.end()
	case c == '&':
		m.reference, m.digits, m.hex, m.char = true, false, false, 0
	case !m.reference:
		m.see(c)
	case c == ';':
		m.reference = false
		if m.digits && m.char < 0x80 {
			m.see(byte(m.char))
		}
	case c == '#':
		m.digits = true
	case c == 'x':
		m.hex = true
	case !isAlphanumeric(c): // no reference after all
		m.reference = false
		m.see(c)
	case m.digits:
		m.char = min(m.char*m.base()+digit(c), 1<<20) // which stays above ASCII
	}
}

func (m *markupTags) base() uint32 {
	if m.hex {
		return 16
	}
	return 10
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

func digit(c byte) uint32 {
	if '0' <= c && c <= '9' {
		return uint32(c - '0')
	}
	return uint32(c|0x20-'a'+10) % 16
}

// see takes a character of a tag, as it is meant.
func (m *markupTags) see(c byte) {
	const kept = 32 // as long as any pattern, or longer
	if len(m.window) == 2*kept {
		m.window = append(m.window[:0], m.window[kept:]...)
	}
	m.window = appendLower(m.window, []byte{c})
	for i, pattern := range m.patterns {
		if pattern[len(pattern)-1] == m.window[len(m.window)-1] && strings.HasSuffix(string(m.window), pattern) {
			for len(m.has) < len(m.patterns) {
				m.has = append(m.has, false)
			}
			m.has[i] = true
		}
	}
}

// end ends a tag.
func (m *markupTags) end() {
	if len(m.has) > 0 {
		m.tag(m.has)
	}
	m.window, m.has, m.reference = m.window[:0], m.has[:0], false
}
