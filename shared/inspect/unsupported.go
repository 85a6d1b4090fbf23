package inspect

import "github.com/vouch-s3/vouch/shared/file"

// unsupported are the types of archives, compressed files and disk images that
// have no inspector. What is in them is never looked at.
var unsupported = []string{
	"application/x-7z-compressed", "application/vnd.rar", "application/x-xz", "application/zstd", "application/lzip",
	"application/vnd.ms-cab-compressed", "application/x-installshield", "application/x-archive",
	"application/x-rpm", "application/x-cpio", "application/x-xar", "application/x-iso9660-image",
	"application/x-compress", "application/x-lz4", "application/x-lzop", "application/x-snappy-framed",
	"application/x-lzh-compressed", "application/x-arj", "application/x-ace-compressed", "application/x-zoo",
	"application/x-alz-compressed", "application/x-egg", "application/x-ms-wim", "application/x-squashfs",
	"application/x-vhd", "application/x-vhdx", "application/x-vmdk", "application/x-qemu-disk",
}

func inspectUnsupported(w *walk, s *stream, at place) {
	w.miss(file.ArchiveUnsupported, at, typeOf(s.head()).String())
}
