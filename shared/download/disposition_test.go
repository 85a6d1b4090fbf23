package download

import (
	"mime"
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
)

func TestDispositionsFollowRFC6266And8187(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"holiday.png", `attachment; filename="holiday.png"`},
		{"a b.txt", `attachment; filename="a b.txt"`},
		{"€ rates", `attachment; filename="_ rates"; filename*=UTF-8''%E2%82%AC%20rates`},
		{"100%.txt", `attachment; filename="100_.txt"; filename*=UTF-8''100%25.txt`},
		{`a"b`, `attachment; filename="a_b"; filename*=UTF-8''a%22b`},
		{"a\r\nX: y", "attachment; filename=\"a__X: y\"; filename*=UTF-8''a%0D%0AX%3A%20y"},
	} {
		if got := Attachment(tt.name); got != tt.want {
			t.Errorf("Attachment(%q) = %s, want %s", tt.name, got, tt.want)
		}
	}
}

func FuzzAttachment(f *testing.F) {
	for _, s := range []string{"a.txt", "€", `"; filename=evil.exe`, "a\r\nb", "%41", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := Attachment(name)
		for i := range len(got) {
			if got[i] < 0x20 || got[i] > 0x7e {
				t.Fatalf("Attachment(%q) holds the byte %#x", name, got[i])
			}
		}
		if file.CheckFilename(name) != nil {
			return // never reaches a download
		}
		kind, params, err := mime.ParseMediaType(got)
		if err != nil || kind != "attachment" {
			t.Fatalf("Attachment(%q) = %s: %v", name, got, err)
		}
		if !strings.Contains(got, "filename*=") && params["filename"] != name {
			t.Fatalf("Attachment(%q) says %q", name, params["filename"])
		}
		if strings.Contains(got, "filename*=") && params["filename"] != name {
			t.Fatalf("Attachment(%q) says %q in its extended form", name, params["filename"])
		}
	})
}
