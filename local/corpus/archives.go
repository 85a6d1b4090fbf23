package corpus

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
)

// entry is one entry of an archive to make.
type entry struct {
	name   string
	data   []byte
	stored bool
}

func (b *builder) zip(entries ...entry) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		if e.stored {
			h.Method = zip.Store
		}
		w, err := z.CreateHeader(h)
		b.check(err)
		if err == nil {
			_, err = w.Write(e.data)
			b.check(err)
		}
	}
	b.check(z.Close())
	return out.Bytes()
}

func (b *builder) gzip(name string, data []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Name = name
	_, err := z.Write(data)
	b.check(err)
	b.check(z.Close())
	return out.Bytes()
}

func (b *builder) tar(headers ...tar.Header) []byte {
	content := text(b)
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, h := range headers {
		h.Mode = 0o644
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(content))
		}
		b.check(w.WriteHeader(&h))
		if h.Typeflag == tar.TypeReg {
			_, err := w.Write(content)
			b.check(err)
		}
	}
	b.check(w.Close())
	return out.Bytes()
}

func folder(b *builder) []entry {
	return []entry{{name: "folder/"}, {name: "folder/notes.txt", data: text(b)}, {name: "folder/picture.png", data: pngPicture(b), stored: true}, {name: "folder/letter.pdf", data: pdfLetter(b)}}
}

func zipFolder(b *builder) []byte { return b.zip(folder(b)...) }

func tarFolder(b *builder) []byte {
	return b.tar(tar.Header{Typeflag: tar.TypeDir, Name: "folder/"}, tar.Header{Typeflag: tar.TypeReg, Name: "folder/notes.txt"}, tar.Header{Typeflag: tar.TypeSymlink, Name: "folder/link", Linkname: "notes.txt"})
}

func tarGzip(b *builder) []byte { return b.gzip("folder.tar", tarFolder(b)) }
func gzipLog(b *builder) []byte { return b.gzip("log", bytes.Repeat(text(b), 10)) }

func eicarZip(b *builder) []byte {
	return b.zip(entry{name: "readme.txt", data: text(b)}, entry{name: "e.com", data: eicarPlain(b)})
}

func eicarStored(b *builder) []byte {
	return b.zip(entry{name: "e.com", data: eicarPlain(b), stored: true})
}

func eicarNested(b *builder) []byte {
	return b.zip(entry{name: "outer.txt", data: text(b)}, entry{name: "inner.zip", data: b.zip(entry{name: "innermost.zip", data: eicarZip(b)})})
}

func eicarTarGzip(b *builder) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	data := eicarPlain(b)
	b.check(w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "e.com", Size: int64(len(data)), Mode: 0o644}))
	_, err := w.Write(data)
	b.check(err)
	b.check(w.Close())
	return b.gzip("e.tar", out.Bytes())
}

// eicarLast has EICAR behind more entries than others look at
// (awslabs/cdk-serverless-clamscan #533).
func eicarLast(b *builder) []byte {
	var entries []entry
	for i := range 10_001 {
		entries = append(entries, entry{name: fmt.Sprint(i), stored: true})
	}
	return b.zip(append(entries, entry{name: "e.com", data: eicarPlain(b), stored: true})...)
}

func manyZip(b *builder) []byte {
	var entries []entry
	for i := range 10_001 {
		entries = append(entries, entry{name: fmt.Sprint(i), data: []byte("x"), stored: true})
	}
	return b.zip(entries...)
}

func deepZip(b *builder) []byte {
	data := text(b)
	for i := range 8 {
		data = b.zip(entry{name: fmt.Sprintf("%d.zip", i), data: data})
	}
	return data
}

// zerosZip has one entry of 600 MiB of zeros: clamd alone calls such a file
// clean, past its limits (Cisco-Talos/clamav #722).
func zerosZip(b *builder) []byte {
	return b.zipOfZeros(600 << 20)
}

func (b *builder) zipOfZeros(n int) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	w, err := z.Create("zeros")
	b.check(err)
	if err == nil {
		b.zeros(w, n)
	}
	b.check(z.Close())
	return out.Bytes()
}

func zerosGzip(b *builder) []byte {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		b.check(err)
		return nil
	}
	b.zeros(z, 600<<20)
	b.check(z.Close())
	return out.Bytes()
}

func (b *builder) zeros(w io.Writer, n int) {
	chunk := make([]byte, 1<<20)
	for range n >> 20 {
		if _, err := w.Write(chunk); err != nil {
			b.check(err)
			return
		}
	}
}

// nestedBomb is built like 42.zip: the same small archive many times at each level.
func nestedBomb(b *builder) []byte {
	data := b.zipOfZeros(64 << 20)
	for range 3 {
		var entries []entry
		for i := range 16 {
			entries = append(entries, entry{name: fmt.Sprintf("lib %d.zip", i), data: data})
		}
		data = b.zip(entries...)
	}
	return data
}

func programInZip(b *builder) []byte {
	return b.zip(entry{name: "readme.txt", data: text(b)}, entry{name: "setup.exe", data: windowsProgram(b)})
}

func zipUp(b *builder) []byte {
	return b.zip(entry{name: "a.txt", data: text(b)}, entry{name: "../../home/user/.profile", data: text(b)})
}

func tarAbsolute(b *builder) []byte {
	return b.tar(tar.Header{Typeflag: tar.TypeReg, Name: "/etc/cron.d/job"})
}

func tarLink(b *builder) []byte {
	return b.tar(tar.Header{Typeflag: tar.TypeSymlink, Name: "folder/link", Linkname: "../../etc/passwd"}, tar.Header{Typeflag: tar.TypeReg, Name: "folder/a.txt"})
}

func sevenZip(*builder) []byte {
	return append([]byte("7z\xbc\xaf\x27\x1c\x00\x04"), noise(500)...)
}

// rawZip makes an archive of stored entries with every header as it is told.
type rawZip struct {
	out     bytes.Buffer
	central bytes.Buffer
	entries uint16
}

// local writes a local header and its data, and returns the offset of the header.
func (z *rawZip) local(name string, data []byte, flags, method uint16, extra []byte) (offset uint32) {
	offset = uint32(z.out.Len())
	z.out.WriteString("PK\x03\x04")
	z.header(&z.out, data, flags, method)
	for _, n := range []uint16{uint16(len(name)), uint16(len(extra))} {
		binary.Write(&z.out, binary.LittleEndian, n)
	}
	z.out.WriteString(name)
	z.out.Write(extra)
	z.out.Write(data)
	return offset
}

// directory writes a central header.
func (z *rawZip) directory(name string, data []byte, flags, method uint16, extra []byte, offset uint32) {
	z.entries++
	z.central.WriteString("PK\x01\x02\x14\x00")
	z.header(&z.central, data, flags, method)
	for _, v := range []any{uint16(len(name)), uint16(len(extra)), uint16(0), uint16(0), uint16(0), uint32(0), offset} {
		binary.Write(&z.central, binary.LittleEndian, v)
	}
	z.central.WriteString(name)
	z.central.Write(extra)
}

func (z *rawZip) header(w *bytes.Buffer, data []byte, flags, method uint16) {
	for _, v := range []any{uint16(20), flags, method, uint16(0), uint16(0x21), crc32.ChecksumIEEE(data), uint32(len(data)), uint32(len(data))} {
		binary.Write(w, binary.LittleEndian, v)
	}
}

func (z *rawZip) both(name string, data []byte, flags, method uint16, extra []byte) {
	z.directory(name, data, flags, method, extra, z.local(name, data, flags, method, extra))
}

func (z *rawZip) end() []byte {
	start := uint32(z.out.Len())
	z.out.Write(z.central.Bytes())
	z.out.WriteString("PK\x05\x06\x00\x00\x00\x00")
	for _, v := range []any{z.entries, z.entries, uint32(z.central.Len()), start, uint16(0)} {
		binary.Write(&z.out, binary.LittleEndian, v)
	}
	return z.out.Bytes()
}

func passwordZip(*builder) []byte {
	var z rawZip
	z.both("secret.txt", noise(300), 1, 0, nil)
	return z.end()
}

func aesZip(*builder) []byte {
	var z rawZip
	z.both("secret.txt", noise(300), 1, 99, []byte{0x01, 0x99, 7, 0, 2, 0, 'A', 'E', 3, 0, 0})
	return z.end()
}

func oddMethodZip(*builder) []byte {
	var z rawZip
	z.both("a.txt", noise(300), 0, 14, nil) // LZMA
	return z.end()
}

// zipHiddenEntry has an entry that only readers of a stream see.
func zipHiddenEntry(b *builder) []byte {
	var z rawZip
	z.both("a.txt", text(b), 0, 0, nil)
	z.local("program.txt", noise(300), 0, 0, nil)
	z.both("b.txt", text(b), 0, 0, nil)
	return z.end()
}

func zipTwoDirectories(b *builder) []byte {
	first := b.zip(entry{name: "a.txt", data: text(b), stored: true})
	second := b.zip(entry{name: "b.txt", data: noise(300), stored: true})
	return append(first, second...)
}

func zipPrefix(b *builder) []byte {
	return append([]byte("PK\x03\x04 is how a zip begins\n"), zipFolder(b)...)
}

// zipOtherName calls one entry by two names.
func zipOtherName(b *builder) []byte {
	var z rawZip
	offset := z.local("picture.png", text(b), 0, 0, nil)
	z.directory("picture.exe", text(b), 0, 0, nil, offset)
	return z.end()
}
