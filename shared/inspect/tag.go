package inspect

import (
	"html"
)

// tag is a tag that is being read, by the rules of HTML (WHATWG, 13.2.5.6 to
// 13.2.5.40), which take all that XML allows.
type tag struct {
	name  []byte
	state tagState
	quote byte
	attr  []byte
	value []byte
	cut   bool
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
			t.name = longer(t.name, c)
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
			t.attr = longer(t.attr, c)
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
		if local(string(t.name)) == "style" { // in HTML a slash does not end it
			m.inStyle = true
		}
		return false
	}
	if t.state != tagAfterAttr {
		t.end(m)
	}
	t.state = tagBetween
	return true
}

// end looks at the attribute that has been read, if any.
func (t *tag) end(m *markup) {
	if len(t.attr) > 0 {
		m.attribute(string(t.name), string(t.attr), html.UnescapeString(string(t.value)), t.cut)
	}
	t.attr, t.value, t.cut = t.attr[:0], t.value[:0], false
}

// longer returns a name with a letter more. Of one that is too long to be any of
// interest, only what follows its prefix is kept.
func longer(name []byte, c byte) []byte {
	switch {
	case len(name) < maxName:
		return append(name, lower(c))
	case c == ':':
		return append(name[:0], c)
	}
	return name
}
