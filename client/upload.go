package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"path/filepath"
	"strings"
	"time"
)

// UploadOptions says how a source is uploaded. The zero value serves for what
// OpenFile opens.
type UploadOptions struct {
	// Filename is what the file will be called; empty for the source's own name.
	Filename string

	// ContentType is the media type that is promised; empty for what the filename's
	// extension says, or else application/octet-stream.
	ContentType string

	// Method and PartSize (bytes) are the server's to choose where they are empty. A
	// form cannot be sent.
	Method   Method
	PartSize int64

	// Parallel is how many parts are in flight; 0 for 4, or fewer where parts are over
	// 64 MiB. The memory that is used is (Parallel+1) times the part size, whatever the
	// file's size.
	Parallel int

	// ExpiresAt is how long the file is kept, the zero time for as long as the policy
	// says. What is gone on with is kept as long as it was begun with.
	ExpiresAt time.Time

	// Journal is where what was begun is remembered; nil for nowhere, so that an
	// upload that ends early is deleted, and nothing is resumed.
	Journal Journal

	// Account tells apart, in the journal, the uploads of the same file for different
	// users of the API. It may be any text that is no secret.
	Account string

	// NoWait returns as soon as the bytes are complete, without the verdict.
	NoWait bool

	// Progress is called often, by one goroutine at a time. It must not take long.
	Progress func(Progress)
}

// promised is up to how many bytes are hashed before the upload is asked for, so that
// S3 itself refuses any others. The server has files of up to as many sent by one PUT,
// unless its policy is another.
const promised = 64 << 20

// RejectedError says that the bytes arrived and are not handed out: the file is
// rejected, for File.Reason, or it was deleted or has expired meanwhile.
type RejectedError struct{ File File }

// Error says what became of the file, and why.
func (e *RejectedError) Error() string {
	if e.File.Reason != "" {
		return fmt.Sprintf("file %s is %s: %s", e.File.ID, e.File.Status, e.File.Reason)
	}
	return fmt.Sprintf("file %s is %s", e.File.ID, e.File.Status)
}

// Upload sends all of src and waits for the verdict. It returns the ready file, a
// *RejectedError where it is not ready in the end, and an error that wraps
// ErrSourceChanged where the source changed while it was read; nothing is put
// together then. With an error comes what is known of the file.
//
// With a Journal, an upload that ends early, for an error, because ctx is cancelled
// or because the process is killed, is gone on with by the next call for the same
// source, which sends only what S3 does not hold. Without, it is deleted.
//
// Upload does not close src. When ctx is cancelled while a Read of a reader is under
// way, it does not wait for that Read to return.
func (c *Client) Upload(ctx context.Context, src Source, o UploadOptions) (File, error) {
	u, err := c.newUploading(src, o)
	if err != nil {
		return File{}, err
	}
	u.report.phase(PhaseStarting)
	if u.key != "" {
		if locker, ok := o.Journal.(Locker); ok {
			unlock, err := locker.Lock(u.key)
			if err != nil {
				return File{}, fmt.Errorf("upload %q: %w", u.filename, err)
			}
			defer unlock()
		}
	}
	f, err := u.run(ctx)
	if err != nil {
		if f.ID == "" {
			f.ID = u.id
		}
		u.abandon(ctx, err)
		return f, fmt.Errorf("upload %q: %w", u.filename, interrupted(ctx, err))
	}
	u.report.phase(PhaseDone)
	return f, nil
}

// uploading is one upload under way.
type uploading struct {
	c                     *Client
	src                   Source
	o                     UploadOptions
	report                *reporter
	size                  int64
	filename, contentType string

	key    string // in the journal; empty where nothing is remembered
	sha256 string // of the source, in base64; empty until known
	id     string // of the file; empty until there is one
	sent   bool   // the server has been told that all bytes are there
}

func (c *Client) newUploading(src Source, o UploadOptions) (*uploading, error) {
	u := &uploading{c: c, src: src, o: o, size: src.Size(), filename: o.Filename, contentType: o.ContentType}
	if named, ok := src.(interface{ Name() string }); ok && u.filename == "" {
		u.filename = named.Name()
	}
	switch {
	case u.filename == "":
		return nil, errors.New("upload: the source has no name, and the options name none")
	case o.Method == MethodForm:
		return nil, fmt.Errorf("upload %q: a form is for browsers", u.filename)
	case o.Parallel < 0:
		return nil, fmt.Errorf("upload %q: %d parts cannot be in flight", u.filename, o.Parallel)
	}
	if u.contentType == "" {
		u.contentType = typeByName(u.filename)
	}
	if keyed, ok := src.(interface{ JournalKey() string }); ok && o.Journal != nil {
		sum := sha256.Sum256([]byte(c.base + "\x00" + o.Account + "\x00" + keyed.JournalKey()))
		u.key = hex.EncodeToString(sum[:])
	}
	u.report = &reporter{tell: o.Progress, p: Progress{Total: u.size}}
	return u, nil
}

// repeat is an error after which an upload is worth another round: from the start if
// there is no file any more, or else with what S3 does not hold.
type repeat struct{ err error }

func (e *repeat) Error() string { return e.err.Error() }
func (e *repeat) Unwrap() error { return e.err }

// rounds is how often an upload is begun.
const rounds = 3

func (u *uploading) run(ctx context.Context) (File, error) {
	if err := u.src.Unchanged(); err != nil {
		return File{}, err
	}
	if u.size <= u.c.promised || u.o.Method == MethodPut {
		if err := u.promise(ctx); err != nil {
			return File{}, err
		}
	}
	if err := u.remembered(); err != nil {
		return File{}, err
	}
	for round := 1; ; round++ {
		f, err := u.round(ctx)
		again, ok := errors.AsType[*repeat](err)
		switch {
		case err == nil:
			return u.verdict(ctx, f)
		case !ok || ctx.Err() != nil:
			return f, err
		case round == rounds:
			return f, again.err
		}
		u.c.log.Warn("an upload is begun again", "file", u.id, "error", err.Error())
	}
}

// round sends what is not there yet, and says that it is complete.
func (u *uploading) round(ctx context.Context) (File, error) {
	p, err := u.plan(ctx)
	if err != nil || p.there {
		u.sent = u.sent || p.there
		return p.file, err
	}
	u.report.saw(p.file)
	u.report.phase(PhaseSending)
	done, err := p.send(ctx)
	if err == nil {
		err = u.src.Unchanged()
	}
	if err != nil {
		return p.file, err
	}
	u.report.phase(PhaseCompleting)
	f, err := u.complete(ctx, done)
	if err != nil {
		if _, once := u.src.(forwardOnly); !once && errors.Is(err, ErrPartsMismatch) {
			err = &repeat{err}
		}
		return p.file, err
	}
	u.sent = true
	return f, nil
}

// complete says that all bytes are there. S3 may be at putting them together for an
// earlier call, whose answer was lost, and then says so until it is done.
func (u *uploading) complete(ctx context.Context, done Completion) (f File, err error) {
	for retry := 0; ; retry++ {
		f, err = u.c.Complete(ctx, u.id, done)
		if len(done.Parts) == 0 || !errors.Is(err, ErrNotUploaded) || retry >= u.c.retries {
			return f, err
		}
		if err := sleep(ctx, u.c.backoff(retry)); err != nil {
			return f, err
		}
	}
}

// verdict waits for the end state, if it is to be waited for.
func (u *uploading) verdict(ctx context.Context, f File) (File, error) {
	u.report.saw(f)
	if u.o.NoWait {
		return f, u.forget()
	}
	if !f.Status.Final() {
		u.report.phase(PhaseVerifying)
	}
	f, err := u.c.Wait(ctx, u.id, u.report.saw)
	if err != nil {
		return f, err
	}
	if err := u.forget(); err != nil {
		return f, err
	}
	switch {
	case f.Status != StatusReady:
		return f, &RejectedError{f}
	case u.sha256 != "" && f.ChecksumSHA256 != u.sha256:
		return f, fmt.Errorf("file %s is ready with the checksum %s, but that of the source is %s", f.ID, f.ChecksumSHA256, u.sha256)
	}
	return f, nil
}

// abandon deletes what was begun and will not be gone on with.
func (u *uploading) abandon(ctx context.Context, why error) {
	resumable := u.key != "" && !errors.Is(why, ErrSourceChanged)
	if u.id == "" || u.sent || resumable {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := u.remove(ctx); err != nil {
		u.c.log.Warn("what was begun could not be deleted; it expires by itself", "file", u.id, "error", err.Error())
	}
}

// remove deletes the file, so that the next round makes another.
func (u *uploading) remove(ctx context.Context) error {
	if err := u.c.Delete(ctx, u.id); err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	u.id = ""
	return u.forget()
}

// promise hashes the source before anything is asked for. What can be read only once
// is kept in memory, if it is short enough.
func (u *uploading) promise(ctx context.Context) error {
	h := sha256.New()
	_, once := u.src.(forwardOnly)
	var kept []byte
	chunk := make([]byte, min(u.size, 1<<20))
	if once {
		if u.size > u.c.promised {
			return fmt.Errorf("a reader of more than %d bytes can only be sent in parts", u.c.promised)
		}
		kept = make([]byte, u.size)
	}
	for at := int64(0); at < u.size; at += int64(len(chunk)) {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if once {
			chunk = kept[at:min(at+1<<20, u.size)]
		} else {
			chunk = chunk[:min(int64(len(chunk)), u.size-at)]
		}
		if err := readFull(u.src, chunk, at); err != nil {
			return err
		}
		h.Write(chunk)
	}
	if err := u.src.Unchanged(); err != nil {
		return err
	}
	if once {
		u.src = memorySource{bytes.NewReader(kept)}
	}
	u.sha256 = base64.StdEncoding.EncodeToString(h.Sum(nil))
	return nil
}

// typeByName returns the media type that a filename's extension stands for. What Vouch
// takes by default is the same on every machine; for the rest the system is asked.
func typeByName(name string) string {
	extension := strings.ToLower(filepath.Ext(name))
	if t, ok := types[extension]; ok {
		return t
	}
	if t, _, err := mime.ParseMediaType(mime.TypeByExtension(extension)); err == nil {
		return t
	}
	return "application/octet-stream"
}

var types = map[string]string{
	".avif": "image/avif", ".bmp": "image/bmp", ".csv": "text/csv", ".doc": "application/msword",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".gif":  "image/gif", ".gz": "application/gzip", ".heic": "image/heic", ".jpeg": "image/jpeg", ".jpg": "image/jpeg",
	".json": "application/json", ".md": "text/markdown", ".mov": "video/quicktime", ".mp3": "audio/mpeg", ".mp4": "video/mp4",
	".odp": "application/vnd.oasis.opendocument.presentation", ".ods": "application/vnd.oasis.opendocument.spreadsheet",
	".odt": "application/vnd.oasis.opendocument.text", ".ogg": "audio/ogg", ".pdf": "application/pdf", ".png": "image/png",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	".tar":  "application/x-tar", ".tgz": "application/gzip", ".tif": "image/tiff", ".tiff": "image/tiff", ".txt": "text/plain",
	".wav": "audio/wav", ".webm": "video/webm", ".webp": "image/webp", ".xls": "application/vnd.ms-excel",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".zip": "application/zip",
}

var _ io.ReaderAt = memorySource{}
