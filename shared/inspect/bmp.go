package inspect

import (
	"encoding/binary"
	"errors"
)

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
	// #nosec G115 -- the header's 32 bits are signed
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
