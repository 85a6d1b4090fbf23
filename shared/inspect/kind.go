package inspect

import (
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// kind is the type that the beginning of a stream shows.
type kind struct{ m *mimetype.MIME }

// HeadSize is how many bytes from the beginning of a file tell its type.
const HeadSize = sniffed

// Type returns the media type that the first bytes of a file show, as
// Report.Type does.
func Type(head []byte) string { return typeOf(head[:min(len(head), sniffed)]).String() }

func typeOf(head []byte) kind { return kind{mimetype.Detect(head)} }

// String returns the media type without parameters.
func (k kind) String() string {
	mediaType, _, _ := strings.Cut(k.m.String(), ";")
	return mediaType
}

// is reports whether the type is one of the given, or a kind of one of them: a
// docx is a kind of zip.
func (k kind) is(types ...string) bool {
	for m := k.m; m != nil; m = m.Parent() {
		for _, t := range types {
			if m.Is(t) {
				return true
			}
		}
	}
	return false
}

func (k kind) isZip() bool { return k.is("application/zip") }

// inspector looks into one stream of a kind. It may leave bytes unread.
type inspector func(w *walk, s *stream, at place)

// inspectors is the one table of who looks into what; the first that fits does.
func inspectorOf(k kind) inspector {
	for _, i := range []struct {
		inspect inspector
		types   []string
	}{
		{inspectZip, []string{"application/zip"}},
		{inspectTar, []string{"application/x-tar"}},
		{inspectGzip, []string{"application/gzip"}},
		{inspectBzip2, []string{"application/x-bzip2"}},
		{inspectUnsupported, []string{
			"application/x-7z-compressed", "application/x-rar-compressed", "application/x-xz", "application/zstd",
			"application/lzip", "application/x-ms-cab", "application/vnd.ms-cab-compressed", "application/x-archive",
			"application/x-rpm", "application/x-cpio", "application/x-iso9660-image", "application/x-unix-archive",
			"application/vnd.debian.binary-package", "application/x-xar", "application/x-installshield",
		}},
		{inspectExecutable, []string{
			"application/vnd.microsoft.portable-executable", "application/x-elf", "application/x-mach-binary",
			"application/x-ms-installer", "application/x-java-applet", "application/x-sharedlib", "application/wasm",
			"application/x-ms-shortcut", "application/x-bytecode.python", "application/x-shockwave-flash",
			"application/x-chrome-extension", "application/vnd.ms-htmlhelp",
			"text/x-shellscript", "text/x-python", "text/x-perl", "text/x-ruby", "text/x-lua", "text/x-tcl", "text/x-php",
		}},
		{inspectPDF, []string{"application/pdf"}},
		{inspectOLE, []string{"application/x-ole-storage"}},
		{inspectMarkup, []string{"text/html", "image/svg+xml", "application/xhtml+xml", "text/xml"}},
		{inspectText, []string{"text/plain"}},
		{inspectImage, []string{
			"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/tiff", "image/avif", "image/heic", "image/heic-sequence", "image/heif", "image/heif-sequence",
		}},
	} {
		if k.is(i.types...) {
			return i.inspect
		}
	}
	return nil
}
