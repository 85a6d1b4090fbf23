package inspect

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
)

func padded(n int, at map[int]string) []byte {
	b := make([]byte, n)
	for i, s := range at {
		copy(b[i:], s)
	}
	return b
}

type sample struct {
	name    string
	head    []byte
	kind    string
	inspect inspector // nil for none
}

// samples are the least that the formats demand at their beginning.
func samples(t *testing.T) []sample {
	return []sample{
		{"zip", zipOf(entry{name: "a"}), "application/zip", inspectZip},
		{"empty zip", zipOf(), "application/zip", inspectZip},
		{"docx", docx(nil), "application/vnd.openxmlformats-officedocument.wordprocessingml.document", inspectZip},
		{"odt", zipOf(entry{name: "mimetype", content: []byte("application/vnd.oasis.opendocument.text")}), "application/vnd.oasis.opendocument.text", inspectZip},
		{"epub", zipOf(entry{name: "mimetype", content: []byte("application/epub+zip")}), "application/epub+zip", inspectZip},
		{"jar", zipOf(entry{name: "META-INF/MANIFEST.MF"}), "application/java-archive", inspectZip},
		{"tar", tarOf(t, tar.Header{Name: "a"}), "application/x-tar", inspectTar},
		{"v7 tar", resummed(tarOf(t, tar.Header{Name: "a"}), 0, func(h []byte) { clear(h[257:]) }), "application/x-tar", inspectTar},
		{"gzip", gzipOf(t, "", []byte("x")), "application/gzip", inspectGzip},
		{"bzip2", hello(t), "application/x-bzip2", inspectBzip2},

		{"7z", padded(64, map[int]string{0: "7z\xbc\xaf\x27\x1c\x00\x04"}), "application/x-7z-compressed", inspectUnsupported},
		{"rar 4", padded(64, map[int]string{0: "Rar!\x1a\x07\x00"}), "application/vnd.rar", inspectUnsupported},
		{"rar 5", padded(64, map[int]string{0: "Rar!\x1a\x07\x01\x00"}), "application/vnd.rar", inspectUnsupported},
		{"rar 1.4", padded(64, map[int]string{0: "RE~^"}), "application/vnd.rar", inspectUnsupported},
		{"xz", padded(64, map[int]string{0: "\xfd7zXZ\x00\x00\x04"}), "application/x-xz", inspectUnsupported},
		{"zstd", padded(64, map[int]string{0: "\x28\xb5\x2f\xfd"}), "application/zstd", inspectUnsupported},
		{"zstd, a skippable frame", padded(64, map[int]string{0: "\x5a\x2a\x4d\x18"}), "application/zstd", inspectUnsupported},
		{"zstd like a film", padded(64, map[int]string{0: "\x28\xb5\x2f\xfdfree"}), "application/zstd", inspectUnsupported},
		{"lzip", padded(64, map[int]string{0: "LZIP\x01"}), "application/lzip", inspectUnsupported},
		{"cab", padded(64, map[int]string{0: "MSCF"}), "application/vnd.ms-cab-compressed", inspectUnsupported},
		{"cab like a film", padded(64, map[int]string{0: "MSCFfree"}), "application/vnd.ms-cab-compressed", inspectUnsupported},
		{"InstallShield cab", padded(64, map[int]string{0: "ISc(\x00\x00\x00\x01"}), "application/x-installshield", inspectUnsupported},
		{"ar", []byte("!<arch>\na.o/            0           0     0     644     0         `\n"), "application/x-archive", inspectUnsupported},
		{"deb", []byte("!<arch>\ndebian-binary   0           0     0     100644  4         `\n2.0\n"), "application/vnd.debian.binary-package", inspectUnsupported},
		{"rpm", padded(128, map[int]string{0: "\xed\xab\xee\xdb\x03"}), "application/x-rpm", inspectUnsupported},
		{"cpio, newc", []byte("070701" + strings.Repeat("0", 104) + "a\x00"), "application/x-cpio", inspectUnsupported},
		{"cpio, odc", []byte("070707" + strings.Repeat("0", 70) + "a\x00"), "application/x-cpio", inspectUnsupported},
		{"cpio, binary", padded(64, map[int]string{0: "\xc7\x71", 20: "\x02\x00", 26: "a"}), "application/x-cpio", inspectUnsupported},
		{"cpio, binary, big-endian", padded(64, map[int]string{0: "\x71\xc7", 20: "\x00\x02", 26: "a"}), "application/x-cpio", inspectUnsupported},
		{"xar", padded(64, map[int]string{0: "xar!\x00\x1c"}), "application/x-xar", inspectUnsupported},
		{"ISO 9660", padded(36<<10, map[int]string{isoMagicAt: "CD001"}), "application/x-iso9660-image", inspectUnsupported},
		{"UDF", padded(36<<10, map[int]string{isoMagicAt: "BEA01"}), "application/x-iso9660-image", inspectUnsupported},
		{"ISO 9660 like a GIF", padded(36<<10, map[int]string{0: "GIF89a", isoMagicAt: "CD001"}), "application/x-iso9660-image", inspectUnsupported},
		{"compress", []byte("\x1f\x9d\x90a"), "application/x-compress", inspectUnsupported},
		{"lz4", []byte("\x04\x22\x4d\x18\x64\x40\xa7"), "application/x-lz4", inspectUnsupported},
		{"lha", []byte("\x19\x00-lh5-\x00\x00"), "application/x-lzh-compressed", inspectUnsupported},
		{"arj", []byte("\x60\xea\x2b\x00\x1e"), "application/x-arj", inspectUnsupported},
		{"ace", padded(64, map[int]string{7: "**ACE**"}), "application/x-ace-compressed", inspectUnsupported},
		{"wim", padded(64, map[int]string{0: "MSWIM\x00\x00\x00"}), "application/x-ms-wim", inspectUnsupported},
		{"squashfs", padded(64, map[int]string{0: "hsqs"}), "application/x-squashfs", inspectUnsupported},
		{"vhd", padded(64, map[int]string{0: "conectix"}), "application/x-vhd", inspectUnsupported},

		{"PE", padded(512, map[int]string{0: "MZ", 0x3c: "\x80", 0x80: "PE\x00\x00"}), "application/vnd.microsoft.portable-executable", inspectExecutable},
		{"ELF", padded(64, map[int]string{0: "\x7fELF\x02\x01\x01"}), "application/x-elf", inspectExecutable},
		{"ELF program", padded(64, map[int]string{0: "\x7fELF\x02\x01\x01", 16: "\x02"}), "application/x-executable", inspectExecutable},
		{"ELF library", padded(64, map[int]string{0: "\x7fELF\x02\x01\x01", 16: "\x03"}), "application/x-sharedlib", inspectExecutable},
		{"Mach-O", padded(64, map[int]string{0: "\xcf\xfa\xed\xfe"}), "application/x-mach-binary", inspectExecutable},
		{"universal Mach-O", append([]byte("\xca\xfe\xba\xbe\x00\x00\x00\x02"), make([]byte, 64)...), "application/x-mach-binary", inspectExecutable},
		{"class", append([]byte("\xca\xfe\xba\xbe\x00\x00\x00\x41"), make([]byte, 64)...), "application/x-java-applet", inspectExecutable},
		{"wasm", []byte("\x00asm\x01\x00\x00\x00"), "application/wasm", inspectExecutable},
		{"shortcut", padded(128, map[int]string{0: "L\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"}), "application/x-ms-shortcut", inspectExecutable},
		{"OLE", padded(512, map[int]string{0: "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"}), "application/x-ole-storage", inspectOLE},

		{"PDF", []byte("%PDF-1.7\n"), "application/pdf", inspectPDF},
		{"HTML", []byte("<!DOCTYPE html><html></html>"), "text/html", inspectMarkup},
		{"SVG", []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), "image/svg+xml", inspectMarkup},
		{"XML", []byte(`<?xml version="1.0"?><a/>`), "text/xml", inspectMarkup},
		{"PNG", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), "image/png", inspectImage},
		{"JPEG", []byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00"), "image/jpeg", inspectImage},
		{"GIF", []byte("GIF89a"), "image/gif", inspectImage},
		{"WebP", []byte("RIFF\x00\x00\x00\x00WEBPVP8 "), "image/webp", inspectImage},
		{"BMP", padded(64, map[int]string{0: "BM", 10: "\x36", 14: "\x28"}), "image/bmp", inspectImage},
		{"TIFF", append([]byte("II*\x00\x08\x00\x00\x00"), make([]byte, 32)...), "image/tiff", inspectImage},
		{"AVIF", ftyp("avif"), "image/avif", inspectImage},
		{"HEIC", ftyp("heic"), "image/heic", inspectImage},
		{"HEIF", ftyp("mif1"), "image/heif", inspectImage},

		{"text", []byte("just text"), "text/plain", inspectText},
		{"text like an lha", []byte("a -lh5 is an option"), "text/plain", inspectText},
		{"nothing", nil, "text/plain", inspectText},
		{"bytes", []byte{0, 1, 2, 3}, "application/octet-stream", nil},
	}
}

func ftyp(brand string) []byte {
	b := binary.BigEndian.AppendUint32(nil, 24)
	return append(append(b, "ftyp"+brand+"\x00\x00\x00\x00"+brand+"miaf"...), make([]byte, 16)...)
}

func TestEachTypeIsKnownAndGoesToItsInspector(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			k := typeOf(newStream(bytes.NewReader(s.head)).head())
			if k.String() != s.kind {
				t.Errorf("want %s, have %s", s.kind, k)
			}
			if got := inspectorOf(k); reflect.ValueOf(got).Pointer() != reflect.ValueOf(s.inspect).Pointer() {
				t.Errorf("%s goes to another inspector", k)
			}
		})
	}
}

func TestWhatCannotBeWalkedIsMissed(t *testing.T) {
	for _, s := range samples(t) {
		if reflect.ValueOf(s.inspect).Pointer() != reflect.ValueOf(inspectUnsupported).Pointer() {
			continue
		}
		r := inspected(t, zipOf(entry{name: "in", content: s.head}))
		want := []file.Finding{{Code: file.ArchiveUnsupported, Where: "in", Detail: s.kind}}
		if r.Coverage.Complete || !slices.Equal(r.Findings, want) {
			t.Errorf("%s: %+v", s.name, r)
		}
	}
}
