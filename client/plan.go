package client

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// plan is what is left to do for a file.
type plan struct {
	file  File
	there bool // all bytes are
	send  func(ctx context.Context) (Completion, error)
}

// remembered takes up the upload that the journal has of the source, if it is one
// of the same bytes under the same name.
func (u *uploading) remembered() error {
	if u.key == "" {
		return nil
	}
	e, ok, err := u.o.Journal.Load(u.key)
	if err != nil {
		return err
	}
	if ok && e.API == u.c.base && e.Size == u.size && e.Filename == u.filename && e.ContentType == u.contentType &&
		(u.o.PartSize == 0 || e.PartSize == 0 || e.PartSize == u.o.PartSize) {
		u.id = e.FileID
	}
	return nil
}

// forget removes the upload from the journal.
func (u *uploading) forget() error {
	if u.key == "" {
		return nil
	}
	return u.o.Journal.Remove(u.key)
}

// plan goes on with the file that was begun, or begins one.
func (u *uploading) plan(ctx context.Context) (plan, error) {
	if u.id != "" {
		p, err := u.resume(ctx)
		if err != nil || u.id != "" {
			return p, err
		}
	}
	return u.begin(ctx)
}

// begin asks for an upload, and writes it into the journal before the first byte
// is sent.
func (u *uploading) begin(ctx context.Context) (plan, error) {
	created, a, err := u.c.create(ctx, NewFile{
		Filename: u.filename, ContentType: u.contentType, Size: u.size, ChecksumSHA256: u.sha256,
		Method: u.o.Method, PartSize: u.o.PartSize, ExpiresAt: u.o.ExpiresAt,
	})
	if err != nil {
		return plan{}, err
	}
	u.id = created.ID
	p := plan{file: created.File}
	e := Entry{FileID: u.id, API: u.c.base, Size: u.size, Filename: u.filename, ContentType: u.contentType}
	if dated, ok := u.src.(interface{ ModTime() time.Time }); ok {
		e.ModTime = dated.ModTime()
	}
	switch {
	case created.Upload != nil && u.sha256 == "":
		// The policy sends by one PUT what was too long to be hashed beforehand. A URL
		// that holds S3 to these bytes is worth reading them twice.
		if err := u.promise(ctx); err != nil {
			return p, err
		}
		if err := u.c.Delete(ctx, u.id); err != nil {
			return p, err
		}
		return u.begin(ctx)
	case created.Upload != nil:
		p.send = u.whole(*created.Upload, a.until(created.Upload.ExpiresAt))
	case created.Multipart != nil:
		e.PartSize = created.Multipart.PartSize
		if p.send, err = u.inParts(*created.Multipart, nil); err != nil {
			return p, err
		}
	default:
		return p, fmt.Errorf("file %s is to be sent by %q, which is not known here", u.id, created.Method)
	}
	if u.key != "" {
		if err := u.o.Journal.Store(u.key, e); err != nil {
			return p, err
		}
	}
	return p, nil
}

// resume finds out what is left to do for the file that was begun. It leaves u.id
// empty where that is of no use any more.
func (u *uploading) resume(ctx context.Context) (plan, error) {
	f, err := u.c.Get(ctx, u.id)
	if errors.Is(err, ErrNotFound) {
		u.id = ""
		return plan{}, u.forget()
	}
	if err != nil {
		return plan{}, err
	}
	another := f.Size != u.size || f.Filename != u.filename || u.sha256 != "" && f.ChecksumSHA256 != "" && f.ChecksumSHA256 != u.sha256
	if another || f.Status == StatusExpired || f.Status == StatusDeleted {
		u.id = ""
		return plan{}, u.forget()
	}
	if f.Status != StatusPending {
		u.report.change(func(p *Progress) { p.Done, p.Resumed = u.size, u.size })
		return plan{file: f, there: true}, nil
	}
	if f.Method == MethodMultipart {
		held, terms, err := u.c.Parts(ctx, u.id)
		if err == nil {
			p := plan{file: f}
			p.send, err = u.inParts(terms, held)
			return p, err
		}
		if !errors.Is(err, ErrClosed) {
			return plan{file: f}, err
		}
	}
	// The URL of a PUT is kept nowhere, and an upload in parts is gone when they are put
	// together: the bytes may all have arrived.
	done, err := u.c.Complete(ctx, u.id, Completion{})
	if err == nil {
		u.report.change(func(p *Progress) { p.Done, p.Resumed = u.size, u.size })
		return plan{file: done, there: true}, nil
	}
	if !errors.Is(err, ErrNotUploaded) && !errors.Is(err, ErrClosed) && !errors.Is(err, ErrNotFound) {
		return plan{file: f}, err
	}
	return plan{}, u.remove(ctx)
}

// whole returns how the file is sent by one PUT.
func (u *uploading) whole(to Upload, until time.Time) func(context.Context) (Completion, error) {
	return func(ctx context.Context) (Completion, error) {
		doing := fmt.Sprintf("send the %d bytes of file %s", u.size, u.id)
		err := u.c.again(ctx, doing, func() error {
			_, err := u.c.put(ctx, presigned{to.Method, to.URL, to.Headers}, u.src, 0, u.size, u.report.moved)
			if err == nil {
				return nil
			}
			if changed := u.src.Unchanged(); changed != nil {
				return changed // and so S3 had every reason to refuse it
			}
			if s, ok := errors.AsType[*StorageError](err); ok && s.StatusCode == 412 {
				u.report.moved(u.size)
				return nil // it is there: an earlier try arrived, and only its answer did not
			}
			return err
		})
		s, ok := errors.AsType[*StorageError](err)
		if ok && (s.ranOut() || s.StatusCode == 403 && !time.Now().Before(until)) {
			if err := u.remove(ctx); err != nil {
				return Completion{}, err
			}
			return Completion{}, &repeat{err}
		}
		return Completion{}, err
	}
}
