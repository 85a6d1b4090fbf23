package inspect_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/vouch-s3/vouch/shared/file"
)

// oleOf returns a compound file (MS-CFB) of version 3 with the entries in its
// directory, and data in the sectors behind.
func oleOf(data []byte, entries ...string) []byte {
	le := binary.LittleEndian
	header := make([]byte, 512)
	copy(header, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	le.PutUint16(header[24:], 0x3e)
	le.PutUint16(header[26:], 3)
	le.PutUint16(header[28:], 0xfffe)
	le.PutUint16(header[30:], 9)
	le.PutUint16(header[32:], 6)
	le.PutUint32(header[44:], 1) // sectors of the table
	le.PutUint32(header[48:], 1) // the directory's first
	le.PutUint32(header[56:], 4096)
	for i := 60; i < 512; i += 4 {
		le.PutUint32(header[i:], 0xffffffff)
	}
	le.PutUint32(header[76:], 0) // the table's first
	var directory []byte
	for i, name := range append([]string{"Root Entry"}, entries...) {
		e := make([]byte, 128)
		units := utf16.Encode([]rune(name))
		for j, u := range units {
			le.PutUint16(e[2*j:], u)
		}
		le.PutUint16(e[64:], uint16(2*len(units)+2))
		e[66], e[67] = 2, 1
		if i == 0 {
			e[66] = 5
		}
		directory = append(directory, e...)
	}
	sector := func(b []byte) []byte { return append(b, make([]byte, (512-len(b)%512)%512)...) }
	return slices.Concat(header, bytes.Repeat([]byte{0xff}, 512), sector(directory), sector(data))
}

func TestCompoundFilesWithoutMacrosPass(t *testing.T) {
	var text []byte // of a document that is about macros
	for _, u := range utf16.Encode([]rune("VBA, Macros and _VBA_PROJECT, in the text of a document")) {
		text = binary.LittleEndian.AppendUint16(text, u)
	}
	for _, entries := range [][]string{
		{"WordDocument", "1Table", "\x05SummaryInformation"},
		{"Workbook"},
		{"PowerPoint Document", "Current User"},
		{"VBA notes", "My Macros"},
	} {
		honest(t, oleOf(append(text, strings.Repeat("\x85\x00\x0a\x00", 200)...), entries...), "application/x-ole-storage")
	}
}

func TestWhatActsInACompoundFileIsFound(t *testing.T) {
	sheet := func(kind byte) []byte {
		return append([]byte{0x85, 0, 14, 0, 9, 9, 9, 9, 0, kind, 6, 0}, "Sheet1"...)
	}
	installer := oleOf(nil, "\u4840")
	copy(installer[1024+80:], "\x84\x10\x0c\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46")
	bof := "\x09\x08\x10\x00\x00\x06\x05\x00" + strings.Repeat("\x00", 12)
	for name, c := range map[string]struct {
		b    []byte
		want file.Reason
	}{
		"Word macros":            {oleOf(nil, "WordDocument", "Macros"), file.OfficeMacros},
		"Excel macros":           {oleOf(nil, "Workbook", "_VBA_PROJECT_CUR"), file.OfficeMacros},
		"project":                {oleOf(nil, "_VBA_PROJECT"), file.OfficeMacros},
		"in another case":        {oleOf(nil, "vBa"), file.OfficeMacros},
		"in a late sector":       {oleOf(oleOf(make([]byte, 100<<10), "VBA")), file.OfficeMacros},
		"source":                 {oleOf([]byte("\x01\x4a\xb0\x00Attribut\x00e VB_Nam\x00e = ")), file.OfficeMacros},
		"sheet of macros":        {oleOf(sheet(1), "Workbook"), file.OfficeMacros},
		"package":                {oleOf(nil, "\x01Ole10Native"), file.OfficeMacros},
		"document with macros":   {oleOf([]byte("PK\x03\x04 word/vbaProject.bin"), "Package"), file.OfficeMacros},
		"installer":              {installer, file.Executable},
		"encrypted":              {oleOf(nil, "EncryptionInfo", "EncryptedPackage"), file.Encrypted},
		"encrypted workbook":     {oleOf([]byte(bof+"\x2f\x00\x36\x00"), "Workbook"), file.Encrypted},
		"encrypted document":     {oleOf([]byte("\xec\xa5\xc1\x00\x00\x00\x00\x00\x00\x00\x00\x01"), "WordDocument"), file.Encrypted},
		"encrypted presentation": {oleOf([]byte("\x00\x00\xf6\x0f\x00\x00\x00\x00\x14\x00\x00\x00\xdf\xc4\xd1\xf3")), file.Encrypted},
		"attachments":            {oleOf(nil, "__substg1.0_37010102"), file.ArchiveUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			r, codes := document(t, c.b)
			if !slices.Contains(codes, c.want) {
				t.Errorf("%s, findings: %v", r.Type, r.Findings)
			}
			if unseen := c.want == file.Encrypted || c.want == file.ArchiveUnsupported; unseen == r.Coverage.Complete {
				t.Errorf("complete %t", r.Coverage.Complete)
			}
		})
	}
	honest(t, oleOf(sheet(0), "Workbook"), "application/x-ole-storage")
}

func TestACompoundFileWithoutItsDirectoryIsMalformed(t *testing.T) {
	neverSilent(t, oleOf(nil, "WordDocument")[:1025], "application/x-ole-storage", 1)
}

// FuzzOLE holds the inspection of compound files to its bounds.
func FuzzOLE(f *testing.F) {
	f.Add(oleOf(nil, "WordDocument", "Macros"))
	f.Add(oleOf([]byte("\x85\x00\x0e\x00\x09\x09\x09\x09\x00\x01\x06\x00Sheet1"), "Workbook"))
	f.Add([]byte("\x09\x08\x10\x00\x00\x06\x05\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		bounded(t, append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), b...))
		bounded(t, oleOf(b))
	})
}
