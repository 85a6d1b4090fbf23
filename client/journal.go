package client

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Journal remembers uploads that were begun, so that a later run goes on with
// them. A key is 64 hexadecimal digits. A Journal may also be a Locker.
type Journal interface {
	// Load returns what was stored under key last, and whether there is something.
	Load(key string) (Entry, bool, error)

	// Store is on the disk when it returns: before the first byte is sent.
	Store(key string, e Entry) error

	// Remove forgets key. That there is nothing is no error.
	Remove(key string) error
}

// Locker is a Journal that two processes can share.
type Locker interface {
	// Lock holds key until unlock is called or the process ends, however it ends. It
	// fails with an error that wraps ErrBusy if somebody else holds it.
	Lock(key string) (unlock func(), err error)
}

// ErrBusy says that another process uploads the same source, or downloads to the
// same path.
var ErrBusy = errors.New("another process is at it")

// Entry is an upload that was begun. It holds no secret: no token and no URL.
type Entry struct {
	FileID  string    `json:"fileID"`
	API     string    `json:"api"` // the base URL
	Size    int64     `json:"size"`
	ModTime time.Time `json:"modTime,omitzero"`

	// PartSize is in bytes, and 0 where the file is sent by one PUT.
	PartSize int64 `json:"partSize,omitempty"`

	Filename    string `json:"filename"`
	ContentType string `json:"contentType"`
}

// valid reports whether e can be what was once stored.
func (e Entry) valid() bool {
	_, err := pathOf(e.FileID)
	return err == nil && e.API != "" && e.Size >= 0 && e.PartSize >= 0
}

// maxEntry is the longest entry that is read, in bytes.
const maxEntry = 16 << 10

// JournalDir returns a journal of one small file an entry in the folder dir, which
// is made when it is needed. The files are readable for their owner only. It is a
// Locker on Unix and Windows; elsewhere nobody is kept from sending a file twice.
func JournalDir(dir string) Journal { return journalDir(dir) }

type journalDir string

func (d journalDir) path(key, suffix string) (string, error) {
	if raw, err := hex.DecodeString(key); err != nil || len(raw) != 32 {
		return "", fmt.Errorf("%q is no key of a journal", key)
	}
	return filepath.Join(string(d), key+suffix), nil
}

// Load returns nothing for an entry that is damaged: the upload then begins anew.
func (d journalDir) Load(key string) (Entry, bool, error) {
	path, err := d.path(key, ".json")
	if err != nil {
		return Entry{}, false, err
	}
	data, err := readUpTo(path, maxEntry+1)
	if errors.Is(err, fs.ErrNotExist) {
		return Entry{}, false, nil
	}
	if err != nil {
		return Entry{}, false, fmt.Errorf("read the journal: %w", err)
	}
	e, ok := decodeEntry(data)
	return e, ok, nil
}

// readUpTo reads the beginning of a file, at most so many bytes of it.
func readUpTo(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

func decodeEntry(data []byte) (e Entry, ok bool) {
	if len(data) > maxEntry || strictly(data, &e) != nil || !e.valid() {
		return Entry{}, false
	}
	return e, true
}

// strictly decodes exactly one JSON object, without fields that are not known.
func strictly(data []byte, out any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(out); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something behind it")
	}
	return nil
}

func (d journalDir) Store(key string, e Entry) error {
	path, err := d.path(key, ".json")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return fmt.Errorf("make the journal's folder: %w", err)
	}
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode the journal's entry: %w", err)
	}
	if err := replaceFile(path, data); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return nil
}

func (d journalDir) Remove(key string) error {
	path, err := d.path(key, ".json")
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove from the journal: %w", err)
	}
	return nil
}

func (d journalDir) Lock(key string) (unlock func(), err error) {
	path, err := d.path(key, ".lock")
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return nil, fmt.Errorf("make the journal's folder: %w", err)
	}
	return lockFile(path)
}

// replaceFile writes a small file so that at any time it holds the old or the new
// bytes, a power cut included.
func replaceFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
