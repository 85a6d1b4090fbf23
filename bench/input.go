package main

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
)

// input is a file to scan.
type input struct {
	name, contentType string
	once              bool // too large to be scanned again and again
	make              func(w io.Writer) error
}

func inputs(large int64) []input {
	const octets = "application/octet-stream"
	return []input{
		{"random, 1 KB", octets, false, random(1_000)},
		{"random, 1 MB", octets, false, random(1_000_000)},
		{"random, 100 MB", octets, false, random(100_000_000)},
		{"zip of text, 100 MB unpacked", "application/zip", false, zipOfText(100_000_000, 20)},
		{"zip of random, 100 MB", "application/zip", false, zipOfRandom(100_000_000, 20)},
		{"random, the largest", octets, true, random(large)},
	}
}

// write makes the file at path, and returns its length in bytes.
func (in input) write(path string) (int64, error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := in.make(w); err != nil {
		return 0, err
	}
	if err := w.Flush(); err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), f.Close()
}

func random(n int64) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.CopyN(w, rand.NewChaCha8([32]byte{1}), n)
		return err
	}
}

func zipOfText(n int64, entries int) func(io.Writer) error {
	return zipOf(n, entries, func(w io.Writer, n int64) error {
		r := rand.New(rand.NewPCG(1, 2))
		for written := int64(0); written < n; {
			m, err := fmt.Fprintf(w, "%d the quick brown fox %x jumps over the lazy dog\n", r.IntN(1_000_000), r.Uint32())
			if err != nil {
				return err
			}
			written += int64(m)
		}
		return nil
	})
}

func zipOfRandom(n int64, entries int) func(io.Writer) error {
	return zipOf(n, entries, func(w io.Writer, n int64) error { return random(n)(w) })
}

func zipOf(n int64, entries int, content func(io.Writer, int64) error) func(io.Writer) error {
	return func(w io.Writer) error {
		z := zip.NewWriter(w)
		for i := range entries {
			e, err := z.Create(fmt.Sprintf("%d.txt", i))
			if err != nil {
				return err
			}
			if err := content(e, n/int64(entries)); err != nil {
				return err
			}
		}
		return z.Close()
	}
}
