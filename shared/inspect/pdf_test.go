package inspect_test

import (
	"bytes"
	"compress/zlib"
	"encoding/ascii85"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
)

// pdfOf returns a PDF of objects, numbered from 1, the first of them its catalog.
func pdfOf(objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	var places []int
	for i, o := range objects {
		places = append(places, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, p := range places {
		fmt.Fprintf(&b, "%010d 00000 n \n", p)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, start)
	return b.Bytes()
}

const (
	catalog = "<</Type/Catalog/Pages 2 0 R>>"
	pages   = "<</Type/Pages/Kids[3 0 R]/Count 1>>"
	page    = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>"
)

func streamOf(dict string, data []byte) string {
	return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", dict, len(data), data)
}

func deflate(b []byte) []byte {
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	z.Write(b)
	z.Close()
	return out.Bytes()
}

// objectStream returns the data of an object stream, and the part of its
// dictionary that tells of it.
func objectStream(objects ...string) (dict string, data []byte) {
	var index, body string
	for i, o := range objects {
		index += fmt.Sprintf("%d %d ", i+10, len(body))
		body += o + "\n"
	}
	return fmt.Sprintf("/Type/ObjStm/N %d/First %d", len(objects), len(index)), []byte(index + body)
}

const link = "<</S/URI/URI(https://developer.mozilla.org/en-US/docs/Web/JavaScript)>>"

func TestPDFsWithoutAnythingThatActsPass(t *testing.T) {
	dict, data := objectStream("<</Type/Annot/A "+link+">>", "(a \\( string)", "[1 2 <41>]")
	noise := make([]byte, 1<<20)
	rand.NewChaCha8([32]byte{1}).Read(noise)
	for name, b := range map[string][]byte{
		"plain":                       pdfOf(catalog, pages, page, streamOf("", []byte("BT (/JavaScript /Launch) Tj ET"))),
		"packed page":                 pdfOf(catalog, pages, page, streamOf("/Filter/FlateDecode", deflate([]byte("BT (Hello) Tj ET")))),
		"link to MDN":                 pdfOf(catalog, pages, page, link),
		"opens at a page":             pdfOf("<</Type/Catalog/Pages 2 0 R/OpenAction[3 0 R/Fit]>>", pages, page),
		"object stream":               pdfOf(catalog, pages, page, streamOf(dict+"/Filter/FlateDecode", deflate(data))),
		"plain objects":               pdfOf(catalog, pages, page, streamOf(dict, data)),
		"filter in an array":          pdfOf(catalog, pages, page, streamOf(dict+"/Filter[/FlateDecode]/DecodeParms<</Predictor 1>>", deflate(data))),
		"picture of noise":            pdfOf(catalog, pages, page, streamOf("/Subtype/Image/Filter/DCTDecode", noise)),
		"data without an end of line": pdfOf(catalog, pages, page, "<</Length 3>>stream\n/xyendstream", streamOf(dict, data)),
		"changed once":                slices.Concat(pdfOf(catalog, pages, page), []byte("1 0 obj\n"+catalog+"\nendobj\ntrailer<</Root 1 0 R>>\n%%EOF\r\n")),
	} {
		t.Run(name, func(t *testing.T) { honest(t, b, "application/pdf") })
	}
}

func TestAPDFThatActsIsFoundHoweverItIsWritten(t *testing.T) {
	const action = "<</S/JavaScript/JS(app.alert\\(1\\))>>"
	dict, data := objectStream("(x)", action)
	a85 := func(b []byte) []byte {
		var out bytes.Buffer
		e := ascii85.NewEncoder(&out)
		e.Write(b)
		e.Close()
		return append(out.Bytes(), "~>"...)
	}
	for name, b := range map[string][]byte{
		"plain":                       pdfOf(catalog, action),
		"escaped":                     pdfOf(catalog, "<</S /#4aav#61Script /J#53 (x)>>"),
		"behind a comment":            pdfOf(catalog, "<</S%x\n/JavaScript/JS 5 0 R>>"),
		"by reference":                pdfOf(catalog, "<</S 3 0 R>>", "/JavaScript"),
		"launch":                      pdfOf(catalog, "<</S/Launch/F(cmd.exe)>>"),
		"embedded file":               pdfOf("<</Type/Catalog/Names<</EmbeddedFiles 3 0 R>>>>"),
		"attachment":                  pdfOf(catalog, "<</Type/Annot/Subtype/FileAttachment/FS 5 0 R>>"),
		"file specification":          pdfOf(catalog, "<</Type/Filespec/EF<</F 5 0 R>>>>"),
		"rich media":                  pdfOf(catalog, "<</Subtype/RichMedia>>"),
		"XFA":                         pdfOf("<</Type/Catalog/AcroForm<</XFA 5 0 R>>>>"),
		"rendition":                   pdfOf(catalog, "<</S/Rendition/JS(x)>>"),
		"object stream":               pdfOf(catalog, streamOf(dict+"/Filter/FlateDecode", deflate(data))),
		"no type":                     pdfOf(catalog, streamOf(strings.Replace(dict, "/Type/ObjStm", "", 1)+"/Filter/FlateDecode", deflate(data))),
		"escaped filter":              pdfOf(catalog, streamOf(dict+"/F#69lter/Flate#44ecode", deflate(data))),
		"not packed":                  pdfOf(catalog, streamOf(dict, data)),
		"hexadecimal":                 pdfOf(catalog, streamOf(dict+"/Filter/ASCIIHexDecode", append([]byte(hex.EncodeToString(data)), '>'))),
		"base 85":                     pdfOf(catalog, streamOf(dict+"/Filter/ASCII85Decode", a85(data))),
		"twice packed":                pdfOf(catalog, streamOf(dict+"/Filter[/ASCII85Decode/FlateDecode]", a85(deflate(data)))),
		"carriage returns":            bytes.ReplaceAll(pdfOf(catalog, action), []byte("\n"), []byte("\r")),
		"in what looks like a stream": pdfOf(catalog, "<</K/V stream\n/EF 5 0 R>>"),
		"behind a stream without end": pdfOf("<<>>stream\nx", "<</EF 5 0 R>>"),
		"behind a commented number":   pdfOf("<<>>stream\nx\n2 0%y\nobj <</EF 5 0 R>>"),
		"action within a stream":      pdfOf("<<>>stream\n/S/JavaScript\nendstream"),
	} {
		t.Run(name, func(t *testing.T) {
			if r, codes := document(t, b); !slices.Contains(codes, file.PDFActive) {
				t.Errorf("findings: %v", r.Findings)
			}
		})
	}
}

func TestAPDFThatCannotBeToldIsNotComplete(t *testing.T) {
	dict, data := objectStream("(x)", link)
	packed := deflate(data)
	inString := []byte("10 0 11 3 (ab/JavaScript)")
	for name, c := range map[string]struct {
		b    []byte
		want file.Reason
	}{
		"encrypted":              {bytes.Replace(pdfOf(catalog), []byte("/Size"), []byte("/Encrypt 2 0 R/Size"), 1), file.Encrypted},
		"LZW":                    {pdfOf(catalog, streamOf(dict+"/Filter/LZWDecode", data)), file.ArchiveUnsupported},
		"predictor":              {pdfOf(catalog, streamOf(dict+"/Filter/FlateDecode/DecodeParms<</Predictor 12>>", packed)), file.ArchiveUnsupported},
		"filter elsewhere":       {pdfOf(catalog, streamOf(dict+"/Filter 9 0 R", packed)), file.ArchiveUnsupported},
		"two filters":            {pdfOf(catalog, streamOf(dict+"/Filter/FlateDecode/Filter null", packed)), file.ArchiveUnsupported},
		"first elsewhere":        {pdfOf(catalog, streamOf("/Type/ObjStm/First 9 0 R", data)), file.ArchiveUnsupported},
		"not what it says":       {pdfOf(catalog, streamOf(dict+"/Filter/FlateDecode", data)), file.Malformed},
		"broken":                 {pdfOf(catalog, streamOf(dict+"/Filter/FlateDecode", packed[:len(packed)/2])), file.Malformed},
		"object in a string":     {pdfOf(catalog, streamOf("/Type/ObjStm/N 2/First 10", inString)), file.Malformed},
		"objects behind the end": {pdfOf(catalog, streamOf("/Type/ObjStm/N 1/First 6", []byte("10 99 (x)"))), file.Malformed},
		"object in a comment":    {pdfOf(catalog, "%3 0 obj <</EF 4 0 R>>"), file.Malformed},
		"object in a literal":    {pdfOf(catalog, "(3 0 obj %) /S /JavaScript"), file.Malformed},
		"array left open":        {pdfOf(catalog, streamOf(dict+"/Filter/FlateDecode/X[", packed)), file.Malformed},
		"name in digits":         {pdfOf(catalog, "<41/EF 2 0 R>"), file.Malformed},
		"two ends":               {pdfOf(catalog, streamOf(dict, append(data, "endstream %)"...))), file.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			if r, codes := document(t, c.b); r.Coverage.Complete || !slices.Contains(codes, c.want) {
				t.Errorf("complete %t, findings: %v", r.Coverage.Complete, r.Findings)
			}
		})
	}
}

func TestAPDFIsOneFromItsFirstByteToItsLast(t *testing.T) {
	whole := pdfOf(catalog, pages, page)
	for name, c := range map[string]struct {
		b    []byte
		want file.Reason
	}{
		"begins later":     {append([]byte("GIF89a, or not"), whole...), file.Polyglot},
		"goes on":          {append(slices.Clone(whole), "<html>"...), file.Polyglot},
		"does not end":     {bytes.Replace(whole, []byte("%%EOF"), nil, 1), file.Malformed},
		"a zip at its end": {append(slices.Clone(whole), zipOf(t)...), file.Polyglot},
	} {
		t.Run(name, func(t *testing.T) {
			if r, codes := document(t, c.b); !slices.Contains(codes, c.want) {
				t.Errorf("findings: %v", r.Findings)
			}
		})
	}
}

func TestPDFsThatQpdfMadeAreRead(t *testing.T) {
	for name, active := range map[string]bool{"plain": false, "objects": false, "javascript": true} {
		b, err := os.ReadFile("testdata/pdf/" + name + ".pdf")
		if err != nil {
			t.Fatal(err)
		}
		if r, codes := document(t, b); slices.Contains(codes, file.PDFActive) != active || len(codes) > 1 || !r.Coverage.Complete {
			t.Errorf("%s: findings: %v", name, r.Findings)
		}
	}
}

func TestAPDFThatIsABombHitsTheLimits(t *testing.T) {
	var bomb bytes.Buffer
	z := zlib.NewWriter(&bomb)
	io.CopyN(z, strings.NewReader("10 0 "+strings.Repeat(" ", 100<<20)), 100<<20)
	z.Close()
	b := pdfOf(catalog, streamOf("/Type/ObjStm/N 1/First 5/Filter/FlateDecode", bomb.Bytes()))
	if r, codes := document(t, b); r.Coverage.Complete || !slices.Contains(codes, file.ArchiveRatio) {
		t.Errorf("complete %t, findings: %v", r.Coverage.Complete, r.Findings)
	}
}

func TestAPDFThatIsCutOffNeverPasses(t *testing.T) {
	dict, data := objectStream("(x)", link)
	neverSilent(t, pdfOf(catalog, pages, page, streamOf(dict+"/Filter/FlateDecode", deflate(data))), "application/pdf", 1)
}

// FuzzPDF holds the inspection of PDFs to its bounds.
func FuzzPDF(f *testing.F) {
	dict, data := objectStream("(x)", link)
	f.Add(pdfOf(catalog, pages, page))
	f.Add(pdfOf(catalog, streamOf(dict+"/Filter/FlateDecode", deflate(data))))
	f.Add(pdfOf(catalog, streamOf(dict+"/Filter[/ASCIIHexDecode/A85]", data)))
	f.Add([]byte("%PDF-1 1 0 obj<</First 5>>stream\r\n1 0 (x"))
	f.Fuzz(func(t *testing.T, b []byte) { bounded(t, append([]byte("%PDF-"), b...)) })
}

// FuzzPDFName finds the name of JavaScript in any case and with any escapes.
func FuzzPDFName(f *testing.F) {
	f.Add(uint64(0), uint64(0), "")
	f.Add(uint64(0x2a5), uint64(0x3ff), "/S ")
	f.Fuzz(func(t *testing.T, upper, escaped uint64, before string) {
		if strings.ContainsAny(before, "(<%") || strings.HasSuffix(before, "/Filter") || strings.Contains(before, "stream") {
			return // not plain syntax
		}
		var name strings.Builder
		for i, c := range []byte("javascript") {
			if upper>>i&1 == 1 {
				c &^= 0x20
			}
			if escaped>>i&1 == 1 {
				fmt.Fprintf(&name, "#%02x", c)
			} else {
				name.WriteByte(c)
			}
		}
		b := pdfOf("<</Type/Catalog " + before + "/" + name.String() + " 2 0 R>>")
		if r, codes := document(t, b); !slices.Contains(codes, file.PDFActive) {
			t.Errorf("%q: findings: %v", b, r.Findings)
		}
	})
}
