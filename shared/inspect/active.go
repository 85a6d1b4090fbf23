package inspect

import (
	"html"
	"regexp"
	"strings"
)

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
		m.acts = m.acts || strings.Contains(attr, "www.w3.org") || strings.ContainsAny(attr, "&%")
		m.act("a document type with attributes")
		return
	}
	if strings.HasPrefix(attr, "xmlns") {
		if cut {
			m.missed = "a namespace that is longer than what is looked at"
		}
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
	const telling = 64 // letters of a URL, which may be as long as it likes behind them
	if cut && (len(plain) < telling || local(attr) == "style" || local(attr) == "values") {
		m.missed = "an attribute that is longer than what is looked at"
	}
	switch local(attr) {
	case "style":
		m.sheet(value)
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
			r = r<<4 | rune(hexDigit(s[digits])) // #nosec G115 -- 0 to 15
			digits++
		}
		if digits > 0 {
			b.WriteRune(r)
			s = s[digits:]
		}
	}
	return withoutSpace(b.String())
}
