package client

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// random returns n bytes that are the same in every run.
func random(n int) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(n)}).Read(data)
	return data
}

func sum(data []byte) string {
	h := sha256.Sum256(data)
	return base64.StdEncoding.EncodeToString(h[:])
}

// write writes a file and opens it as a source.
func write(t *testing.T, data []byte) (path string, src Source) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "a.bin")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, open(t, path)
}

func open(t *testing.T, path string) Source {
	t.Helper()
	src, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return src
}

// nothingIsLeft fails if there are more goroutines in the end than there were.
func nothingIsLeft(t *testing.T, c *Client) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		c.CloseIdleConnections()
		for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; {
			if time.Now().After(deadline) {
				stacks := make([]byte, 1<<20)
				t.Errorf("%d goroutines have become %d:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	})
}

func TestWhatGoesUpIsWhatWasRead(t *testing.T) {
	for name, tt := range map[string]struct {
		size   int
		method Method
		reader bool
		parts  int
	}{
		"one byte":                 {size: 1},
		"by one PUT":               {size: 3 << 20},
		"by one PUT from a reader": {size: 3 << 20, reader: true},
		"in parts":                 {size: 10<<20 + 7, parts: 11},
		"in whole parts":           {size: 8 << 20, parts: 8},
		"in one part":              {size: 100, method: MethodMultipart, parts: 1},
		"in parts from a reader":   {size: 10<<20 + 7, reader: true, parts: 11},
		"much by one PUT":          {size: 5 << 20, method: MethodPut},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDouble(t)
			c := d.client()
			nothingIsLeft(t, c)
			data := random(tt.size)
			_, src := write(t, data)
			if tt.reader {
				var err error
				if src, err = FromReader(io.MultiReader(bytes.NewReader(data)), int64(len(data))); err != nil {
					t.Fatal(err)
				}
			}
			var last Progress
			f, err := c.Upload(t.Context(), src, UploadOptions{Filename: "a.bin", Method: tt.method, Progress: func(p Progress) { last = p }})
			if err != nil {
				t.Fatal(err)
			}
			if got := d.file(f.ID); f.Status != StatusReady || !bytes.Equal(got.object, data) || f.ChecksumSHA256 != sum(data) {
				t.Errorf("%s with %d bytes", f.Status, len(got.object))
			}
			if last.Phase != PhaseDone || last.Done != last.Total || last.Total != int64(tt.size) || last.PartsSent != tt.parts || last.Parts != tt.parts {
				t.Errorf("the last progress is %+v", last)
			}
			if calls := d.count("POST parts"); calls > tt.parts || tt.parts > 0 && calls == 0 {
				t.Errorf("%d parts were presigned in %d calls", tt.parts, calls)
			}
		})
	}
}
