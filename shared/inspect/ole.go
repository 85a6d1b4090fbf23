package inspect

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"unicode/utf16"

	"github.com/vouch-s3/vouch/shared/file"
)

const (
	// oleUnit divides the place of everything that matters here: sectors are of
	// 512 or 4096 bytes, those of the mini stream of 64.
	oleUnit = 64

	// oleEntry is the size of an entry of the directory.
	oleEntry = 128
)

// inspectOLE looks into a compound file (MS-CFB): Word, Excel and PowerPoint
// before 2007, Outlook's messages, MSI, and the envelope of an encrypted OOXML
// document.
//
// The directory's sectors can lie anywhere, chained by a table that can lie
// behind them, so that one pass cannot follow the chain. It looks at every
// place where an entry can be instead, and takes what has the form of one for
// an entry. A deleted entry that is still there is found too.
func inspectOLE(w *walk, s *stream, at place) {
	s.watch(func(pattern string) {
		switch pattern {
		case pptEncrypted:
			w.miss(file.Encrypted, at, "an encrypted presentation")
		default:
			w.find(file.OfficeMacros, at, "VBA code")
		}
	}, vbaSource, vbaPart, pptEncrypted)

	header := s.head()
	header = bytes.Clone(header[:min(len(header), 512)])

	const chunk = 32 << 10
	window := make([]byte, 0, oleEntry+chunk)
	for {
		n, err := io.ReadFull(s, window[len(window):len(window)+chunk])
		window = window[:len(window)+n]
		for i := 0; i+oleEntry <= len(window); i += oleUnit {
			w.oleEntry(window[i:i+oleEntry], at)
		}
		w.oleRecords(window, at)
		if err != nil {
			break
		}
		kept := copy(window, window[len(window)-oleEntry:])
		window = window[:kept]
	}
	if why := oleMalformed(header, s.size()); why != "" {
		w.find(file.Malformed, at, why)
	}
}

const (
	// vbaSource begins the source of a VBA module, compressed as MS-OVBA 2.4.1
	// says: a byte of flags before every eight letters.
	vbaSource = "\x00attribut\x00e vb_nam"

	// vbaPart is the part of an OOXML document that holds its macros. Such a
	// document can be embedded in a compound file.
	vbaPart = "vbaproject.bin"

	// pptEncrypted is the size of a CurrentUserAtom and its token for an
	// encrypted presentation (MS-PPT 2.3.2).
	pptEncrypted = "\x14\x00\x00\x00\xdf\xc4\xd1\xf3"
)

// oleEntry looks at what may be an entry of the directory (MS-CFB 2.6.1).
func (w *walk) oleEntry(b []byte, at place) {
	const storage, streamObject, root = 1, 2, 5
	if kind := b[66]; kind != storage && kind != streamObject && kind != root {
		w.oleWord(b, at)
		return
	}
	name, ok := oleName(b)
	if !ok {
		w.oleWord(b, at)
		return
	}
	switch strings.ToLower(name) {
	case "root entry":
		if bytes.Equal(b[81:96], installerClass) && b[80] >= 0x82 && b[80] <= 0x86 {
			w.find(file.Executable, at, "a package of the Windows Installer")
		}
	case "vba", "macros", "_vba_project", "_vba_project_cur":
		w.find(file.OfficeMacros, at, "a VBA project")
	case "\x01ole10native":
		// An object of OLE 1: nearly always a file of any type in a package,
		// which a double click opens.
		w.find(file.OfficeMacros, at, "an embedded package")
	case "encryptedpackage", "encryptioninfo":
		w.miss(file.Encrypted, at, "an encrypted document")
	case "__substg1.0_37010102": // PidTagAttachDataBinary (MS-OXMSG 2.2.2)
		w.miss(file.ArchiveUnsupported, at, "a message with attachments")
	}
}

// installerClass is the rest of the classes 000C1082-, 000C1084- and
// 000C1086-0000-0000-C000-000000000046: a transform, a package and a patch.
var installerClass = []byte{0x10, 0x0c, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46}

// oleName returns the name of an entry: UTF-16 that ends with a zero, and the
// length in bytes, that zero included.
func oleName(b []byte) (string, bool) {
	n := int(binary.LittleEndian.Uint16(b[64:]))
	if n < 4 || n > 64 || n%2 != 0 || b[n-1] != 0 || b[n-2] != 0 {
		return "", false
	}
	units := make([]uint16, 0, 32)
	for i := 0; i < n-2; i += 2 {
		u := binary.LittleEndian.Uint16(b[i:])
		if u == 0 {
			return "", false
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units)), true
}

// oleWord looks for the beginning of an encrypted Word document: the FibBase
// with fEncrypted set (MS-DOC 2.5.2).
func (w *walk) oleWord(b []byte, at place) {
	const wIdent, fEncrypted = 0xa5ec, 1 << 8
	version := binary.LittleEndian.Uint16(b[2:])
	if binary.LittleEndian.Uint16(b) == wIdent && version >= 0x65 && version <= 0x112 &&
		binary.LittleEndian.Uint16(b[10:])&fEncrypted != 0 {
		w.miss(file.Encrypted, at, "an encrypted document")
	}
}

// oleRecords looks for the records of an Excel workbook that tell of macros and
// of encryption (MS-XLS 2.4.28, 2.4.117; BIFF5 has a name without flags). They
// are found by their form, wherever they are: a sheet of Excel 4.0 macros has no
// other mark. A record that is split between sectors that do not follow each
// other is not found; Excel writes the list of sheets at the start of its stream.
func (w *walk) oleRecords(b []byte, at place) {
	for rest := b; ; {
		i := bytes.Index(rest, []byte{0x85, 0x00}) // BoundSheet8
		if i < 0 || len(rest)-i < 12 {
			break
		}
		r := rest[i:]
		rest = r[2:]
		size, state, kind, letters, wide := int(r[2]), r[8], r[9], int(r[10]), int(r[11])
		const macros, module = 1, 6
		sized := size == 7+letters || wide <= 1 && size == 8+letters*(1+wide)
		if r[3] == 0 && state <= 2 && (kind == macros || kind == module) && letters >= 1 && letters <= 31 && sized {
			w.find(file.OfficeMacros, at, "a sheet of macros")
		}
	}
	for rest := b; ; {
		i := bytes.Index(rest, []byte{0x09, 0x08, 0x10, 0x00, 0x00, 0x06, 0x05, 0x00}) // BOF of a workbook
		if i < 0 || len(rest)-i < 30 {
			break
		}
		next := rest[i+20:]
		rest = next
		next = bytes.TrimPrefix(next, []byte{0x86, 0x00, 0x00, 0x00}) // WriteProtect
		if next[0] == 0x2f && next[1] == 0x00 {                       // FilePass
			w.miss(file.Encrypted, at, "an encrypted workbook")
		}
	}
}

// oleMalformed says what is wrong with the header of a compound file of a size
// (MS-CFB 2.2), or nothing.
func oleMalformed(h []byte, size int64) string {
	if len(h) < 512 {
		return "the header is cut off"
	}
	version, order, shift := binary.LittleEndian.Uint16(h[26:]), binary.LittleEndian.Uint16(h[28:]), binary.LittleEndian.Uint16(h[30:])
	if order != 0xfffe || !(version == 3 && shift == 9 || version == 4 && shift == 12) {
		return "the header is of no known version"
	}
	beyond := func(sector uint32) bool { // begins where nothing is any more
		return sector <= 0xfffffffa && (int64(sector)+1)<<shift >= size
	}
	if directory := binary.LittleEndian.Uint32(h[48:]); directory > 0xfffffffa || beyond(directory) {
		return "the directory is cut off"
	}
	for i := 76; i < 512; i += 4 {
		if beyond(binary.LittleEndian.Uint32(h[i:])) {
			return "the table of sectors is cut off"
		}
	}
	return ""
}
