package inspect

import (
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/vouch-s3/vouch/shared/file"
)

const contentTypes = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` +
	`<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
	`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
	`<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`

// docx makes what Word does, with other parts in place of its own.
func docx(parts map[string]string) []byte {
	all := []entry{}
	for _, p := range []struct{ name, content string }{
		{"[Content_Types].xml", contentTypes},
		{"_rels/.rels", relationship("officeDocument", "", "word/document.xml")},
		{"word/document.xml", "<w:document/>"},
		{"word/_rels/document.xml.rels", relationship("hyperlink", "External", "https://example.com/frame")},
	} {
		content := p.content
		if other, ok := parts[p.name]; ok {
			content = other
			delete(parts, p.name)
		}
		all = append(all, entry{name: p.name, content: []byte(content), method: deflated, flags: 6})
	}
	for name, content := range parts {
		all = append(all, entry{name: name, content: []byte(content), method: deflated, flags: 6})
	}
	return zipOf(all...)
}

func relationship(kind, mode, target string) string {
	if mode != "" {
		mode = ` TargetMode="` + mode + `"`
	}
	return `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/` + kind + `" Target="` + target + `"` + mode + `/>` +
		`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" Target="a"/></Relationships>`
}

func utf16Of(s string, order binary.AppendByteOrder) string {
	b := order.AppendUint16(nil, 0xfeff)
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

func TestDocumentsWithoutMacrosAreClean(t *testing.T) {
	for name, b := range map[string][]byte{
		"docx": docx(nil),
		"own template and links": docx(map[string]string{
			"word/_rels/settings.xml.rels": relationship("attachedTemplate", "", "x.dotx"),
			"word/_rels/footer.xml.rels":   relationship("image", "External", "https://example.com/x"),
		}),
		"odt": zipOf(entry{name: "mimetype", content: []byte("application/vnd.oasis.opendocument.text")},
			entry{name: "content.xml", content: []byte("<office:document-content/>"), method: deflated},
			entry{name: "Configurations2/"}, entry{name: "META-INF/manifest.xml", content: []byte("<m/>"), method: deflated}),
		"a zip of words": zipOf(entry{name: "basic/readme.xml", content: []byte("macroEnabled vbaProject")}),
	} {
		t.Run(name, func(t *testing.T) { clean(t, inspected(t, b)) })
	}
}

func TestMacrosAreFound(t *testing.T) {
	macros := `<Types><Override PartName="/a" ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/></Types>`
	remote := relationship("attachedTemplate", "External", "https://example.com/x.dotm")
	for name, b := range map[string][]byte{
		"project":                 docx(map[string]string{"word/vbaProject.bin": "x"}),
		"project in another case": docx(map[string]string{"xl/VBAPROJECT.BIN": "x"}),
		"backslashes":             docx(map[string]string{`word\vbaProject.bin`: "x"}),
		"macro-enabled":           docx(map[string]string{"[Content_Types].xml": macros}),
		"other name of a project": docx(map[string]string{"[Content_Types].xml": `<Types><Default Extension="x" ContentType="application/vnd.ms-office.vbaProject"/></Types>`}),
		"references":              docx(map[string]string{"[Content_Types].xml": `<a ContentType="application/vnd.ms-word.document.macro&#69;nab&#x0006C;ed.main+xml"/>`}),
		"UTF-16":                  docx(map[string]string{"[Content_Types].xml": utf16Of(macros, binary.LittleEndian)}),
		"UTF-16, big-endian":      docx(map[string]string{"[Content_Types].xml": utf16Of(macros, binary.BigEndian)}),
		"remote template":         docx(map[string]string{"word/_rels/settings.xml.rels": remote}),
		"remote object":           docx(map[string]string{"word/_rels/document.xml.rels": relationship("oleObject", "External", "x")}),
		"remote frame":            docx(map[string]string{"word/_rels/webSettings.xml.rels": relationship("frame", "External", "x")}),
		"remote, mode first":      docx(map[string]string{"word/_rels/a.rels": `<Relationship TargetMode='Ext&#101;rnal' x="&#60;" Type='x/relationships/oleObject'/>`}),
		"remote, UTF-16":          docx(map[string]string{"word/_rels/a.rels": utf16Of(remote, binary.LittleEndian)}),
		"Basic":                   zipOf(entry{name: "Basic/Standard/script-lb.xml"}),
		"Python":                  zipOf(entry{name: "Scripts/python/x.py"}),
		"within a zip":            zipOf(entry{name: "a.docx", content: docx(map[string]string{"word/vbaProject.bin": "x"})}),
	} {
		t.Run(name, func(t *testing.T) {
			r := inspected(t, b)
			if !r.has(file.OfficeMacros) || !r.Coverage.Complete || len(r.Findings) != 1 {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestTagsAreSeenWhereverReadsEnd(t *testing.T) {
	const tags = "<a external><b /frame><c external /frame><d /FRAME External"
	seen := 0
	m := &markupTags{
		r:        iotest.OneByteReader(strings.NewReader(tags)),
		patterns: []string{"external", "/frame"},
		tag: func(has []bool) {
			if has[0] && has[1] {
				seen++
			}
		},
	}
	if got, err := io.ReadAll(m); err != nil || string(got) != tags {
		t.Errorf("what goes by is changed: %q, %v", got, err)
	}
	if seen != 2 {
		t.Errorf("want 2 tags, have %d", seen)
	}
}
