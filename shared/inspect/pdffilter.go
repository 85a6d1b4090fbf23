package inspect

import (
	"io"
)

// asciiHex undoes ASCIIHexDecode (ISO 32000-1, 7.4.2). What is no digit is
// passed over.
type asciiHex struct {
	r     io.Reader
	ended bool
}

func (a *asciiHex) Read(p []byte) (int, error) {
	if a.ended || len(p) == 0 {
		return 0, io.EOF
	}
	var digits, value int
	for digits < 2 {
		c, err := readByte(a.r)
		if err != nil {
			return 0, err
		}
		if d := hexDigit(c); d >= 0 {
			value, digits = value<<4|d, digits+1
		} else if c == '>' {
			a.ended = true
			if digits == 0 {
				return 0, io.EOF
			}
			value, digits = value<<4, 2
		}
	}
	p[0] = byte(value)
	return 1, nil
}

// ascii85 undoes ASCII85Decode (ISO 32000-1, 7.4.3).
type ascii85 struct {
	r     io.Reader
	out   []byte
	ended bool
}

func (a *ascii85) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(a.out) == 0 {
		if a.ended {
			return 0, io.EOF
		}
		if err := a.group(); err != nil {
			return 0, err
		}
	}
	n := copy(p, a.out)
	a.out = a.out[n:]
	return n, nil
}

func (a *ascii85) group() error {
	var digits int
	var value uint32
	for digits < 5 {
		c, err := readByte(a.r)
		switch {
		case err != nil:
			return err
		case c >= '!' && c <= 'u':
			value, digits = value*85+uint32(c-'!'), digits+1
		case c == 'z' && digits == 0:
			digits = 5
		case c == '~':
			a.ended = true
			if digits < 2 {
				return nil
			}
			left := digits
			for ; digits < 5; digits++ {
				value = value*85 + 84
			}
			a.out = []byte{byte(value >> 24), byte(value >> 16), byte(value >> 8), byte(value)}[:left-1] // #nosec G115 -- its four bytes
			return nil
		}
	}
	a.out = []byte{byte(value >> 24), byte(value >> 16), byte(value >> 8), byte(value)}
	return nil
}

func readByte(r io.Reader) (byte, error) {
	if b, ok := r.(io.ByteReader); ok {
		return b.ReadByte()
	}
	var b [1]byte
	_, err := io.ReadFull(r, b[:])
	return b[0], err
}

// hexDigit returns the value of a hexadecimal digit, or -1.
func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
