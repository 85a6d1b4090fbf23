package awsapi

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strconv"
	"sync"
)

// journal is a file of entries, one JSON value a line behind its checksum. An
// entry that is written survives the end of the process, kill -9 included; it
// is not synced to the disk for every entry, so a power cut may cost the last
// moments.
//
// Once a write has failed, so does every later one: what is in memory and what
// is on disk have parted.
type journal struct {
	mu     sync.Mutex
	f      *os.File
	broken error
}

// openJournal opens the journal at path and reads each entry into a T. A last
// entry that was cut off was never acknowledged, and is dropped; damage before
// it is an error.
func openJournal[T any](path string, each func(T) error) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open a journal: %w", err)
	}
	r := bufio.NewReader(f)
	var good int64
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break // whole, or cut off in this entry
		}
		var v T
		if err == nil {
			err = decodeEntry(line, &v)
		}
		if err == nil {
			err = each(v)
		}
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("read entry %d of %s (remove the file to start without its data): %w", n, path, err)
		}
		good += int64(len(line))
	}
	if err := f.Truncate(good); err != nil {
		f.Close()
		return nil, fmt.Errorf("drop the cut-off end of %s: %w", path, err)
	}
	if _, err := f.Seek(good, io.SeekStart); err != nil {
		f.Close()
		return nil, fmt.Errorf("find the end of %s: %w", path, err)
	}
	return &journal{f: f}, nil
}

// append writes one entry.
func (j *journal) append(v any) error {
	line, err := encodeEntry(v)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken != nil {
		return j.broken
	}
	if _, err := j.f.Write(line); err != nil {
		j.broken = fmt.Errorf("write to a journal: %w", err)
	}
	return j.broken
}

// intact returns the error of a write that has failed, if one has.
func (j *journal) intact() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.broken
}

func (j *journal) close() { j.f.Close() }

// rewriteJournal replaces the journal at path by one with just these entries.
func rewriteJournal[T any](path string, entries []T) error {
	var all bytes.Buffer
	for _, v := range entries {
		line, err := encodeEntry(v)
		if err != nil {
			return err
		}
		all.Write(line)
	}
	next := path + ".next"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write a new journal: %w", err)
	}
	_, err = f.Write(all.Bytes())
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write a new journal: %w", err)
	}
	return os.Rename(next, path)
}

func encodeEntry(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode a journal entry: %w", err)
	}
	return fmt.Appendf(nil, "%08x %s\n", crc32.ChecksumIEEE(data), data), nil
}

func decodeEntry(line []byte, v any) error {
	sum, data, ok := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
	if !ok {
		return errors.New("it is not an entry")
	}
	want, err := strconv.ParseUint(string(sum), 16, 32)
	if err != nil || uint32(want) != crc32.ChecksumIEEE(data) {
		return errors.New("its checksum is wrong")
	}
	return json.Unmarshal(data, v)
}
