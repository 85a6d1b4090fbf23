package inspect

import (
	"slices"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// kind is the type that the beginning of a stream shows.
type kind struct {
	m *mimetype.MIME

	// container is the type of an archive that programs know by bytes which
	// mimetype knows as something else, or not at all.
	container string
}

// HeadSize is how many bytes from the beginning of a file tell its type.
const HeadSize = sniffed

// Type returns the media type that the first HeadSize bytes of a file show, as
// Report.Type does.
func Type(head []byte) string { return typeOf(head[:min(len(head), sniffed)]).String() }

// typeOf returns the type that the beginning of a stream shows. An archive comes
// first: a gzip's time or a tar's first name can be chosen to make the file
// pass for a film, and it is an archive all the same to what unpacks it.
func typeOf(head []byte) kind {
	k := kind{m: mimetype.Detect(head)}
	if c := containerOf(head); c != "" && !k.is(c) {
		k.container = c
	}
	return k
}

// String returns the media type without parameters.
func (k kind) String() string {
	if k.container != "" {
		return k.container
	}
	return withoutParameters(k.m)
}

// is reports whether the type is one of the given, or a kind of one of them: a
// docx is a kind of zip. The types are given by the names that String returns.
func (k kind) is(types ...string) bool {
	if k.container != "" {
		return slices.Contains(types, k.container)
	}
	for m := k.m; m != nil; m = m.Parent() {
		if slices.Contains(types, withoutParameters(m)) {
			return true
		}
	}
	return false
}

func withoutParameters(m *mimetype.MIME) string {
	mediaType, _, _ := strings.Cut(m.String(), ";")
	return mediaType
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
		{inspectUnsupported, unsupported},
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
