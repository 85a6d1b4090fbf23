package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
)

const anID = "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"

func TestAServerCannotChooseWhereAFileIsWritten(t *testing.T) {
	for name, want := range map[string]string{
		"holiday.png":                        "holiday.png",
		"Résumé (final).pdf":                 "Résumé (final).pdf",
		"../../etc/passwd":                   "passwd",
		"/etc/passwd":                        "passwd",
		`..\..\boot.ini`:                     "boot.ini",
		`C:\x`:                               "x",
		"C:x":                                "C_x",
		"..":                                 "vouch-" + anID,
		"":                                   "vouch-" + anID,
		"/":                                  "vouch-" + anID,
		" . ":                                "vouch-" + anID,
		"___":                                "vouch-" + anID,
		".bashrc":                            "_bashrc",
		"-rf":                                "_rf",
		"~root":                              "_root",
		"con":                                "_con",
		"NUL.txt":                            "_NUL.txt",
		"a\x00b":                             "a_b",
		"a\x1b[2Jb":                          "a_[2Jb",
		"invoice\u202egpj.exe":               "invoice_gpj.exe",
		"a\xffb":                             "a_b",
		"a:b*c?":                             "a_b_c_",
		"trailing. .":                        "trailing",
		strings.Repeat("x", 255) + ".tar.gz": strings.Repeat("x", longestLocalName-3) + ".gz",
		strings.Repeat("é", 200):             strings.Repeat("é", longestLocalName/2),
	} {
		if got := localName(name, anID); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func FuzzLocalName(f *testing.F) {
	for _, name := range []string{"a.png", "../x", "..", "con.txt", ".\x00", "\u202e", "a\xff"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := localName(name, anID)
		switch {
		case file.CheckFilename(got) != nil, len(got) > longestLocalName+1, filepath.Base(got) != got, !filepath.IsLocal(got):
			t.Errorf("%q: %q", name, got)
		case strings.HasPrefix(got, ".") || strings.HasPrefix(got, "-") || plain(got) != got:
			t.Errorf("%q: %q", name, got)
		}
	})
}
