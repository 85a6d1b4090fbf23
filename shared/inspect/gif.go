package inspect

import (
	"encoding/binary"
	"errors"
)

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
