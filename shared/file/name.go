package file

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxFilenameBytes is the longest filename accepted, in bytes of UTF-8: what
// ext4, APFS, NTFS and ZFS all can store.
const MaxFilenameBytes = 255

const acceptedFilename = "1 to 255 bytes of UTF-8: one file's name, without folders, control characters, " +
	"characters that reorder text, or spaces and dots at its ends"

// CheckFilename says whether name can be kept as a file's name and later be
// handed to any browser and file system without surprise. The *Error it
// returns names the fault. A name is never repaired: what comes back is what
// was sent.
func CheckFilename(name string) error {
	if fault := filenameFault(name); fault != "" {
		return &Error{Code: CodeInvalidFilename, Field: "filename", Detail: fault, Accepted: acceptedFilename}
	}
	return nil
}

func filenameFault(name string) string {
	switch {
	case name == "":
		return "The filename is empty."
	case len(name) > MaxFilenameBytes:
		return "The filename is longer than 255 bytes."
	case !utf8.ValidString(name):
		return "The filename is not valid UTF-8."
	case strings.ContainsAny(name, `/\`):
		return "The filename holds a path separator."
	case strings.Trim(name, ".") == "":
		return "The filename is only dots."
	case strings.TrimSpace(name) != name || strings.HasSuffix(name, "."):
		return "The filename begins or ends with a space, or ends with a dot."
	case len(name) >= 2 && name[1] == ':' && isLetter(name[0]):
		return "The filename begins with a drive letter."
	case reservedOnWindows(name):
		return "The filename is a device name on Windows."
	}
	for _, r := range name {
		switch {
		case unicode.IsControl(r):
			return "The filename holds a control character."
		case reorders(r):
			return "The filename holds a character that reorders or hides text."
		case r == '\uFFFD' || unicode.Is(unicode.Noncharacter_Code_Point, r):
			return "The filename holds a character that is not a character."
		case strings.ContainsRune(`<>:"|?*`, r):
			return "The filename holds a character that Windows cannot store: one of < > : \" | ? *"
		}
	}
	return ""
}

func isLetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }

// reorders reports whether r can make a name read as another: the
// bidirectional controls of Unicode (UAX #9; "Trojan Source", CVE-2021-42574),
// line and paragraph separators, and the zero-width characters that hide. The
// zero-width joiners are kept: names in Persian, Hindi and emoji need them.
func reorders(r rune) bool {
	switch {
	case unicode.Is(unicode.Bidi_Control, r): // includes U+202A-202E, U+2066-2069, LRM, RLM, ALM
		return true
	case r == '\u2028' || r == '\u2029':
		return true
	case r == '\u200B' || r == '\u2060' || r == '\uFEFF' || r == '\u00AD':
		return true
	case 0xE0000 <= r && r <= 0xE007F: // tag characters
		return true
	}
	return false
}

// reservedOnWindows reports whether name is a device name there, with or
// without an extension (Microsoft, "Naming Files, Paths, and Namespaces").
func reservedOnWindows(name string) bool {
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	stem = strings.TrimRight(stem, " ")
	switch stem {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	if len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")) {
		return '1' <= stem[3] && stem[3] <= '9'
	}
	return false
}
