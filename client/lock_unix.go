//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package client

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lockFile holds the file at path by flock(2), which the system lets go of when the
// process ends. The file is removed with the lock.
func lockFile(path string) (unlock func(), err error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
		if err != nil {
			return nil, fmt.Errorf("open the lock: %w", err)
		}
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			f.Close()
			if errors.Is(err, syscall.EWOULDBLOCK) {
				return nil, ErrBusy
			}
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		// Whoever held it before may have removed it since it was opened here: what is
		// locked then has no name, and the next one would lock another.
		locked, err := f.Stat()
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("look at the lock: %w", err)
		}
		if named, err := os.Lstat(path); err == nil && os.SameFile(locked, named) {
			return func() {
				os.Remove(path) // while it is still locked
				f.Close()
			}, nil
		}
		f.Close()
	}
}
