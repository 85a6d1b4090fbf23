package api

import (
	"bytes"
	"encoding/json"
	"iter"
	"strconv"
)

// space is what may stand between the parts of a JSON text.
const space = " \t\r\n"

// isObject reports whether a valid JSON text is an object.
func isObject(text []byte) bool {
	text = bytes.TrimLeft(text, space)
	return len(text) > 0 && text[0] == '{'
}

// members are the names and values of an object as they stand in it, twice where one
// is there twice. The object must be valid JSON, in valid UTF-8: this only finds where
// things end.
func members(object []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		rest := bytes.TrimLeft(object, space)[1:]
		for {
			rest = bytes.TrimLeft(rest, space+",")
			if rest[0] == '}' {
				return
			}
			name, behind := cutValue(rest)
			value, behind := cutValue(bytes.TrimLeft(behind, space+":"))
			rest = behind
			if !yield(textOf(name), value) {
				return
			}
		}
	}
}

// cutValue cuts the value that valid JSON begins with.
func cutValue(text []byte) (value, behind []byte) {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case quoted && b == '\\':
			i++ // over what is escaped
		case b == '"':
			quoted = !quoted
			if !quoted && depth == 0 {
				return text[:i+1], text[i+1:]
			}
		case quoted:
		case b == '{' || b == '[':
			depth++
		case (b == '}' || b == ']') && depth > 0:
			if depth--; depth == 0 {
				return text[:i+1], text[i+1:]
			}
		case depth == 0 && (b == ',' || b == '}' || b == ']' || bytes.IndexByte([]byte(space), b) >= 0):
			return text[:i], text[i:] // a number, or a word
		}
	}
	return text, nil
}

// textOf reads a valid JSON string.
func textOf(raw []byte) string {
	if s, plain := plainText(raw); plain {
		return s
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		panic("api: a string of valid JSON is none: " + err.Error())
	}
	return s
}

// plainText reads a valid JSON string that has nothing escaped in it.
func plainText(raw []byte) (s string, plain bool) {
	if raw[0] != '"' || bytes.IndexByte(raw, '\\') >= 0 {
		return "", false
	}
	return string(raw[1 : len(raw)-1]), true
}

// decodeValue reads a valid JSON value into target as encoding/json does, which it
// asks where the value is not the plain text or whole number that it mostly is.
func decodeValue(raw []byte, target any) error {
	switch to := target.(type) {
	case *string:
		if s, plain := plainText(raw); plain {
			*to = s
			return nil
		}
	case **string:
		if s, plain := plainText(raw); plain {
			*to = &s
			return nil
		}
	case **int64:
		if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
			*to = &n
			return nil
		}
	}
	return json.Unmarshal(raw, target)
}
