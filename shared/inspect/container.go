package inspect

import (
	"bytes"
	"encoding/binary"
	"strconv"
)

// An ISO 9660 or UDF image begins with a system area of 32 KiB; the volume
// descriptor behind it has its identifier at its second byte (ECMA-119, 8.1).
const (
	isoMagicAt = 32<<10 + 1
	isoMagic   = "CD001"
	udfMagic   = "BEA01"
)

// containers are the archives that are known by bytes at a fixed place.
var containers = []struct {
	mediaType string
	at        int
	magic     string
}{
	{"application/zip", 0, "PK\x03\x04"},
	{"application/zip", 0, "PK\x05\x06"},
	{"application/gzip", 0, "\x1f\x8b\x08"},
	{"application/x-bzip2", 0, "BZh"},
	{"application/x-7z-compressed", 0, "7z\xbc\xaf\x27\x1c"},
	{"application/vnd.rar", 0, "Rar!\x1a\x07"},
	{"application/vnd.rar", 0, "RE\x7e\x5e"},
	{"application/x-xz", 0, "\xfd7zXZ\x00"},
	{"application/zstd", 0, "\x28\xb5\x2f\xfd"},
	{"application/lzip", 0, "LZIP\x01"},
	{"application/vnd.ms-cab-compressed", 0, "MSCF"},
	{"application/x-installshield", 0, "ISc("},
	{"application/x-archive", 0, "!<arch>\n"},
	{"application/x-rpm", 0, "\xed\xab\xee\xdb"},
	{"application/x-cpio", 0, "\xc7\x71"},
	{"application/x-cpio", 0, "\x71\xc7"},
	{"application/x-xar", 0, "xar!"},
	{"application/x-compress", 0, "\x1f\x9d"},
	{"application/x-lz4", 0, "\x04\x22\x4d\x18"},
	{"application/x-lz4", 0, "\x02\x21\x4c\x18"},
	{"application/x-lzop", 0, "\x89LZO\x00\r\n\x1a\n"},
	{"application/x-snappy-framed", 0, "\xff\x06\x00\x00sNaPpY"},
	{"application/x-lzh-compressed", 2, "-lh"},
	{"application/x-lzh-compressed", 2, "-lz"},
	{"application/x-arj", 0, "\x60\xea"},
	{"application/x-ace-compressed", 7, "**ACE**"},
	{"application/x-zoo", 20, "\xdc\xa7\xc4\xfd"},
	{"application/x-alz-compressed", 0, "ALZ\x01"},
	{"application/x-egg", 0, "EGGA"},
	{"application/x-ms-wim", 0, "MSWIM\x00\x00\x00"},
	{"application/x-squashfs", 0, "hsqs"},
	{"application/x-vhd", 0, "conectix"},
	{"application/x-vhdx", 0, "vhdxfile"},
	{"application/x-vmdk", 0, "KDMV"},
	{"application/x-qemu-disk", 0, "QFI\xfb"},
	{"application/x-iso9660-image", isoMagicAt, isoMagic},
	{"application/x-iso9660-image", isoMagicAt, udfMagic},
}

// containerOf returns the type of the archive, compressed file or disk image
// that the beginning of a stream shows, or "".
func containerOf(head []byte) string {
	for _, c := range containers {
		if len(head) >= c.at && bytes.HasPrefix(head[c.at:], []byte(c.magic)) && confirmed(c.mediaType, head) {
			return c.mediaType
		}
	}
	switch {
	case isTar(head):
		return "application/x-tar"
	case isSkippableFrame(head):
		return "application/zstd"
	}
	return ""
}

// confirmed looks further where a magic is so short that text may begin with it.
func confirmed(mediaType string, head []byte) bool {
	switch mediaType {
	case "application/x-lzh-compressed":
		return len(head) >= 7 && head[6] == '-'
	case "application/x-cpio": // the old binary header: its name ends in a zero byte
		if len(head) < 26 {
			return false
		}
		end := 25 + int(binary.LittleEndian.Uint16(head[20:]))
		if head[0] == 0x71 {
			end = 25 + int(binary.BigEndian.Uint16(head[20:]))
		}
		return end > 25 && end < len(head) && head[end] == 0
	case "application/x-arj": // the size of the basic header, which has a limit
		return len(head) >= 4 && head[3] <= 0x0a && head[2]|head[3] != 0
	}
	return true
}

// isTar reports whether head begins with a tar header: one whose checksum is
// right (POSIX.1-1988, ustar; older tars have no magic).
func isTar(head []byte) bool {
	const block, sumAt, sumLen = 512, 148, 8
	if len(head) < block {
		return false
	}
	stated := string(bytes.Trim(head[sumAt:sumAt+sumLen], " \x00"))
	want, err := strconv.ParseInt(stated, 8, 64)
	if err != nil {
		return false
	}
	var unsigned, signed int64
	for i, b := range head[:block] {
		if sumAt <= i && i < sumAt+sumLen {
			b = ' '
		}
		unsigned += int64(b)
		signed += int64(int8(b))
	}
	return want == unsigned || want == signed
}

// isSkippableFrame reports whether head begins with a frame of user data that
// decompressors of zstd and lz4 skip (RFC 8878, section 3.1.2).
func isSkippableFrame(head []byte) bool {
	return len(head) >= 4 && head[0]&0xf0 == 0x50 && string(head[1:4]) == "\x2a\x4d\x18"
}
