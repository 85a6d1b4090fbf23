package client

import (
	"testing"

	"github.com/minio/crc64nvme"
)

func TestTheChecksumIsTheOneThatS3Means(t *testing.T) {
	// The check value of CRC-64/NVME ("Catalogue of parametrised CRC algorithms", reveng).
	if got := crc64nvme.Checksum([]byte("123456789")); got != 0xae8b14860a799888 {
		t.Errorf("%x", got)
	}
	if got := encodeCRC(0xae8b14860a799888); got != "rosUhgp5mIg=" {
		t.Error(got)
	}
}

func FuzzChecksumsOfPartsMakeThatOfTheWhole(f *testing.F) {
	f.Add([]byte(""), []byte(""))
	f.Add([]byte("1234"), []byte("56789"))
	f.Add(make([]byte, 1<<20), []byte{1})
	f.Add([]byte{1}, make([]byte, 1<<20+3))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		whole := crc64nvme.Checksum(append(a[:len(a):len(a)], b...))
		if got := combineCRC(crc64nvme.Checksum(a), crc64nvme.Checksum(b), int64(len(b))); got != whole {
			t.Errorf("%x of %d and %d bytes, want %x", got, len(a), len(b), whole)
		}
	})
}
