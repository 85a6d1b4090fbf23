package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
)

// The bounds of a download's state.
const (
	maxSize   = 1 << 50 // bytes of a file
	maxChunks = 1 << 20
	maxState  = 512 << 10 // bytes of its file
)

// state is which chunks of a file a download has on the disk.
type state struct {
	API       string `json:"api"`
	FileID    string `json:"fileID"`
	Size      int64  `json:"size"`           // bytes
	SHA256    string `json:"checksumSHA256"` // of the file
	ETag      string `json:"etag,omitempty"` // of the object version; empty until known
	ChunkSize int64  `json:"chunkSize"`      // bytes of every chunk but the last
	Done      []byte `json:"done"`           // a bit a chunk, the lowest of a byte first
}

func newState(api string, f File, chunkSize int64) state {
	chunkSize = max(min(chunkSize, f.Size), (f.Size+maxChunks-1)/maxChunks, 1)
	s := state{API: api, FileID: f.ID, Size: f.Size, SHA256: f.ChecksumSHA256, ChunkSize: chunkSize}
	s.Done = make([]byte, (s.chunks()+7)/8)
	return s
}

func (s state) chunks() int { return int((s.Size + s.ChunkSize - 1) / s.ChunkSize) }

// chunk returns where chunk i begins and ends.
func (s state) chunk(i int) (from, to int64) {
	from = int64(i) * s.ChunkSize
	return from, min(from+s.ChunkSize, s.Size)
}

func (s state) done(i int) bool { return s.Done[i/8]>>(i%8)&1 == 1 }
func (s state) mark(i int)      { s.Done[i/8] |= 1 << (i % 8) }

// of reports whether s is of the same bytes as want.
func (s state) of(want state) bool {
	return s.API == want.API && s.FileID == want.FileID && s.Size == want.Size && s.SHA256 == want.SHA256
}

// decodeState reads a state. One that cannot be what was written is none.
func decodeState(data []byte) (s state, ok bool) {
	if len(data) > maxState || strictly(data, &s) != nil {
		return state{}, false
	}
	if s.Size < 0 || s.Size > maxSize || s.ChunkSize < 1 || s.ChunkSize > maxSize || s.chunks() > maxChunks {
		return state{}, false
	}
	return s, len(s.Done) == (s.chunks()+7)/8
}

// loadState reads the state at path; there being none is no error.
func loadState(path string) (s state, ok bool, err error) {
	data, err := readUpTo(path, maxState+1)
	if errors.Is(err, fs.ErrNotExist) {
		return state{}, false, nil
	}
	if err != nil {
		return state{}, false, fmt.Errorf("read what was downloaded before: %w", err)
	}
	s, ok = decodeState(data)
	return s, ok, nil
}

func encodeState(s state) ([]byte, error) { return json.Marshal(s) }
