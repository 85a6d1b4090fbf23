package inspect

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/vouch-s3/vouch/shared/file"
)

// join returns the path of an entry called name of the archive at outer. It is
// made fit to be shown: valid UTF-8, no control characters, not too long.
func join(outer, name string) string {
	shown := strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(name, "\uFFFD"))
	switch {
	case name == "":
		shown = outer // a compressed stream that has no name is shown as what it is in
	case outer != "":
		shown = outer + "!/" + shown
	}
	if len(shown) <= file.MaxWhere {
		return shown
	}
	cut := file.MaxWhere - len("…")
	for !utf8.RuneStart(shown[cut]) {
		cut--
	}
	return shown[:cut] + "…"
}

// leaves reports whether an entry called name might be unpacked outside of the
// folder it is unpacked to: by going up anywhere in it, by an absolute path, or
// by a drive, with either kind of slash. A ".." that its letters make good, as
// in "a/../b", does not if "a" is a link.
func leaves(name string) bool {
	name = slashed(name)
	if rooted(name) {
		return true
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return true
		}
	}
	return false
}

// rooted reports whether a path starts from somewhere else than where it is, or
// is cut short by those that end names at a zero byte.
func rooted(path string) bool {
	return strings.HasPrefix(path, "/") || len(path) >= 2 && path[1] == ':' || strings.ContainsRune(path, 0)
}

// slashed returns a path with all its slashes forward.
func slashed(path string) string { return strings.ReplaceAll(path, `\`, "/") }
