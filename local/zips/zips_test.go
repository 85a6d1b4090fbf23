package zips

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestTheSameBinaryMakesTheSameZipWithNothingElseInIt(t *testing.T) {
	binary := strings.Repeat("\x7fELF and so on", 1000)
	var one, other bytes.Buffer
	if err := Write(&one, strings.NewReader(binary)); err != nil {
		t.Fatal(err)
	}
	if err := Write(&other, iotest.OneByteReader(strings.NewReader(binary))); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one.Bytes(), other.Bytes()) {
		t.Error("they differ")
	}
	z, err := zip.NewReader(bytes.NewReader(one.Bytes()), int64(one.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if len(z.File) != 1 || z.File[0].Name != "bootstrap" || z.File[0].Mode() != 0o755 || !z.File[0].Modified.Equal(packed) {
		t.Fatalf("%+v", z.File[0].FileHeader)
	}
	f, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(f); err != nil || string(got) != binary {
		t.Errorf("%d bytes came out, %v", len(got), err)
	}
}

func TestABinaryThatCannotBeReadMakesNoZip(t *testing.T) {
	if err := Write(io.Discard, iotest.ErrReader(io.ErrUnexpectedEOF)); err == nil {
		t.Error("it was passed over")
	}
}
