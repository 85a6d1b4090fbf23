package file

import "strings"

// IsRange reports whether contentType is a range of media types such as image/*
// (RFC 9110, 12.5.1), which a form may be asked for with in place of one.
func IsRange(contentType string) bool { return strings.HasSuffix(contentType, "/*") }
