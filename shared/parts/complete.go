package parts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/verify"
)

// Records reads records, and writes down what is promised late.
type Records interface {
	access.Records
	Promise(ctx context.Context, id string, p file.Promise) (file.File, error)
}

// Assembly is what is to be put together.
type Assembly struct {
	Key               string
	UploadID          string
	Size              int64       // bytes of all parts together
	Parts             []file.Part // all of them, by their number
	ChecksumCRC64NVME string      // of the whole in base64, or empty
}

// Uploads is what the Completer needs of the object store.
type Uploads interface {
	Holder

	// Assemble puts the parts together to an object under the key, if there is
	// none. It returns one of the errors of this package as they say.
	Assemble(ctx context.Context, a Assembly) error
}

// Completer takes an owner's word that an upload is done.
type Completer struct {
	Records Records
	Uploads Uploads
	Starter verify.Starter
	Now     func() time.Time
}

// Complete puts a file together that was sent in parts, if S3 holds all of them,
// they add up to what was promised, and they are those that c lists. Then, and
// for any other file at once, it goes on as verify.Starter.Complete, whose errors
// it has. It is idempotent.
//
// It refuses with a *file.Error what file.CodeNotMultipart, CodeInvalidParts,
// CodeInvalidChecksum, CodePartsMismatch and CodeClosed say, and has then put
// nothing together. file.CodeNotUploaded also says that S3 is not done yet.
func (m Completer) Complete(ctx context.Context, p access.Principal, id string, c Completion) (file.File, error) {
	f, err := access.Load(ctx, m.Records, p, id, access.Send, m.Now())
	if err != nil {
		return file.File{}, err
	}
	if f.Method != file.Multipart {
		if !c.Empty() {
			return file.File{}, notMultipart(f)
		}
		return m.Starter.Complete(ctx, p, id)
	}
	if err := c.check(f); err != nil {
		return file.File{}, err
	}
	if f.Status != file.Pending {
		return m.again(ctx, f, p, c)
	}
	held, over, err := m.look(ctx, f)
	if err != nil {
		return file.File{}, fmt.Errorf("list the parts of %s: %w", id, err)
	}
	if over == nil {
		if err := c.compare(f, held); err != nil {
			return file.File{}, err
		}
	}
	// Before there is an object, or before it is pinned: an event may be quicker
	// than this function, and verification then has to know of the promise.
	f, err = m.promise(ctx, f, c.ChecksumSHA256)
	if current, moved := file.Conflict(err); moved {
		return m.again(ctx, current, p, c)
	}
	if err != nil {
		return file.File{}, err
	}
	if over == nil {
		over = notYet(f)
		a := Assembly{Key: f.Key, UploadID: f.UploadID, Size: f.Size, Parts: held, ChecksumCRC64NVME: c.ChecksumCRC64NVME}
		if err := m.assemble(ctx, f, a); err != nil {
			return file.File{}, err
		}
	}
	return m.found(ctx, f, p, over)
}

// look returns all the parts of f that S3 holds. over is not nil where there is no
// upload any more: how to answer then, unless there is an object.
func (m Completer) look(ctx context.Context, f file.File) (held []file.Part, over, err error) {
	if over := live(f, m.Now()); over != nil {
		return nil, over, nil
	}
	held, err = m.held(ctx, f)
	if errors.Is(err, ErrNoUpload) {
		return nil, notYet(f), nil
	}
	return held, nil, err
}

// promise writes a SHA-256 down that f has not been promised yet. It returns a
// *file.ConflictError if f is not pending any more.
func (m Completer) promise(ctx context.Context, f file.File, checksum string) (file.File, error) {
	if checksum == "" || f.ChecksumSHA256 != "" {
		return f, nil // Completion.check has compared the two
	}
	promised, err := m.Records.Promise(ctx, f.ID, file.Promise{ChecksumSHA256: checksum, At: m.Now().UTC()})
	if current, moved := file.Conflict(err); moved && current.Status == file.Pending {
		return file.File{}, otherPromise(current)
	}
	if err != nil {
		return file.File{}, fmt.Errorf("write down the checksum of %s: %w", f.ID, err)
	}
	return promised, nil
}

// again answers for a file that is put together already.
func (m Completer) again(ctx context.Context, f file.File, p access.Principal, c Completion) (file.File, error) {
	if c.ChecksumSHA256 != "" {
		if f.ChecksumSHA256 == "" && (f.Status == file.Uploaded || f.Status == file.Verifying) {
			return file.File{}, &file.Error{
				Code: file.CodeInvalidChecksum, Field: "checksumSHA256", Status: f.Status,
				Detail: "The file is being verified without it already.", Accepted: "none any more",
			}
		}
		if f.ChecksumSHA256 != "" && !file.SameChecksum(f.ChecksumSHA256, c.ChecksumSHA256) {
			return file.File{}, otherPromise(f)
		}
	}
	return m.Starter.Complete(ctx, p, f.ID)
}

// held returns the parts of f by their number, up to one more than it has.
func (m Completer) held(ctx context.Context, f file.File) ([]file.Part, error) {
	count := file.Parts(f.Size, f.PartSize)
	var held []file.Part
	for after, more := 0, true; more && len(held) <= count; {
		var page []file.Part
		var err error
		if page, more, err = m.Uploads.Held(ctx, f.Key, f.UploadID, after); err != nil {
			return nil, err
		}
		if len(page) == 0 {
			break
		}
		held = append(held, page...)
		after = page[len(page)-1].Number
	}
	return held, nil
}

// assemble has S3 put the parts together. It is no error that somebody else did,
// or is about to.
func (m Completer) assemble(ctx context.Context, f file.File, a Assembly) error {
	err := m.Uploads.Assemble(ctx, a)
	if errors.Is(err, ErrBusy) {
		// S3 then asks for a new upload ("CompleteMultipartUpload", Amazon S3 API
		// Reference). That is the last resort: asked again, it says whether it has this one.
		err = m.Uploads.Assemble(ctx, a)
	}
	switch {
	case err == nil, errors.Is(err, ErrNoUpload), errors.Is(err, ErrObjectExists), errors.Is(err, ErrBusy):
		return nil
	case errors.Is(err, ErrBadChecksum):
		return mismatch(f, "checksumCRC64NVME", "The parts together have another checksum.", "the parts that differ sent again")
	case errors.Is(err, ErrPartChanged):
		return mismatch(f, "", "A part was sent again while this call was answered.", "this call again, when every part is sent")
	}
	return fmt.Errorf("put the parts of %s together: %w", f.ID, err)
}

// found starts the verification of f's object, or fails with none if there is
// none. f was pending when it was read.
func (m Completer) found(ctx context.Context, f file.File, p access.Principal, none error) (file.File, error) {
	obj, err := m.Starter.Objects.Current(ctx, f.Key)
	if err == nil {
		return m.Starter.Found(ctx, f, obj)
	}
	if file.CodeOf(err) != file.CodeNotFound {
		return file.File{}, fmt.Errorf("look for the object of file %s: %w", f.ID, err)
	}
	current, err := access.Load(ctx, m.Records, p, f.ID, access.Send, m.Now())
	if err != nil {
		return file.File{}, err
	}
	if current.Status != file.Pending {
		return m.Starter.Complete(ctx, p, f.ID) // it was put together, and has gone on or was deleted since
	}
	return file.File{}, none
}

// notYet is that S3 has neither the upload nor an object of it.
func notYet(f file.File) error {
	return &file.Error{
		Code: file.CodeNotUploaded, Status: f.Status,
		Detail:   "S3 is putting the file together for another call, or has given its upload up.",
		Accepted: "this call again in a moment; a new upload if it stays so",
	}
}
