package inspect

import (
	"encoding/binary"
	"errors"
)

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
