package chaos

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"hash/crc64"
	"io"
	"math/rand/v2"
)

// content is the bytes of a file. Those of a large one are made anew each time,
// so that a run does not hold all that its clients send.
type content struct {
	size  int
	sum   string // SHA-256 in base64
	bytes func() []byte
}

func contentOf(data []byte) content {
	return content{len(data), checksum(data), func() []byte { return data }}
}

// made is the content that make makes, which makes the same each time.
func made(make func() []byte) content {
	data := make()
	return content{len(data), checksum(data), make}
}

func checksum(data []byte) string {
	sum := sha256.Sum256(data)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// nvme is the polynomial of CRC-64/NVME, reflected.
var nvme = crc64.MakeTable(0x9a6c9329ac4bc9b5)

func crc64nvme(data []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, crc64.Checksum(data, nvme)))
}

// noise makes bytes of no type: what begins like this begins like nothing else.
func noise(rng *rand.Rand, n int) []byte {
	data := []byte("\x00\x01vouch\x00")
	for len(data) < n {
		data = append(data, byte(rng.Uint32()))
	}
	return data
}

// muchNoise is noise of many bytes, which the seed makes soon.
func muchNoise(seed uint64, n int) []byte {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], seed)
	data := make([]byte, n)
	rand.NewChaCha8(key).Read(data) // fails never
	copy(data, "\x00\x01vouch\x00")
	return data
}

// across is a zip of n bytes at the least that stores malware so that the border
// between two parts cuts it in half.
func across(malware []byte, seed uint64, border, n int) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	store := func(name string, data []byte) error {
		// With its length and checksum in front, an entry has nothing but its data
		// behind its header.
		w, err := z.CreateRaw(&zip.FileHeader{
			Name: name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(data), CompressedSize64: uint64(len(data)), UncompressedSize64: uint64(len(data)),
		})
		if err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	}
	const header = 30 // bytes of a local file header before its name (APPNOTE.TXT, 4.3.7)
	const first, second, last = "a.bin", "b.com", "c.bin"
	before := border - len(malware)/2 - 2*header - len(first) - len(second)
	for _, e := range []struct {
		name string
		data []byte
	}{{first, muchNoise(seed, before)}, {second, malware}, {last, muchNoise(seed+1, max(n-border, 1))}} {
		if err := store(e.name, e.data); err != nil {
			return nil, fmt.Errorf("store %s: %w", e.name, err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	data := out.Bytes()
	if at := bytes.Index(data, malware); at >= border || at+len(malware) <= border {
		return nil, fmt.Errorf("the malware is at %d, and the border at %d", at, border)
	}
	return data, nil
}

// brokenOff is a body that ends in the middle of data, as one does whose client
// goes away.
func brokenOff(data []byte) io.Reader {
	return &cutBody{Reader: bytes.NewReader(data[:len(data)/2]), closer: io.NopCloser(nil), fault: CutInRequest}
}
