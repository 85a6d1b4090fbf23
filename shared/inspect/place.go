package inspect

import (
	"path"
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
	if outer != "" {
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

// leaves reports whether an entry called name would be unpacked outside of the
// folder it is unpacked to: by going up, by an absolute path, or by a drive,
// with either kind of slash.
func leaves(name string) bool {
	name = strings.ReplaceAll(name, `\`, "/")
	if strings.HasPrefix(name, "/") || len(name) >= 2 && name[1] == ':' || strings.ContainsRune(name, 0) {
		return true
	}
	clean := path.Clean(name)
	return clean == ".." || strings.HasPrefix(clean, "../")
}
