package policy

import (
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
)

func TestContentTypesAreNormalisedOrRefused(t *testing.T) {
	p := Default()
	for _, tt := range []struct {
		declared, want string
		code           file.Code
	}{
		{"image/png", "image/png", ""},
		{"IMAGE/PNG", "image/png", ""},
		{" image/png ", "image/png", ""},
		{"text/plain", "text/plain", ""},
		{"text/plain; charset=UTF-8", "text/plain;charset=utf-8", ""},
		{"text/plain;charset=utf-8", "text/plain;charset=utf-8", ""},
		{"", "", file.CodeInvalidContentType},
		{"png", "", file.CodeInvalidContentType},
		{"image/png, text/html", "", file.CodeInvalidContentType},
		{"image/png\r\nX: y", "", file.CodeInvalidContentType},
		{"image/png; q=1", "", file.CodeInvalidContentType},
		{"image/png; charset=utf-8", "", file.CodeInvalidContentType},
		{"text/plain; charset=utf-7", "", file.CodeInvalidContentType},
		{"text/plain; charset=utf-8; x=y", "", file.CodeInvalidContentType},
		{"text/html", "", file.CodeContentTypeRefused},
		{"image/svg+xml", "", file.CodeContentTypeRefused},
		{"application/x-msdownload", "", file.CodeContentTypeRefused},
		{"*/*", "", file.CodeContentTypeRefused},
		{"image/" + strings.Repeat("x", 200), "", file.CodeInvalidContentType},
	} {
		got, err := p.ContentType(tt.declared)
		if got != tt.want || file.CodeOf(err) != tt.code {
			t.Errorf("ContentType(%q) = %q, %v; want %q, code %q", tt.declared, got, err, tt.want, tt.code)
		}
	}
}

func TestNoTypeThatBrowsersRunIsAllowed(t *testing.T) {
	for _, active := range []string{"text/html", "image/svg+xml", "application/xhtml+xml", "text/javascript", "application/javascript", "text/xml", "application/xml", "application/x-shockwave-flash"} {
		if _, err := Default().ContentType(active); err == nil {
			t.Errorf("%s is allowed", active)
		}
	}
}

func TestSizesOutsideTheLimitsAreRefused(t *testing.T) {
	p := Default()
	for _, tt := range []struct {
		size int64
		code file.Code
	}{
		{-1, file.CodeInvalidSize},
		{0, file.CodeInvalidSize},
		{1, ""},
		{p.MaxSize, ""},
		{p.MaxSize + 1, file.CodeFileTooLarge},
		{1 << 62, file.CodeFileTooLarge},
	} {
		if err := p.CheckSize(tt.size, "image/png"); file.CodeOf(err) != tt.code {
			t.Errorf("CheckSize(%d) = %v; want code %q", tt.size, err, tt.code)
		}
	}
}

func TestURLLivesStayWithinTheirBounds(t *testing.T) {
	p := Default()
	if m := p.UploadLife.Minutes(); m < 5 || m > 15 {
		t.Errorf("an upload URL lives %v", p.UploadLife)
	}
	if m := p.DownloadLife.Minutes(); m < 5 || m > 15 {
		t.Errorf("a download URL lives %v", p.DownloadLife)
	}
}

func FuzzContentType(f *testing.F) {
	for _, s := range []string{"image/png", "text/plain; charset=utf-8", "a/b; c=\"d\"", "text/plain;charset*=x"} {
		f.Add(s)
	}
	p := Default()
	f.Fuzz(func(t *testing.T, declared string) {
		got, err := p.ContentType(declared)
		if err != nil {
			return
		}
		if strings.ContainsAny(got, "\r\n\t ,\"") || got != strings.ToLower(got) {
			t.Errorf("ContentType(%q) = %q", declared, got)
		}
		if again, err := p.ContentType(got); err != nil || again != got {
			t.Errorf("ContentType(%q) = %q, which becomes %q, %v", declared, got, again, err)
		}
	})
}

func TestDeclaredTypesStandOnlyForTheContentInTheirList(t *testing.T) {
	p := Default()
	for _, tt := range []struct {
		declared, detected string
		want               bool
	}{
		{"image/png", "image/png", true},
		{"image/png", "image/jpeg", false},
		{"image/png", "text/html", false},
		{"text/plain;charset=utf-8", "text/plain", true},
		{"text/plain", "text/html", false},
		{"text/plain", "image/svg+xml", false},
		{"application/octet-stream", "text/html", true},
		{"application/pdf", "application/zip", false},
		{"text/html", "text/html", false},
		{"", "text/plain", false},
	} {
		if got := p.MayBe(tt.declared, tt.detected); got != tt.want {
			t.Errorf("%s that is %s: %v", tt.declared, tt.detected, got)
		}
	}
}
