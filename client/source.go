package client

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// ErrSourceChanged says that what was to be uploaded changed while it was read, or
// is not as long as was promised. Nothing of it was put together.
var ErrSourceChanged = errors.New("the source changed while it was read")

// Source is what Upload uploads.
//
// A source may also have the method Name() string, for the filename where the
// options name none, and JournalKey() string: what it is by which a later run knows
// it again. Only a source with a JournalKey is resumed.
type Source interface {
	// ReaderAt reads the bytes. They are read in order, by one goroutine at a time.
	io.ReaderAt

	// Size is how many bytes there are.
	Size() int64

	// Unchanged fails, with an error that wraps ErrSourceChanged, if what is read
	// is not what it was when it was opened. It is asked for before and after.
	Unchanged() error

	Close() error
}

// forwardOnly is a Source that can be read only once.
type forwardOnly interface{ forwardOnly() }

// OpenFile opens a regular file as a source. It notices when the file is written to
// while it is read, by its length and its time of modification; so it does not
// notice who sets that time back.
func OpenFile(path string) (Source, error) {
	before, err := os.Stat(path)
	if err != nil {
		return nil, err // an *fs.PathError, which says what was done to which
	}
	if !before.Mode().IsRegular() { // to open a pipe would wait for its other end
		return nil, fmt.Errorf("open %s: it is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("open %s: it is not a regular file", path)
	}
	absolute := ""
	if err == nil {
		absolute, err = filepath.Abs(path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &fileSource{File: f, info: info, path: absolute}, nil
}

type fileSource struct {
	*os.File
	info fs.FileInfo
	path string // absolute
}

func (s *fileSource) Name() string       { return filepath.Base(s.path) }
func (s *fileSource) Size() int64        { return s.info.Size() }
func (s *fileSource) ModTime() time.Time { return s.info.ModTime() }

// JournalKey is the path, the size and the time of modification.
func (s *fileSource) JournalKey() string {
	return s.path + "\x00" + strconv.FormatInt(s.info.Size(), 10) + "\x00" + strconv.FormatInt(s.info.ModTime().UnixNano(), 10)
}

func (s *fileSource) Unchanged() error {
	now, err := s.Stat()
	switch {
	case err != nil:
		return fmt.Errorf("look at %s again: %w", s.path, err)
	case now.Size() != s.info.Size():
		return fmt.Errorf("%s had %d bytes and has %d: %w", s.path, s.info.Size(), now.Size(), ErrSourceChanged)
	case !now.ModTime().Equal(s.info.ModTime()):
		return fmt.Errorf("%s was written to: %w", s.path, ErrSourceChanged)
	}
	return nil
}

// FromReader makes a source of size bytes of a reader, which must have exactly as
// many. It is read once, so that an upload of it is never resumed. One of up to 64
// MiB is read into memory first. Close does not close r.
func FromReader(r io.Reader, size int64) (Source, error) {
	if size < 0 {
		return nil, fmt.Errorf("a reader cannot have %d bytes", size)
	}
	return &readerSource{r: r, size: size}, nil
}

type readerSource struct {
	r       io.Reader
	size    int64
	at      int64 // how much is read
	checked error // what Unchanged found, once all is read
	ended   bool
}

func (s *readerSource) forwardOnly() {}
func (s *readerSource) Size() int64  { return s.size }
func (s *readerSource) Close() error { return nil }

func (s *readerSource) ReadAt(p []byte, off int64) (int, error) {
	if off != s.at {
		return 0, fmt.Errorf("a reader that is at byte %d cannot be read at %d", s.at, off)
	}
	n, err := io.ReadFull(s.r, p[:min(int64(len(p)), s.size-s.at)])
	s.at += int64(n)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

// Unchanged sees to it that the reader ends where it was promised to.
func (s *readerSource) Unchanged() error {
	if s.at < s.size || s.ended {
		return s.checked
	}
	s.ended = true
	switch n, err := io.ReadFull(s.r, make([]byte, 1)); {
	case n > 0:
		s.checked = fmt.Errorf("the reader has more than the %d bytes that were promised: %w", s.size, ErrSourceChanged)
	case !errors.Is(err, io.EOF):
		s.checked = fmt.Errorf("read the end of the source: %w", err)
	}
	return s.checked
}

// memorySource is a source that is in memory.
type memorySource struct{ *bytes.Reader }

func (s memorySource) Unchanged() error { return nil }
func (s memorySource) Close() error     { return nil }

// readFull reads all of p from src at off.
func readFull(src io.ReaderAt, p []byte, off int64) error {
	n, err := src.ReadAt(p, off)
	switch {
	case n == len(p):
		return nil
	case err == nil, errors.Is(err, io.EOF):
		return fmt.Errorf("the source ended at byte %d: %w", off+int64(n), ErrSourceChanged)
	}
	return fmt.Errorf("read the source at byte %d: %w", off+int64(n), err)
}
