package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/vouch-s3/vouch/client"
)

// item is one thing to send.
type item struct {
	label string // how it is called in what is told of it: its path
	name  string // how it is called there
	path  string
	size  int64 // bytes

	// open, if it is not nil, opens it in place of its path; once.
	open func() (client.Source, error)
}

func (i item) source() (client.Source, error) {
	if i.open != nil {
		return i.open()
	}
	return client.OpenFile(i.path)
}

// items are what the arguments of put name.
func (a *app) items(ctx context.Context, args []string, o putOptions) ([]item, error) {
	if args[0] == "-" {
		i, err := a.stdinItem(ctx, o)
		return []item{i}, err
	}
	var items []item
	for _, path := range args {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		switch {
		case info.IsDir() && !o.recursive:
			return nil, usage(plain(path) + " is a directory: -r sends the files in it")
		case info.IsDir():
			inside, err := a.inside(path)
			if err != nil {
				return nil, err
			}
			items = append(items, inside...)
		case !info.Mode().IsRegular():
			return nil, usage(plain(path) + " is not a file whose size is known. Send what comes out of it by -: vouch put - --name NAME <" + plain(path))
		default:
			items = append(items, item{label: path, name: o.name, path: path, size: info.Size()})
			if o.name == "" {
				items[len(items)-1].name = filepath.Base(path)
			}
		}
	}
	if len(items) == 0 {
		return nil, errors.New("there are no files there")
	}
	return items, nil
}

// inside are the files below a directory, in the order of their names. Symbolic
// links are not followed, for they may lead anywhere, and what is no file is
// passed over; both are said.
func (a *app) inside(dir string) ([]item, error) {
	var items []item
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return nil
		}
		if !d.Type().IsRegular() {
			if path != dir { // the directory itself may be named by a link, and is followed no further
				a.note("vouch: %s is passed over: it is not a regular file", plain(path))
				return nil
			}
			return usage(plain(path) + " is a symbolic link: put a / behind it to send what it leads to")
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		items = append(items, item{label: path, name: filepath.Base(path), path: path, size: info.Size()})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look through %s: %w", dir, err)
	}
	return items, nil
}

// stdinItem is what comes on stdin: as a stream where its size is promised,
// otherwise by way of a temporary file, which tells it.
func (a *app) stdinItem(ctx context.Context, o putOptions) (item, error) {
	if o.size > 0 {
		return item{label: "-", name: o.name, size: int64(o.size), open: func() (client.Source, error) {
			return client.FromReader(a.stdin, int64(o.size))
		}}, nil
	}
	s, err := spool(ctx, a.stdin)
	if err != nil {
		return item{}, err
	}
	return item{label: "-", name: o.name, size: s.size, open: func() (client.Source, error) { return s, nil }}, nil
}

// spooled is a temporary file that nobody else knows of.
type spooled struct {
	*os.File
	size int64
}

// spool writes all of r to a temporary file. Where the system can, the file has
// lost its name before the first byte is in it, so that nothing is left behind
// however the process ends.
func spool(ctx context.Context, r io.Reader) (_ *spooled, err error) {
	f, err := os.CreateTemp("", "vouch-*")
	if err != nil {
		return nil, fmt.Errorf("make a temporary file for stdin: %w", err)
	}
	s := &spooled{File: f}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if runtime.GOOS != "windows" {
		if err := os.Remove(f.Name()); err != nil {
			return nil, fmt.Errorf("hide the temporary file for stdin: %w", err)
		}
	}
	copied := make(chan error, 1)
	go func() {
		var err error
		s.size, err = io.Copy(f, r)
		copied <- err
	}()
	select { // a pipe that nothing comes from must not keep Ctrl-C waiting
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case err := <-copied:
		if err != nil {
			return nil, fmt.Errorf("store what comes on stdin: %w", err)
		}
	}
	return s, nil
}

// Size is how many bytes came.
func (s *spooled) Size() int64 { return s.size }

// Unchanged is always so: nobody else has the file.
func (*spooled) Unchanged() error { return nil }

// Close also removes the file.
func (s *spooled) Close() error {
	err := s.File.Close()
	if runtime.GOOS == "windows" {
		err = errors.Join(err, os.Remove(s.Name()))
	}
	return err
}
