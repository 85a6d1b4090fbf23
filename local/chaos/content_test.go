package chaos

import (
	"archive/zip"
	"bytes"
	"io"
	"testing"
)

func TestMalwareLiesAcrossTheBorderOfTwoParts(t *testing.T) {
	malware := []byte("this stands for what a scanner finds")
	data, err := across(malware, 1, 10_000, 15_000)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data[:10_000], malware) || bytes.Contains(data[10_000:], malware) || !bytes.Contains(data, malware) {
		t.Error("it is within one part")
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := z.Open("b.com")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, malware) {
		t.Errorf("%q %v", got, err)
	}
	if again, err := across(malware, 1, 10_000, 15_000); err != nil || !bytes.Equal(again, data) {
		t.Error("it is another zip each time")
	}
}

// The CRC-64/NVME of "123456789" is the check value of its catalogue entry
// ("CRC-64/NVME", Catalogue of parametrised CRC algorithms).
func TestTheChecksumOfPartsIsCRC64NVME(t *testing.T) {
	if got := crc64nvme([]byte("123456789")); got != "rosUhgp5mIg=" {
		t.Error(got)
	}
}

// What a seed does must be the same in every run, and a run must do all of it.
func TestTheSeedSaysWhatClientsOfPartsDo(t *testing.T) {
	one, err := scripts(1, 250)
	if err != nil {
		t.Fatal(err)
	}
	two, err := scripts(1, 250)
	if err != nil {
		t.Fatal(err)
	}
	done := map[Fault]bool{}
	inParts := 0
	for i, s := range one {
		data := s.bytes()
		if s.sum != two[i].sum || s.reason != two[i].reason || checksum(data) != s.sum {
			t.Fatalf("file %d is another", i)
		}
		if s.parts == nil {
			continue
		}
		inParts++
		for _, what := range s.parts.does() {
			done[what] = true
		}
		if len(data) != s.size || s.size <= partSize {
			t.Errorf("file %d has %d bytes", i, len(data))
		}
	}
	if inParts < 30 || len(done) < 13 {
		t.Errorf("%d files in parts, whose clients do %d things: %v", inParts, len(done), done)
	}
}
