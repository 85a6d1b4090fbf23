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
	once              bool                               // too large to be scanned again and again
	make              func(w io.Writer, seed byte) error // the same for the same seed
}

func inputs(large int64) []input {
	const octets = "application/octet-stream"
	return []input{
		{"random, 1 KB", octets, false, random(1_000)},
		{"random, 1 MB", octets, false, random(1_000_000)},
		{"random, 100 MB", octets, false, random(100_000_000)},
		{"text, 100 MB", "text/plain", false, text(100_000_000)},
		{"zip of text, 100 MB unpacked", "application/zip", false, zipOf(20, text(5_000_000))},
		{"zip of random, 100 MB", "application/zip", false, zipOf(20, random(5_000_000))},
		{"PDF, 50 MB", "application/pdf", false, pdf(50)},
		{"JPEG, 10 megapixels", "image/jpeg", false, photo},
		{"HTML, 20 MB", octets, false, page(20_000_000)},
		{"random, the largest", octets, true, random(large)},
	}
}

// write makes the file at path, and returns its length in bytes.
func (in input) write(path string, seed byte) (int64, error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := in.make(w, seed); err != nil {
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

type content func(w io.Writer, seed byte) error

func source(seed byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{seed}) }

func random(n int64) content {
	return func(w io.Writer, seed byte) error {
		_, err := io.CopyN(w, source(seed), n)
		return err
	}
}

// text writes at least n bytes of lines.
func text(n int64) content {
	return func(w io.Writer, seed byte) error {
		r := rand.New(source(seed))
		for written := int64(0); written < n; {
			m, err := fmt.Fprintf(w, "%d the quick brown fox %x jumps over the lazy dog\n", r.IntN(1_000_000), r.Uint32())
			if err != nil {
				return err
			}
			written += int64(m)
		}
		return nil
	}
}

// zipOf writes a zip of entries with the content.
func zipOf(entries int, c content) content {
	return func(w io.Writer, seed byte) error {
		z := zip.NewWriter(w)
		for i := range entries {
			e, err := z.Create(fmt.Sprintf("%d.txt", i))
			if err != nil {
				return err
			}
			if err := c(e, seed^byte(i<<3)); err != nil {
				return err
			}
		}
		return z.Close()
	}
}
