package inspect_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/vouch-s3/vouch/shared/file"
)

const svgNS = `xmlns="http://www.w3.org/2000/svg"`

func svg(inside string) string { return "<svg " + svgNS + ">" + inside + "</svg>" }

func TestMarkupWithoutScriptPasses(t *testing.T) {
	long := strings.Repeat("A", 3<<20)
	for mediaType, documents := range map[string][]string{
		"image/svg+xml": {
			svg(`<title>a &lt;script&gt;</title><path d="M0 0h9v9z"/>`),
			svg(`<defs><g id="a"/></defs><use href="#a"/><a href="https://example.com/javascript/launch"><text>x</text></a>`),
			svg(`<style><![CDATA[ .a > .b { fill: red; scroll-behavior: smooth } ]]></style>`),
			svg(`<image href="data:image/png;base64,` + long + `"/>`),
			svg(`<image href="data:image/svg+xml;base64,AAAA"/>`),
			svg(`<animate attributeName="x" from="0" to="9" values="0;5;9"/>`),
			"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- Generator: of some kind -->\n" +
				`<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">` + svg("") + "\n<!-- end -->\n",
			"<svg " + svgNS + " width='9'/>",
		},
		"text/html": {
			`<!DOCTYPE html><html><head><title>Once</title><meta name="description" content="JavaScript: on and on"></head><body><p class=x>1 < 2 <img src="a.png" alt="once"></p></body></html>`,
			"<p>a fragment <a href=/x>x</a>",
		},
		"text/xml": {
			`<?xml version="1.0"?><root><script onload="x">a</script><a href="javascript:x">b</a></root>`,
			`<?xml version="1.0"?><!DOCTYPE root [<!ELEMENT root ANY><!ATTLIST root xmlns CDATA #FIXED ''>]><root/>`,
		},
	} {
		for _, d := range documents {
			t.Run(fmt.Sprintf("%.80s", d), func(t *testing.T) { honest(t, []byte(d), mediaType) })
		}
	}
}

func TestMarkupWithScriptIsFound(t *testing.T) {
	for _, d := range []string{
		svg(`<script>alert(1)</script>`),
		svg(`<SCRIPT href="x"/>`),
		`<svg:svg xmlns:svg="http://www.w3.org/2000/svg"><svg:script>x</svg:script></svg:svg>`,
		`<svg ` + svgNS + ` onload="x()"/>`,
		svg("<" + strings.Repeat("x", 100) + ":script>x</script>"),
		svg("<a " + strings.Repeat("x", 100) + ":href='javascript:x()'/>"),
		svg(`<rect/onclick=x>`),
		svg(`<a href="javascript:x()">x</a>`),
		svg(`<a xlink:href=" java&#x0A;script&colon;x()">x</a>`),
		svg(strings.Repeat(" ", 4<<10) + "<a href='\x01java\tscript:x()'>x</a>"), // the type shows at the beginning
		svg(`<a href="data:text/html,x">x</a>`),
		svg(`<a href="data:image/svg+xml;base64,x">x</a>`),
		svg(`<foreignObject><p/></foreignObject>`),
		svg(`<use href="https://example.com/a.svg#a"/>`),
		svg(`<set attributeName="href" to="x"/>`),
		svg(`<animate attributeName="onclick" to="x"/>`),
		svg(`<animate attributeName="x" values="0;javascript:x()"/>`),
		svg(`<style>a{background:url(javascript:x)}</style>`),
		svg(`<style>@\69mport "x";</style>`),
		svg(`<style>a{x:exp/**/ression(x)}</style>`),
		svg(`<rect style="x:expression(x)"/>`),
		// Each of these is script for one kind of parser, and none for another.
		svg(`<title><!--</title><script>x</script>--></title>`),
		svg(`<title><a b="</title><script>x</script>"></a></title>`),
		svg(`<style><!--</style><script>x</script>--></style>`),
		svg(`<![CDATA[><script>x</script>]]>`),
		svg(strings.Repeat(" ", 4<<10) + "<scr\x00ipt>x</script>"),
		`<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="#x"?>` + svg(""),
		`<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x "y">]>` + svg("&x;"),
		`<!DOCTYPE html><html><style/>@import "x";</style></html>`,
		`<!DOCTYPE html><html><body onload=x></body></html>`,
		`<html><meta http-equiv="Refresh" content="0;url=x"></html>`,
		`<html><base href="//x"></html>`,
		`<html><iframe srcdoc="x"></iframe></html>`,
		`<html><form action=javascript:x><button formaction=x></form></html>`,
		`<html><object data="x"></object></html>`,
		`<?xml version="1.0"?><root xmlns:x="http://www.w3.org/1999/xhtml"><x:script>x</x:script></root>`,
		`<?xml version="1.0"?><root><a onclick="x" xmlns="http://www.w3.org/&#50;000/svg"/></root>`,
		`<?xml version="1.0"?><!DOCTYPE a [<!ATTLIST a xmlns CDATA #FIXED "http://www.w3.org/1999/xhtml">]><a><script>x</script></a>`,
		`<?xml version="1.0"?><?xml-stylesheet href="x.xsl"?><root/>`,
		"\xef\xbb\xbf  <img src=x onerror=x>",
		"<object data=x></object>",
	} {
		t.Run(fmt.Sprintf("%.80s", d), func(t *testing.T) {
			if r, codes := document(t, []byte(d)); !slices.Contains(codes, file.MarkupScript) {
				t.Errorf("%s, findings: %v", r.Type, r.Findings)
			}
		})
	}
}

func TestUTF16IsRead(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		encode := func(s string) (b []byte) {
			for _, u := range utf16.Encode([]rune("\ufeff" + s)) {
				b = order.AppendUint16(b, u)
			}
			return b
		}
		if r, codes := document(t, encode(svg("<text>\U0001F600</text><script>x</script>"))); !slices.Contains(codes, file.MarkupScript) {
			t.Errorf("%s: %s, findings: %v", order, r.Type, r.Findings)
		}
		if r, codes := document(t, encode(svg("<text>\U0001F600</text>"))); len(codes) > 0 || !r.Coverage.Complete {
			t.Errorf("%s: %s, findings: %v", order, r.Type, r.Findings)
		}
		if r, codes := document(t, encode("hello <script>")); len(codes) > 0 || !r.Coverage.Complete {
			t.Errorf("%s: %s, findings: %v", order, r.Type, r.Findings)
		}
	}
}

func TestMarkupThatCannotBeToldIsNotComplete(t *testing.T) {
	for _, d := range []string{
		svg("<text>\x1b$B\x1b(B</text>"),
		svg(`<a style="` + strings.Repeat("x", 20<<10) + `"/>`),
		svg(`<a href="` + strings.Repeat("&#32;", 4<<10) + `javascript:x()">x</a>`),
		svg(`<a href="java` + strings.Repeat("\t", 20<<10) + `script:x()">x</a>`),
		svg(`<animate values="` + strings.Repeat("0;", 10<<10) + `javascript:x()"/>`),
		svg(strings.Repeat("<a b='", 40)),
	} {
		if r, codes := document(t, []byte(d)); r.Coverage.Complete || !slices.Contains(codes, file.Malformed) {
			t.Errorf("%.80q: complete %t, findings: %v", d, r.Coverage.Complete, r.Findings)
		}
	}
}

func TestAnSVGThatIsCutOffNeverPasses(t *testing.T) {
	neverSilent(t, []byte(`<?xml version="1.0"?><!-- by hand -->`+svg(`<g><path d="M0 0"></path></g><text>x</text>`)), "image/svg+xml", 0)
}

// FuzzMarkup holds the inspection of markup to its bounds.
func FuzzMarkup(f *testing.F) {
	f.Add([]byte(svg("<a b='<c d=\"<e f=g>\">'>")))
	f.Add([]byte("\xff\xfe<\x00a\x00>\x00"))
	f.Add([]byte(`<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]><a style="\65 /*">&x;</a>`))
	f.Add([]byte("<html><style>a{}</style><p onclick=x>"))
	f.Fuzz(func(t *testing.T, b []byte) {
		bounded(t, b)
		bounded(t, append([]byte("<html>"), b...))
		// Whatever precedes a tag, that tag is found.
		last := append(append([]byte("<html>"), b...), "<script >"...)
		if r, codes := document(t, last); r.Type == "text/html" && r.Coverage.Complete && !slices.Contains(codes, file.MarkupScript) {
			t.Errorf("findings: %v", r.Findings)
		}
	})
}
