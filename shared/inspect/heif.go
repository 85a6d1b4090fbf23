package inspect

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// maxMeta is how long the description of an AVIF or HEIC may be.
const maxMeta = 256 << 10

// heif walks the boxes of an AVIF or HEIC (ISO/IEC 14496-12, 4.2, and 23008-12),
// and reads the sizes of all pictures that it describes. A picture that is put
// together of tiles has its own.
func (i *image) heif() error {
	data := false
	for {
		if _, err := i.Peek(1); err != nil {
			break
		}
		start := i.pos
		header, err := i.take(8)
		if err != nil {
			return err
		}
		size, kind := int64(binary.BigEndian.Uint32(header)), header[4:]
		data = data || string(kind) == "mdat"
		switch size {
		case 0: // to the end
			return i.rest(kind)
		case 1:
			long, err := i.take(8)
			if err != nil {
				return err
			}
			size = int64(binary.BigEndian.Uint64(long)) // #nosec G115 -- what turns negative is refused below
		}
		if !boxName(kind) || size < i.pos-start {
			if i.width == 0 {
				return errors.New("a box of no known form")
			}
			return errBehind
		}
		size -= i.pos - start
		if name := string(kind); name == "meta" || name == "moov" {
			if size > maxMeta {
				return errUnread
			}
			b, err := i.take(int(size))
			if err != nil {
				return err
			}
			if name == "moov" {
				i.tracks(b)
			} else if len(b) >= 4 {
				data = i.meta(b[4:]) || data
			}
			continue
		}
		if err := i.skip(size); err != nil {
			return err
		}
	}
	if !data {
		return errors.New("the compressed data is missing")
	}
	return nil
}

// rest takes the last box, which says no length.
func (i *image) rest(kind []byte) error {
	if string(kind) != "mdat" {
		return errors.New("a box of no known form")
	}
	i.drain()
	return nil
}

func boxName(kind []byte) bool {
	for _, c := range kind {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// meta reads the sizes out of the boxes of a meta box, and reports whether it
// has data of pictures in itself.
func (i *image) meta(b []byte) (data bool) {
	grids := bytes.Contains(b, []byte("grid"))
	boxes(b, func(kind string, b []byte) {
		data = data || kind == "idat" && len(b) > 0 && !grids
		switch {
		case kind == "iprp":
			boxes(b, func(kind string, b []byte) {
				if kind != "ipco" {
					return
				}
				boxes(b, func(kind string, b []byte) {
					if kind == "ispe" && len(b) >= 12 {
						i.picture(int64(binary.BigEndian.Uint32(b[4:])), int64(binary.BigEndian.Uint32(b[8:])))
					}
				})
			})
		case kind == "idat" && grids && len(b) >= 8 && b[0] == 0: // ImageGrid (23008-12, 6.6.2.3)
			if b[1]&1 == 0 {
				i.picture(int64(binary.BigEndian.Uint16(b[4:])), int64(binary.BigEndian.Uint16(b[6:])))
			} else if len(b) >= 12 {
				i.picture(int64(binary.BigEndian.Uint32(b[4:])), int64(binary.BigEndian.Uint32(b[8:])))
			}
		}
	})
	return data
}

// tracks reads the sizes of the tracks of a sequence of pictures.
func (i *image) tracks(b []byte) {
	boxes(b, func(kind string, b []byte) {
		if kind != "trak" {
			return
		}
		boxes(b, func(kind string, b []byte) {
			if n := len(b); kind == "tkhd" && n >= 84 { // the width and height stand last, as 16.16
				i.picture(int64(binary.BigEndian.Uint16(b[n-8:])), int64(binary.BigEndian.Uint16(b[n-4:])))
			}
		})
	})
}

// boxes calls f for each of the boxes that b is made of, with what is in it.
func boxes(b []byte, f func(kind string, b []byte)) {
	for len(b) >= 8 {
		size := int64(binary.BigEndian.Uint32(b))
		if size == 0 {
			size = int64(len(b))
		}
		if size < 8 || size > int64(len(b)) {
			return
		}
		f(string(b[4:8]), b[8:size])
		b = b[size:]
	}
}
