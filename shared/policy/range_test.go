package policy

import (
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
)

func TestARangeHoldsAnAllowedTypeAndIsOneType(t *testing.T) {
	p := Default()
	for declared, want := range map[string]string{ // want is empty for refused
		"image/*": "image/*", "IMAGE/*": "image/*", "text/*": "text/*", "application/*": "application/*",
		"*/*": "", "*": "", "/*": "", "": "", "image/": "", "image/p*": "", "ima*": "", "image/*;q=1": "", "image/png": "",
		"font/*": "", "image/*, text/*": "", "image/* ": "", "image/*\r\nX: y": "",
	} {
		if got, err := p.Range(declared); got != want || (err != nil) != (want == "") {
			t.Errorf("Range(%q) = %q, %v; want %q", declared, got, err, want)
		}
	}
}

func TestATypeWithinARangeIsAllowedByItself(t *testing.T) {
	p := Default()
	for _, tt := range []struct{ declared, mediaRange, want string }{ // want is empty for refused
		{"image/png", "image/*", "image/png"},
		{"Image/PNG", "image/*", "image/png"},
		{"text/plain; charset=UTF-8", "text/*", "text/plain;charset=utf-8"},
		{"image/*", "image/*", ""},
		{"image/svg+xml", "image/*", ""},
		{"text/html", "text/*", ""},
		{"text/plain", "image/*", ""},
		{"image/png,image/gif", "image/*", ""},
		{"image/png\r\nX-Evil: y", "image/*", ""},
		{"image/png;x=" + strings.Repeat("a", 8000), "image/*", ""},
		{"", "image/*", ""},
		{"image/png", "image/png", ""},
		{"image/png", "*", ""},
	} {
		if got, err := p.Within(tt.declared, tt.mediaRange); got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("Within(%.40q, %q) = %q, %v; want %q", tt.declared, tt.mediaRange, got, err, tt.want)
		}
	}
}

func FuzzRange(f *testing.F) {
	f.Add("image/*", "image/png")
	f.Add("TEXT/*", "text/plain; charset=utf-8")
	f.Add("*/*", "text/html")
	p := Default()
	f.Fuzz(func(t *testing.T, declared, sent string) {
		mediaRange, err := p.Range(declared)
		if err != nil {
			return
		}
		if !file.IsRange(mediaRange) || strings.ContainsAny(mediaRange, "\r\n\t ,;\"$") || strings.Count(mediaRange, "*") != 1 {
			t.Errorf("Range(%q) = %q", declared, mediaRange)
		}
		got, err := p.Within(sent, mediaRange)
		if err != nil {
			return
		}
		if file.IsRange(got) || !strings.HasPrefix(got, strings.TrimSuffix(mediaRange, "*")) {
			t.Errorf("Within(%q, %q) = %q", sent, mediaRange, got)
		}
		if again, err := p.ContentType(sent); err != nil || again != got {
			t.Errorf("Within(%q, %q) = %q, which ContentType calls %q, %v", sent, mediaRange, got, again, err)
		}
	})
}
