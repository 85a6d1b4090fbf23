package download

import "strings"

// Attachment returns a Content-Disposition that makes a browser save a file
// under filename and never show it in the page (RFC 6266). A name outside of
// plain ASCII comes twice: once in RFC 8187's encoding, once as an ASCII
// likeness for old clients.
func Attachment(filename string) string {
	var likeness strings.Builder
	plain := true
	for _, r := range filename {
		switch {
		case r < 0x20 || r > 0x7e:
			likeness.WriteByte('_')
			plain = false
		case r == '"' || r == '\\' || r == '%':
			// Quotes need no escape if there are none, and some clients decode a
			// percent sign in the plain form (RFC 6266, appendix D).
			likeness.WriteByte('_')
			plain = false
		default:
			likeness.WriteRune(r)
		}
	}
	disposition := `attachment; filename="` + likeness.String() + `"`
	if !plain {
		disposition += "; filename*=UTF-8''" + extValue(filename)
	}
	return disposition
}

// extValue percent-encodes all but the attr-char of RFC 8187, 3.2.1.
func extValue(s string) string {
	const attrChar = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&+-.^_`|~"
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; strings.IndexByte(attrChar, c) >= 0 {
			b.WriteByte(c)
		} else {
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}
