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
