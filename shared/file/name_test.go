package file

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestFilenamesPeopleUseAreAccepted(t *testing.T) {
	for _, name := range []string{
		"a", "holiday.png", "Résumé 2026 (final).pdf", "报告.docx", "отчёт.xlsx", "تقرير.pdf",
		"می\u200cخواهم.txt", "\U0001F469\u200D\U0001F467.jpg", ".gitignore", "archive.tar.gz", "console.log", "com10.txt",
		"Q&A; #1 'draft' [v2] {x} 100%.txt", strings.Repeat("x", 255), "a..b", "ＣＯＮ.txt",
	} {
		if err := CheckFilename(name); err != nil {
			t.Errorf("%q was refused: %v", name, err)
		}
	}
}

func TestFilenamesThatDeceiveOrEscapeAreRefused(t *testing.T) {
	for why, name := range map[string]string{
		"empty":                   "",
		"256 bytes":               strings.Repeat("x", 256),
		"256 bytes of two each":   strings.Repeat("é", 128),
		"parent":                  "..",
		"current":                 ".",
		"only dots":               "....",
		"absolute":                "/etc/passwd",
		"relative path":           "../../x",
		"backslash":               `..\..\x`,
		"drive":                   "C:x",
		"NUL":                     "a\x00.png",
		"newline":                 "a\nb",
		"carriage return":         "a\r\nSet-Cookie: x",
		"escape":                  "a\x1b[31m",
		"DEL":                     "a\x7f",
		"C1 control":              "a\u0085b",
		"right-to-left override":  "invoice\u202egpj.exe",
		"isolate":                 "a\u2066b",
		"left-to-right mark":      "a\u200eb",
		"line separator":          "a\u2028b",
		"zero width space":        "a\u200bb",
		"byte order mark":         "\ufeffa",
		"soft hyphen":             "a\u00adb",
		"tag characters":          "a\U000E0041",
		"not UTF-8":               "a\xff",
		"replacement character":   "a\ufffd",
		"noncharacter":            "a\uffff",
		"leading space":           " a",
		"trailing space":          "a ",
		"trailing no-break space": "a\u00a0",
		"trailing dot":            "a.",
		"device":                  "con",
		"device with extension":   "NUL.txt",
		"serial port":             "Com1.log",
		"device with a space":     "con .txt",
		"stream":                  "a:b",
		"wildcard":                "a*",
		"quote":                   `a"b`,
		"angle bracket":           "<script>",
	} {
		err := CheckFilename(name)
		if CodeOf(err) != CodeInvalidFilename {
			t.Errorf("%s: %q was accepted", why, name)
			continue
		}
		if e := err.(*Error); e.Field != "filename" || e.Detail == "" || e.Accepted == "" {
			t.Errorf("%s: the error does not say what is wrong and what would do: %+v", why, e)
		}
	}
}

func FuzzCheckFilename(f *testing.F) {
	for _, s := range []string{"a.txt", "../x", "a\u202eb", "con.txt", "\xff", " a", "\U0001F469\u200D\U0001F467.jpg"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if CheckFilename(name) != nil {
			return
		}
		if name == "" || len(name) > MaxFilenameBytes || !utf8.ValidString(name) || strings.ContainsAny(name, "/\\\x00\r\n\"") || name == "." || name == ".." {
			t.Errorf("%q was accepted", name)
		}
		for _, r := range name {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("%q was accepted with %U", name, r)
			}
		}
	})
}
