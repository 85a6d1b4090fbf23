package main

import (
	"fmt"
	"image"
	"image/jpeg"
	"io"
)

// pdf writes a PDF whose streams have n megabytes together.
func pdf(n int) content {
	return func(w io.Writer, seed byte) error {
		if _, err := io.WriteString(w, "%PDF-1.7\n"); err != nil {
			return err
		}
		for i := range n {
			if _, err := fmt.Fprintf(w, "%d 0 obj\n<< /Length 1000000 >>\nstream\n", i+1); err != nil {
				return err
			}
			if err := random(1_000_000)(w, seed^byte(i<<1)); err != nil {
				return err
			}
			if _, err := io.WriteString(w, "\nendstream\nendobj\n"); err != nil {
				return err
			}
		}
		_, err := io.WriteString(w, "trailer\n<< /Root 1 0 R >>\n%%EOF\n")
		return err
	}
}

// photo writes a JPEG of noise.
func photo(w io.Writer, seed byte) error {
	m := image.NewRGBA(image.Rect(0, 0, 4000, 2500))
	if _, err := source(seed).Read(m.Pix); err != nil {
		return err
	}
	return jpeg.Encode(w, m, &jpeg.Options{Quality: 90})
}

// page writes HTML of at least n bytes.
func page(n int64) content {
	return func(w io.Writer, seed byte) error {
		if _, err := io.WriteString(w, "<!DOCTYPE html>\n<html><body>\n"); err != nil {
			return err
		}
		for written := int64(0); written < n; written += 64 {
			if _, err := fmt.Fprintf(w, "<p class=\"a\">%016x: the quick brown fox jumps</p>\n", source(seed).Uint64()+uint64(written)); err != nil {
				return err
			}
		}
		_, err := io.WriteString(w, "</body></html>\n")
		return err
	}
}
