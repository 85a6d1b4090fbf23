// Package zips packs binaries for AWS Lambda so that the same binary makes the
// same bytes, whoever packs it, when and where.
package zips

import (
	"archive/zip"
	"compress/flate"
	"fmt"
	"io"
	"time"
)

// Name is what Lambda starts with the runtime provided.al2023 ("Deploy Go Lambda
// functions with .zip file archives", AWS Lambda Developer Guide).
const Name = "bootstrap"

// packed is the time of the one file within, the earliest that a zip can say.
var packed = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// Write writes a zip to w with binary at its root, executable for everybody, and
// nothing else.
func Write(w io.Writer, binary io.Reader) error {
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(out, flate.BestCompression)
	})
	header := &zip.FileHeader{Name: Name, Method: zip.Deflate, Modified: packed}
	header.SetMode(0o755)
	f, err := z.CreateHeader(header)
	if err != nil {
		return fmt.Errorf("begin %s: %w", Name, err)
	}
	if _, err := io.Copy(f, binary); err != nil {
		return fmt.Errorf("pack %s: %w", Name, err)
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("end the zip: %w", err)
	}
	return nil
}
