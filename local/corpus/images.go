package corpus

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

func drawing() *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for y := range 48 {
		for x := range 64 {
			m.Set(x, y, color.RGBA{uint8(x * 4), uint8(y * 5), uint8(x ^ y), 255})
		}
	}
	return m
}

func jpegPhoto(b *builder) []byte {
	var out bytes.Buffer
	b.check(jpeg.Encode(&out, drawing(), nil))
	return out.Bytes()
}

func pngPicture(b *builder) []byte {
	var out bytes.Buffer
	b.check(png.Encode(&out, drawing()))
	return out.Bytes()
}

func gifMoving(b *builder) []byte {
	palette := color.Palette{color.Black, color.White}
	frame := func(c uint8) *image.Paletted {
		m := image.NewPaletted(image.Rect(0, 0, 32, 32), palette)
		for i := range m.Pix {
			m.Pix[i] = uint8(i) & c & 1
		}
		return m
	}
	var out bytes.Buffer
	b.check(gif.EncodeAll(&out, &gif.GIF{Image: []*image.Paletted{frame(0), frame(1), frame(0)}, Delay: []int{10, 10, 10}}))
	return out.Bytes()
}

func tiffScan(b *builder) []byte {
	var out bytes.Buffer
	b.check(tiff.Encode(&out, drawing(), nil))
	return out.Bytes()
}

func bmpIcon(b *builder) []byte {
	var out bytes.Buffer
	b.check(bmp.Encode(&out, drawing()))
	return out.Bytes()
}

// webpPicture is a lossless WebP of one pixel ("WebP Lossless Bitstream
// Specification").
func webpPicture(*builder) []byte {
	vp8l := []byte{0x2f, 0x00, 0x00, 0x00, 0x00, 0x07, 0x10, 0x11, 0x11, 0x88, 0x88, 0xfe, 0x07, 0x00}
	return riff("WEBP", "VP8L", vp8l)
}

// riff is a RIFF file of one chunk.
func riff(form, id string, data []byte) []byte {
	var out bytes.Buffer
	out.WriteString("RIFF")
	binary.Write(&out, binary.LittleEndian, uint32(4+8+len(data)))
	out.WriteString(form + id)
	binary.Write(&out, binary.LittleEndian, uint32(len(data)))
	out.Write(data)
	return out.Bytes()
}

func avifPicture(*builder) []byte { return heif("avif", "av01", "avif", "mif1") }
func heicPhoto(*builder) []byte   { return heif("heic", "hvc1", "mif1", "heic") }

// heif is an ISO base media file with one still image of 64 by 48 pixels, as
// far as its boxes go (ISO/IEC 23008-12); the coded picture is noise.
func heif(brand, itemType string, compatible ...string) []byte {
	picture := noise(200)
	ispe := fullBox("ispe", 0, u32(64), u32(48))
	ipco := box("ipco", ispe)
	ipma := fullBox("ipma", 0, u32(1), u16(1), []byte{1, 0x81})
	infe := append(fullBox("infe", 2, u16(1), u16(0), []byte(itemType), []byte{0}), []byte(nil)...)
	iinf := fullBox("iinf", 0, u16(1), infe)
	pitm := fullBox("pitm", 0, u16(1))
	hdlr := fullBox("hdlr", 0, u32(0), []byte("pict"), make([]byte, 12), []byte{0})
	ftyp := box("ftyp", []byte(brand), u32(0), []byte(strings.Join(compatible, "")))
	meta := func(offset uint32) []byte {
		iloc := fullBox("iloc", 0, []byte{0x44, 0x00}, u16(1), u16(1), u16(0), u16(1), u32(offset), u32(uint32(len(picture))))
		return fullBox("meta", 0, hdlr, pitm, iloc, iinf, box("iprp", ipco, ipma))
	}
	offset := uint32(len(ftyp) + len(meta(0)) + 8)
	return bytes.Join([][]byte{ftyp, meta(offset), box("mdat", picture)}, nil)
}

func box(kind string, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	return bytes.Join([][]byte{u32(uint32(8 + len(body))), []byte(kind), body}, nil)
}

func fullBox(kind string, version byte, parts ...[]byte) []byte {
	return box(kind, append([][]byte{{version, 0, 0, 0}}, parts...)...)
}

func u16(n uint16) []byte { return binary.BigEndian.AppendUint16(nil, n) }
func u32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// pngHuge is a well-formed PNG whose header promises 200,000 by 200,000 pixels.
func pngHuge(*builder) []byte {
	var out bytes.Buffer
	out.WriteString("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, data []byte) {
		out.Write(u32(uint32(len(data))))
		out.WriteString(kind)
		out.Write(data)
		out.Write(u32(crc32.ChecksumIEEE(append([]byte(kind), data...))))
	}
	chunk("IHDR", bytes.Join([][]byte{u32(200_000), u32(200_000), {1, 0, 0, 0, 0}}, nil))
	chunk("IDAT", []byte{0x78, 0x9c, 0x03, 0, 0, 0, 0, 1})
	chunk("IEND", nil)
	return out.Bytes()
}

func gifHuge(b *builder) []byte {
	data := gifMoving(b)
	copy(data[6:], []byte{0xff, 0xff, 0xff, 0xff}) // width and height, 65535 each
	return data
}

// gifScript is an image to an image viewer, and a script to a <script> element:
// its width begins a comment that its trailer ends.
func gifScript(*builder) []byte {
	return []byte("GIF89a/*\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;*/=1;alert(document.domain)//")
}

func jpegWithZip(b *builder) []byte { return append(jpegPhoto(b), zipFolder(b)...) }
func pngWithPage(b *builder) []byte { return append(pngPicture(b), htmlPage(b)...) }
