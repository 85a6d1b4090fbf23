package client

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"
)

// DownloadOptions says how a file is downloaded. The zero value serves.
type DownloadOptions struct {
	// Parallel is how many chunks are in flight, each in memory of its own of 1 MiB; 0
	// for 4. Copy always has one.
	Parallel int

	// ChunkSize is how many bytes a request of Save asks for; 0 for 16 MiB. A download
	// that is gone on with keeps the one it was begun with.
	ChunkSize int64

	// Overwrite has Save replace a file that is there. Otherwise it is an error, which
	// wraps fs.ErrExist.
	Overwrite bool

	// Sync has Save write all through to the disk before the file gets its name, so
	// that it is whole after a power cut too.
	Sync bool

	// Progress is called often, by one goroutine at a time. It must not take long.
	Progress func(Progress)
}

const (
	defaultChunk  = 16 << 20 // bytes
	receiveBuffer = 1 << 20  // bytes
	stateEvery    = 2 * time.Second
)

// Save downloads a ready file to path, in parallel ranges, and returns it. The bytes
// go to path+".vouch-part", and what is there of them is noted in path+".vouch-state";
// the file gets its name only when its SHA-256 is that which was verified, and so
// whatever has the name is whole. A download that ended early is gone on with by the
// next call for the same path and file.
//
// The error wraps ErrNotReady, fs.ErrExist, ErrBusy where another process downloads to
// path, and ErrCorrupt where the bytes are others; those are then removed.
func (c *Client) Save(ctx context.Context, id, path string, o DownloadOptions) (File, error) {
	if err := mayWrite(path, o.Overwrite); err != nil {
		return File{}, fmt.Errorf("download file %s: %w", id, err)
	}
	report := &reporter{tell: o.Progress, p: Progress{FileID: id}}
	report.phase(PhaseStarting)
	object, err := c.ready(ctx, id)
	if err != nil {
		if object != nil {
			return object.file, fmt.Errorf("download file %s: %w", id, err)
		}
		return File{}, err
	}
	unlock, err := lockFile(path + ".vouch-lock")
	if err != nil {
		return object.file, fmt.Errorf("download file %s to %s: %w", id, path, err)
	}
	defer unlock()
	s := &saving{object: object, path: path, o: o, report: report}
	if err := s.save(ctx); err != nil {
		return object.file, fmt.Errorf("download file %s to %s: %w", id, path, interrupted(ctx, err))
	}
	report.phase(PhaseDone)
	return object.file, nil
}

// mayWrite says whether path may be written.
func mayWrite(path string, overwrite bool) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !overwrite:
		return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	case info.IsDir():
		return &fs.PathError{Op: "create", Path: path, Err: errors.New("it is a folder")}
	}
	return nil
}

// saving is one download to a path.
type saving struct {
	object *object
	path   string
	o      DownloadOptions
	report *reporter
	file   *os.File // the part

	mu     sync.Mutex
	state  state
	prefix int           // chunks from the first on that are all there
	dirty  bool          // the state on the disk is behind
	grown  chan struct{} // has room for one
}

func (s *saving) partPath() string  { return s.path + ".vouch-part" }
func (s *saving) statePath() string { return s.path + ".vouch-state" }

func (s *saving) save(ctx context.Context) (err error) {
	if err := s.open(); err != nil {
		return err
	}
	defer func() {
		if err != nil && s.file != nil {
			err = errors.Join(err, s.file.Close())
		}
	}()
	sum, err := s.receive(ctx)
	if err == nil && sum != s.object.file.ChecksumSHA256 {
		err = fmt.Errorf("the SHA-256 is %s and should be %s: %w", sum, s.object.file.ChecksumSHA256, ErrCorrupt)
	}
	if errors.Is(err, ErrCorrupt) {
		err = errors.Join(err, s.file.Close())
		s.file = nil
		return errors.Join(err, s.discard())
	}
	if err != nil {
		return err
	}
	return s.finish()
}

// open opens the part of an earlier run, if it is one of the same bytes, or begins one.
func (s *saving) open() error {
	chunk := s.o.ChunkSize
	if chunk <= 0 {
		chunk = defaultChunk
	}
	fresh := newState(s.object.c.base, s.object.file, chunk)
	found, ok, err := loadState(s.statePath())
	if err != nil {
		return err
	}
	s.grown = make(chan struct{}, 1)
	if ok && found.of(fresh) {
		if f := openPart(s.partPath(), found.Size); f != nil {
			s.file, s.state, s.object.etag = f, found, found.ETag
			s.resumed()
			return nil
		}
	}
	if err := s.discard(); err != nil {
		return err
	}
	s.state = fresh
	// Nothing that is there is followed or written to: the name is made here.
	if s.file, err = os.OpenFile(s.partPath(), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666); err != nil { // #nosec G302 -- the umask decides, as for every program that writes files
		return err
	}
	if err := s.file.Truncate(fresh.Size); err != nil {
		s.file.Close()
		return err
	}
	s.report.change(func(p *Progress) { p.Total, p.File = fresh.Size, &s.object.file })
	return nil
}

// openPart opens the part of an earlier run, and returns nil if it cannot be one.
func openPart(path string, size int64) *os.File {
	named, err := os.Lstat(path)
	if err != nil || !named.Mode().IsRegular() || named.Size() != size {
		return nil
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil
	}
	if opened, err := f.Stat(); err != nil || !os.SameFile(named, opened) {
		f.Close()
		return nil
	}
	return f
}

// resumed counts what an earlier run has left.
func (s *saving) resumed() {
	var there int64
	for i := range s.state.chunks() {
		if s.state.done(i) {
			from, to := s.state.chunk(i)
			there += to - from
		}
	}
	s.advance()
	s.report.change(func(p *Progress) {
		p.Total, p.Done, p.Resumed, p.File = s.state.Size, there, there, &s.object.file
	})
}

// advance moves the prefix along, and wakes the hasher.
func (s *saving) advance() {
	for s.prefix < s.state.chunks() && s.state.done(s.prefix) {
		s.prefix++
	}
	select {
	case s.grown <- struct{}{}:
	default:
	}
}

// receive receives what is missing, and returns the SHA-256 of the whole.
func (s *saving) receive(ctx context.Context) (string, error) {
	s.report.phase(PhaseReceiving)
	parallel := s.o.Parallel
	if parallel <= 0 {
		parallel = 4
	}
	g := newGroup(ctx)
	defer g.cancel(nil)
	missing := make(chan int)
	var sum string
	g.run(func() error {
		defer close(missing)
		for i := range s.state.chunks() {
			s.mu.Lock()
			done := s.state.done(i)
			s.mu.Unlock()
			if done {
				continue
			}
			select {
			case missing <- i:
			case <-g.ctx.Done():
				return context.Cause(g.ctx)
			}
		}
		return nil
	})
	for range min(parallel, s.state.chunks()) {
		g.run(func() error {
			buffer := make([]byte, receiveBuffer)
			for i := range missing {
				if err := s.chunk(g.ctx, i, buffer); err != nil {
					return err
				}
			}
			return nil
		})
	}
	g.run(func() (err error) {
		sum, err = s.hash(g.ctx)
		return err
	})
	stop := make(chan struct{})
	noting := make(chan struct{})
	go func() {
		defer close(noting)
		ticker := time.NewTicker(stateEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				g.failed(s.note())
			case <-stop:
				return
			}
		}
	}()
	err := g.wait()
	close(stop)
	<-noting
	if err != nil {
		return "", errors.Join(err, s.note())
	}
	return sum, nil
}

// chunk receives one chunk.
func (s *saving) chunk(ctx context.Context, i int, buffer []byte) error {
	from, to := s.state.chunk(i)
	err := s.object.read(ctx, from, to, buffer, func(data []byte, at int64) error {
		_, err := s.file.WriteAt(data, at)
		s.report.moved(int64(len(data)))
		return err
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.mark(i)
	s.dirty = true
	s.advance()
	return nil
}

// hash hashes what is there in order, as the prefix grows: from the disk, or rather
// from the system's cache of it, so that what an earlier run has left is hashed too.
func (s *saving) hash(ctx context.Context) (string, error) {
	h := sha256.New()
	buffer := make([]byte, receiveBuffer)
	for at := int64(0); at < s.state.Size; {
		s.mu.Lock()
		there := min(int64(s.prefix)*s.state.ChunkSize, s.state.Size)
		s.mu.Unlock()
		if at == there {
			select {
			case <-s.grown:
				continue
			case <-ctx.Done():
				return "", context.Cause(ctx)
			}
		}
		if there == s.state.Size {
			s.report.phase(PhaseChecking)
		}
		for at < there {
			if ctx.Err() != nil {
				return "", context.Cause(ctx)
			}
			n, err := s.file.ReadAt(buffer[:min(int64(len(buffer)), there-at)], at)
			h.Write(buffer[:n])
			if at += int64(n); err != nil && !(errors.Is(err, io.EOF) && n > 0) {
				return "", fmt.Errorf("read what was received: %w", err)
			}
		}
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil)), nil
}

// note writes the state, after the bytes that it says are there.
func (s *saving) note() error {
	s.mu.Lock()
	now, dirty := s.state, s.dirty
	now.Done = slices.Clone(now.Done)
	s.dirty = false
	s.mu.Unlock()
	if !dirty {
		return nil
	}
	s.object.mu.Lock()
	now.ETag = s.object.etag
	s.object.mu.Unlock()
	if err := s.file.Sync(); err != nil {
		return fmt.Errorf("write what was received to the disk: %w", err)
	}
	data, err := encodeState(now)
	if err == nil {
		err = replaceFile(s.statePath(), data)
	}
	if err != nil {
		return fmt.Errorf("note what was received: %w", err)
	}
	return nil
}

// discard removes what an earlier run has left.
func (s *saving) discard() error {
	for _, path := range []string{s.statePath(), s.partPath()} { // a part without a state is none
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// finish gives the file its name.
func (s *saving) finish() error {
	if s.o.Sync {
		if err := s.file.Sync(); err != nil {
			return err
		}
	}
	file := s.file
	s.file = nil
	if err := file.Close(); err != nil {
		return err
	}
	if err := s.rename(); err != nil {
		return err
	}
	return s.discard()
}

func (s *saving) rename() error {
	if !s.o.Overwrite {
		// A link is never made over what is there, which a rename would replace.
		err := os.Link(s.partPath(), s.path)
		if err == nil || errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := mayWrite(s.path, false); err != nil { // a file system without links
			return err
		}
	}
	return os.Rename(s.partPath(), s.path)
}
