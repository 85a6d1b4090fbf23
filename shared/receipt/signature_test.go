package receipt

import (
	"bytes"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"
)

func der(t testing.TB, r, s *big.Int) []byte {
	t.Helper()
	data, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestASignatureKeepsItsLeadingZeros(t *testing.T) {
	full := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	for _, r := range []*big.Int{big.NewInt(1), big.NewInt(127), big.NewInt(128), big.NewInt(256), new(big.Int).Rsh(full, 8), new(big.Int).Rsh(full, 1), full} {
		for _, s := range []*big.Int{big.NewInt(1), big.NewInt(128), new(big.Int).Rsh(full, 15), full} {
			raw, err := rawSignature(der(t, r, s))
			if err != nil || len(raw) != 64 || new(big.Int).SetBytes(raw[:32]).Cmp(r) != 0 || new(big.Int).SetBytes(raw[32:]).Cmp(s) != 0 {
				t.Errorf("r %x, s %x: %x, %v", r, s, raw, err)
			}
		}
	}
}

func TestASignatureThatIsNotOfP256IsRefused(t *testing.T) {
	tooLarge := new(big.Int).Lsh(big.NewInt(1), 256)
	one := big.NewInt(1)
	good := der(t, one, one)
	for name, data := range map[string][]byte{
		"nothing":          nil,
		"r zero":           der(t, new(big.Int), one),
		"s zero":           der(t, one, new(big.Int)),
		"r negative":       der(t, big.NewInt(-1), one),
		"r too large":      der(t, tooLarge, one),
		"s too large":      der(t, one, tooLarge),
		"something behind": append(good, 0),
		"cut off":          good[:len(good)-1],
		"r with zeros":     {0x30, 7, 2, 2, 0, 1, 2, 1, 1},
		"a long length":    {0x30, 0x81, 6, 2, 1, 1, 2, 1, 1},
		"no end":           {0x30, 0x80, 2, 1, 1, 2, 1, 1, 0, 0},
		"a raw signature":  bytes.Repeat([]byte{1}, 64),
		"three numbers":    {0x30, 9, 2, 1, 1, 2, 1, 1, 2, 1, 1},
		"a set":            {0x31, 6, 2, 1, 1, 2, 1, 1},
	} {
		if raw, err := rawSignature(data); err == nil {
			t.Errorf("%s: %x", name, raw)
		}
	}
}

func FuzzRawSignature(f *testing.F) {
	for _, s := range []string{"3006020101020101", "30080202008002020080", "3006020101020101" + "00", "300702020001020101"} {
		data, err := hex.DecodeString(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(strings.Repeat("0", 72)))
	f.Fuzz(func(t *testing.T, data []byte) {
		raw, err := rawSignature(data)
		if err != nil {
			return
		}
		// DER is one text for one value.
		again := der(t, new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:]))
		if len(raw) != 64 || !bytes.Equal(again, data) {
			t.Errorf("%x was read as %x, which is %x", data, raw, again)
		}
	})
}
