// Package signatures keeps a private mirror of ClamAV's signature databases, from
// which scanners that have no way to the internet fetch them.
package signatures

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// databases are the files of ClamAV's database, in the order in which they are
// put into the mirror: signatures move from daily to main, so that a scanner
// which comes in between finds them in both and never in neither.
var databases = []string{"main.cvd", "bytecode.cvd", daily}

// daily is the database that has an edition about every day; the others have
// one now and then.
const daily = "daily.cvd"

// ErrNotFound says that the mirror does not have a database.
var ErrNotFound = errors.New("the mirror does not have the database")

// Mirror holds databases by file name. A Put is seen whole or not at all.
type Mirror interface {
	// Get returns ErrNotFound for a database that is not there.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	Put(ctx context.Context, name string, content io.ReadSeeker) error
}

// Updater brings the databases in a folder up to date from ClamAV, checks their
// signatures, and leaves those alone that are up to date already.
type Updater interface {
	Update(ctx context.Context, dir string) error
}

// Refresher brings a mirror up to date.
type Refresher struct {
	Mirror  Mirror
	Updater Updater
	Dir     string // an own folder for the time of a run; its content is lost
	Now     func() time.Time
}

// Refresh brings the mirror up to date and returns how old its daily database
// then is. The mirror's own databases are the start, so that ClamAV is asked for
// new ones only. When that fails, the error comes with the age of what the
// mirror still has; it is 0 if it has no daily database at all.
func (r Refresher) Refresh(ctx context.Context) (age time.Duration, err error) {
	if err := os.RemoveAll(r.Dir); err != nil {
		return 0, fmt.Errorf("clear the folder of signatures: %w", err)
	}
	if err := os.MkdirAll(r.Dir, 0o700); err != nil {
		return 0, fmt.Errorf("make the folder of signatures: %w", err)
	}
	mirrored := map[string]Header{}
	for _, name := range databases {
		switch h, err := r.get(ctx, name); {
		case errors.Is(err, ErrNotFound):
		case err != nil:
			return 0, fmt.Errorf("get %s from the mirror: %w", name, err)
		default:
			mirrored[name] = h
		}
	}
	err = r.update(ctx, mirrored)
	if h, ok := mirrored[daily]; ok {
		age = r.Now().Sub(h.Built)
	}
	return age, err
}

// update updates the databases and puts the new ones into the mirror, and notes
// them in mirrored.
func (r Refresher) update(ctx context.Context, mirrored map[string]Header) error {
	if err := r.Updater.Update(ctx, r.Dir); err != nil {
		return fmt.Errorf("update the signatures: %w", err)
	}
	for _, name := range databases {
		f, h, err := r.open(name)
		if err != nil {
			return fmt.Errorf("read the updated %s: %w", name, err)
		}
		had := mirrored[name]
		if h.Version > had.Version {
			if err = r.Mirror.Put(ctx, name, f); err == nil {
				mirrored[name] = h
			}
		} else if h.Version < had.Version {
			err = fmt.Errorf("the edition %d is older than the mirror's, %d", h.Version, had.Version)
		}
		f.Close()
		if err != nil {
			return fmt.Errorf("put %s into the mirror: %w", name, err)
		}
	}
	return nil
}

// get copies a database from the mirror into the folder. One that is not whole
// is not kept.
func (r Refresher) get(ctx context.Context, name string) (Header, error) {
	content, err := r.Mirror.Get(ctx, name)
	if err != nil {
		return Header{}, err
	}
	defer content.Close()
	f, err := os.Create(filepath.Join(r.Dir, name)) // #nosec G304 -- one of the databases listed above
	if err != nil {
		return Header{}, err
	}
	_, err = io.Copy(f, content)
	if err = errors.Join(err, f.Close()); err != nil {
		return Header{}, err
	}
	f, h, err := r.open(name)
	if err != nil {
		return Header{}, err
	}
	return h, f.Close()
}

// open opens a database in the folder, at its begin, and reads its header.
func (r Refresher) open(name string) (*os.File, Header, error) {
	f, err := os.Open(filepath.Join(r.Dir, name)) // #nosec G304 -- one of the databases listed above
	if err != nil {
		return nil, Header{}, err
	}
	header := make([]byte, HeaderSize)
	var h Header
	if _, err = io.ReadFull(f, header); err == nil {
		if h, err = ParseHeader(header); err == nil {
			_, err = f.Seek(0, io.SeekStart)
		}
	}
	if err != nil {
		f.Close()
		return nil, Header{}, err
	}
	return f, h, nil
}
