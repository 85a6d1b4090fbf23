// Package corpus makes files, good and bad, of which it is known what
// verification has to make of them. The files are made, not stored: a
// repository that holds EICAR is quarantined by the scanners of those who clone
// it.
package corpus

import (
	"embed"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Sample is one file and what is expected of it.
type Sample struct {
	Name        string `yaml:"name"`        // as it is uploaded
	ContentType string `yaml:"contentType"` // as it is declared

	// Reason is why the file is rejected; empty for a file that is to be ready.
	Reason string `yaml:"reason"`

	// Inspection is what the inspection alone finds, where that is not the reason.
	Inspection string `yaml:"inspection"`

	// Detected is the type that the bytes are found to be.
	Detected string `yaml:"detected"`

	// About says what is in the file.
	About string `yaml:"about"`
}

//go:embed corpus.yaml
var table embed.FS

// Samples returns the table of corpus.yaml, which docs/verification.md shows too.
func Samples() ([]Sample, error) {
	data, err := table.ReadFile("corpus.yaml")
	if err != nil {
		return nil, err
	}
	var samples []Sample
	if err := yaml.Unmarshal(data, &samples); err != nil {
		return nil, fmt.Errorf("read the table of the corpus: %w", err)
	}
	return samples, nil
}

// Bytes makes the file of the sample, the same every time.
func (s Sample) Bytes() ([]byte, error) {
	maker, ok := makers[s.Name]
	if !ok {
		return nil, fmt.Errorf("there is no maker of %s", s.Name)
	}
	b := new(builder)
	data := maker(b)
	if b.err != nil {
		return nil, fmt.Errorf("make %s: %w", s.Name, b.err)
	}
	return data, nil
}

// builder keeps the first error of making a file, so that makers read as what
// they make.
type builder struct{ err error }

func (b *builder) check(err error) {
	if b.err == nil {
		b.err = err
	}
}

// maker makes one file.
type maker func(b *builder) []byte

// makers are the files by name.
var makers = map[string]maker{
	// Clean ones of the types that people send.
	"photo.jpg": jpegPhoto, "picture.png": pngPicture, "moving.gif": gifMoving, "scan.tiff": tiffScan, "icon.bmp": bmpIcon,
	"picture.webp": webpPicture, "picture.avif": avifPicture, "photo.heic": heicPhoto,
	"letter.pdf": pdfLetter, "report.docx": docxReport, "table.xlsx": xlsxTable, "slides.pptx": pptxSlides, "letter.odt": odtLetter,
	"notes.txt": text, "notes.md": markdown, "table.csv": csvTable, "data.json": jsonData,
	"folder.zip": zipFolder, "folder.tar": tarFolder, "folder.tar.gz": tarGzip, "log.gz": gzipLog,
	"song.mp3": mp3Song, "sound.wav": wavSound, "sound.ogg": oggSound, "film.mp4": mp4Film, "film.mov": movFilm, "film.webm": webmFilm,
	"random.bin": randomBytes,

	// Malware, wherever it hides.
	"eicar.com": eicarPlain, "eicar.txt": eicarPlain, "eicar.zip": eicarZip, "eicar-stored.zip": eicarStored,
	"eicar-nested.zip": eicarNested, "eicar.tar.gz": eicarTarGzip, "eicar-last.zip": eicarLast,

	// What cannot be looked into, or unpacks without end.
	"password.zip": passwordZip, "aes.zip": aesZip, "password.docx": passwordDocument, "password.xls": passwordDocument, "password.pdf": passwordPDF,
	"zeros.zip": zerosZip, "42.zip": nestedBomb, "deep.zip": deepZip, "many.zip": manyZip, "zeros.gz": zerosGzip, "bomb.pdf": pdfBomb,
	"files.7z": sevenZip, "method.zip": oddMethodZip,

	// What acts.
	"program.exe": windowsProgram, "program": elfProgram, "script.sh": shellScript, "program-in.zip": programInZip,
	"report.docm": docmReport, "macros.docx": docmReport, "template.docx": remoteTemplate, "table.xls": xlsMacros,
	"script.pdf": pdfScript, "escaped.pdf": pdfEscaped, "hidden.pdf": pdfHidden, "launch.pdf": pdfLaunch,
	"drawing.svg": svgScript, "handler.svg": svgHandler, "page.html": htmlPage,

	// What lies about itself.
	"program.png": windowsProgram, "page.png": htmlPage, "picture.pdf": pngPicture, "letter.jpg": pdfLetter, "page.txt": htmlPage,
	"drawing.png": svgHandler, "archive.jpg": zipFolder, "report.pdf": docxReport,
	"alert.gif": gifScript, "photo-zip.jpg": jpegWithZip, "picture-page.png": pngWithPage, "letter-zip.pdf": pdfWithZip,
	"hidden.zip": zipHiddenEntry, "two.zip": zipTwoDirectories, "prefix.zip": zipPrefix, "names.zip": zipOtherName,

	// What harms whoever opens it.
	"up.zip": zipUp, "absolute.tar": tarAbsolute, "link.tar": tarLink, "huge.png": pngHuge, "huge.gif": gifHuge,

	// What is cut off.
	"cut.png": cut(pngPicture), "cut.jpg": cut(jpegPhoto), "cut.gif": cut(gifMoving), "cut.pdf": cut(pdfLetter),
	"cut.zip": cut(zipFolder), "cut.tar.gz": cut(tarGzip), "cut.docx": cut(docxReport),
}

// cut makes the first two thirds of a file.
func cut(m maker) maker {
	return func(b *builder) []byte {
		whole := m(b)
		return whole[:len(whole)*2/3]
	}
}
