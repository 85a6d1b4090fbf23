package inspect

import (
	"encoding/binary"
	"errors"
)

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
		var b []byte
		if b, err = i.take(2); err != nil {
			return err
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
