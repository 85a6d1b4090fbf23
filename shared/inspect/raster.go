package inspect

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math"
)

// png walks the chunks of a PNG (W3C PNG 3, 5.2) to the last one, IEND.
func (i *image) png() error {
	const signature = 8
	if err := i.skip(signature); err != nil {
		return err
	}
	for first := true; ; first = false {
		header, err := i.take(8)
		if err != nil {
			return err
		}
		size, kind := int64(binary.BigEndian.Uint32(header)), string(header[4:])
		if size > math.MaxInt32 {
			return errors.New("a chunk is longer than any can be")
		}
		if first != (kind == "IHDR") {
			return errors.New("the header is not the first chunk")
		}
		sum := crc32.NewIEEE()
		sum.Write(header[4:])
		if first {
			if size != 13 {
				return errors.New("the header is of no known size")
			}
			h, err := i.take(13)
			if err != nil {
				return err
			}
			sum.Write(h)
			i.picture(int64(binary.BigEndian.Uint32(h)), int64(binary.BigEndian.Uint32(h[4:])))
		} else if _, err := io.CopyN(sum, i.Reader, size); err != nil {
			return err
		}
		check, err := i.take(4)
		if err != nil {
			return err
		}
		if binary.BigEndian.Uint32(check) != sum.Sum32() {
			return errors.New("the checksum of a chunk is wrong")
		}
		if kind == "IEND" {
			return i.end()
		}
	}
}

// gif walks the blocks of a GIF (GIF89a specification, appendix A) to its trailer.
func (i *image) gif() error {
	screen, err := i.take(13)
	if err != nil {
		return err
	}
	i.picture(int64(binary.LittleEndian.Uint16(screen[6:])), int64(binary.LittleEndian.Uint16(screen[8:])))
	if err := i.skip(colorTable(screen[10])); err != nil {
		return err
	}
	for {
		kind, err := i.take(1)
		if err != nil {
			return err
		}
		switch kind[0] {
		case ';':
			return i.end()
		case '!': // an extension: its label, then its blocks
			err = i.skip(1)
		case ',':
			var d []byte
			if d, err = i.take(9); err != nil {
				return err
			}
			u := func(n int) int64 { return int64(binary.LittleEndian.Uint16(d[n:])) }
			i.picture(u(0)+u(4), u(2)+u(6))
			err = i.skip(colorTable(d[8]) + 1)
		default:
			return errors.New("a block of no known kind")
		}
		if err != nil {
			return err
		}
		for size := byte(1); size != 0; {
			if size, err = i.ReadByte(); err != nil {
				return err
			}
			if err := i.skip(int64(size)); err != nil {
				return err
			}
		}
	}
}

// colorTable returns the size of the color table that a descriptor's flags tell of.
func colorTable(flags byte) int64 {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// jpeg walks the segments of a JPEG (ITU-T T.81, B.1 and B.2) to the end of the image.
//
// What may follow is that of cameras: further pictures (CIPA DC-007, MPF), a
// video (motion photos), or a trailer of the maker's own. It must not be of a
// kind that is inspected for other reasons than being a picture.
func (i *image) jpeg() error {
	if err := i.skip(2); err != nil {
		return err
	}
	c, err := i.ReadByte()
	for {
		if err != nil {
			return err
		}
		if c != 0xff {
			return errors.New("a segment does not begin with a marker")
		}
		for c == 0xff && err == nil {
			c, err = i.ReadByte()
		}
		if err != nil {
			return err
		}
		marker := c
		switch {
		case marker == 0xd9: // EOI
			return i.behindJPEG()
		case marker == 0x01, marker >= 0xd0 && marker <= 0xd8: // TEM, RSTn, SOI: no segment
			c, err = i.ReadByte()
			continue
		case marker == 0:
			return errors.New("a segment does not begin with a marker")
		}
		b, err2 := i.take(2)
		if err2 != nil {
			return err2
		}
		size := int64(binary.BigEndian.Uint16(b)) - 2
		if size < 0 {
			return errors.New("a segment is shorter than any can be")
		}
		if frame(marker) && size >= 5 {
			f, err := i.take(5)
			if err != nil {
				return err
			}
			i.picture(int64(binary.BigEndian.Uint16(f[3:])), int64(binary.BigEndian.Uint16(f[1:])))
			size -= 5
		}
		if err := i.skip(size); err != nil {
			return err
		}
		c, err = i.ReadByte()
		if marker != 0xda { // SOS
			continue
		}
		// The compressed data: a marker in it is followed by zero, or is a restart.
		for err == nil {
			if c != 0xff {
				c, err = i.ReadByte()
				continue
			}
			next, peekErr := i.Peek(1)
			if peekErr != nil {
				return peekErr
			}
			if next[0] != 0 && (next[0] < 0xd0 || next[0] > 0xd7) {
				break
			}
			c, err = i.ReadByte()
		}
	}
}

// frame reports whether a marker is one of a frame's header: SOF0 to SOF15.
func frame(marker byte) bool {
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc
}

// behindJPEG looks at what follows the end of a JPEG.
func (i *image) behindJPEG() error {
	head, _ := i.Peek(sniffed)
	k := typeOf(head)
	switch k.String() {
	case "image/jpeg", "text/plain", "application/json":
		return nil
	}
	if inspectorOf(k) != nil {
		return errBehind
	}
	return nil
}

// webp walks the chunks of a WebP (RFC 9649, 2.3 to 2.7).
func (i *image) webp() error {
	riff, err := i.take(12)
	if err != nil {
		return err
	}
	end := 8 + int64(binary.LittleEndian.Uint32(riff[4:]))
	for i.pos+8 <= end {
		header, err := i.take(8)
		if err != nil {
			return err
		}
		size := int64(binary.LittleEndian.Uint32(header[4:]))
		next := i.pos + size + size&1
		if next > end {
			return errors.New("a chunk is longer than the file says it is")
		}
		known := map[string]int{"VP8 ": 10, "VP8L": 5, "VP8X": 10, "ANMF": 16}[string(header[:4])]
		if known > 0 {
			if size < int64(known) {
				return errors.New("a chunk is shorter than its header")
			}
			b, err := i.take(known)
			if err != nil {
				return err
			}
			i.picture(webpSize(string(header[:4]), b))
		}
		if err := i.skip(next - i.pos); err != nil {
			return err
		}
	}
	if err := i.skip(end - i.pos); err != nil {
		return err
	}
	return i.end()
}

// webpSize returns the width and height that the header of a chunk tells.
func webpSize(kind string, b []byte) (width, height int64) {
	u24 := func(b []byte) int64 { return int64(b[0]) | int64(b[1])<<8 | int64(b[2])<<16 }
	switch kind {
	case "VP8 ":
		return int64(binary.LittleEndian.Uint16(b[6:]) & 0x3fff), int64(binary.LittleEndian.Uint16(b[8:]) & 0x3fff)
	case "VP8L":
		bits := int64(binary.LittleEndian.Uint32(b[1:]))
		return bits&0x3fff + 1, bits>>14&0x3fff + 1
	case "VP8X":
		return u24(b[4:]) + 1, u24(b[7:]) + 1
	}
	x, y := 2*u24(b), 2*u24(b[3:]) // ANMF: a frame, and its place on the canvas
	return x + u24(b[6:]) + 1, y + u24(b[9:]) + 1
}

// bmp looks at the headers of a BMP (BITMAPFILEHEADER, BITMAPINFOHEADER and what
// has grown out of it), and whether the pixels are all there.
func (i *image) bmp() error {
	const least = 14 + 16
	h, err := i.take(least)
	if err != nil {
		return err
	}
	u := func(n int) int64 { return int64(binary.LittleEndian.Uint32(h[n:])) }
	said, pixels, header := u(2), u(10), u(14)
	width, height := int64(int32(u(18))), int64(int32(u(22)))
	if height < 0 { // from the top down
		height = -height
	}
	if width <= 0 || height == 0 {
		return errors.New("the image has no pixels")
	}
	i.picture(width, height)
	if i.pixels() > 1<<40 {
		return errors.New("more pixels than can be there")
	}
	depth := int64(binary.LittleEndian.Uint16(h[28:]))
	if depth > 64 {
		return errors.New("pixels of no known depth")
	}
	end := pixels
	if header >= 20 {
		c, err := i.take(4)
		if err != nil {
			return err
		}
		switch binary.LittleEndian.Uint32(c) {
		case 0, 3, 6: // not compressed: rows of whole words
			end += (width*depth + 31) / 32 * 4 * height
		default:
			end = max(end+1, said)
		}
	}
	if err := i.skip(max(0, end-i.pos)); err != nil {
		return err
	}
	if said > i.pos { // a color profile behind the pixels
		if err := i.skip(said - i.pos); err != nil {
			return err
		}
	}
	return i.end()
}

// tiff walks the directories of a TIFF (TIFF 6.0, section 2): those that lie
// behind the one that names them, as writers put them that write in one pass.
// The format has no end. What a directory points at must be there.
func (i *image) tiff() error {
	h, err := i.take(8)
	if err != nil {
		return err
	}
	var order binary.ByteOrder = binary.LittleEndian
	if h[0] == 'M' {
		order = binary.BigEndian
	}
	const maxPages, maxFields = 1 << 16, 1 << 12
	end := int64(0)
	next := int64(order.Uint32(h[4:]))
	if next == 0 {
		return errors.New("no directory")
	}
	for page := 0; next != 0; page++ {
		if next < i.pos || page == maxPages {
			return errUnread
		}
		if err := i.skip(next - i.pos); err != nil {
			return err
		}
		b, err := i.take(2)
		if err != nil {
			return err
		}
		fields := int(order.Uint16(b))
		if fields == 0 || fields > maxFields {
			return errors.New("a directory of no likely size")
		}
		if b, err = i.take(12*fields + 4); err != nil {
			return err
		}
		var d tiffDirectory
		for ; len(b) > 4; b = b[12:] {
			d.field(order, b)
		}
		if d.width == 0 || d.height == 0 {
			return errors.New("a picture has no pixels")
		}
		i.picture(d.width, d.height)
		end = max(end, d.end, d.strip+d.stripSize)
		next = int64(order.Uint32(b))
	}
	return i.skip(max(0, end-i.pos))
}

// tiffDirectory is what matters of a directory.
type tiffDirectory struct {
	width, height    int64
	strip, stripSize int64 // of a picture of one strip
	end              int64 // of the values that lie elsewhere
}

func (d *tiffDirectory) field(order binary.ByteOrder, b []byte) {
	tag, kind, count := order.Uint16(b), order.Uint16(b[2:]), int64(order.Uint32(b[4:]))
	value := int64(order.Uint32(b[8:]))
	sizes := []int64{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4}
	if int(kind) >= len(sizes) {
		return
	}
	if size := sizes[kind] * count; size > 4 {
		d.end = max(d.end, value+size)
		return
	}
	switch kind {
	case 3:
		value = int64(order.Uint16(b[8:]))
	case 1:
		value = int64(b[8])
	}
	switch {
	case tag == 256:
		d.width = value
	case tag == 257:
		d.height = value
	case tag == 273 && count == 1:
		d.strip = value
	case tag == 279 && count == 1:
		d.stripSize = value
	}
}
