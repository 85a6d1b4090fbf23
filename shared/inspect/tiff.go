package inspect

import (
	"encoding/binary"
	"errors"
)

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
