package verify

import (
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
)

// ErrAlreadyEnded says that an execution of that name ran once and has ended.
var ErrAlreadyEnded = errors.New("an execution of that name has already ended")

// Workflow starts executions. Starting one that runs already is no error;
// starting one that has ended is ErrAlreadyEnded.
type Workflow interface {
	Start(ctx context.Context, name string, job Job) error
}

// Records reads and changes records.
type Records interface {
	access.Records
	Change(ctx context.Context, id string, c file.Change) (file.File, error)
}

// Arrivals is what the Starter needs of the object store.
type Arrivals interface {
	// Current describes the newest version under key. It returns
	// file.ErrNotFound when there is none.
	Current(ctx context.Context, key string) (file.Object, error)

	// DeleteVersion removes one version; removing none is no error.
	DeleteVersion(ctx context.Context, key, versionID string) error
}

// Starter begins verifications.
type Starter struct {
	Records  Records
	Objects  Arrivals
	Workflow Workflow
	Policy   policy.Policy
	Now      func() time.Time
}

// Arrived takes the news that an object version was stored, whoever brings it
// and however often: it pins a version on a pending record and starts the
// workflow for the version that is pinned. Any other version under a file's
// key belongs to no upload that was promised (a URL replayed after its file
// was deleted, a write after expiry), and is removed.
//
// What is pinned is the newest version that there is at that moment, which obj
// need not be when its news comes late. Nothing takes its place from then on.
//
// It returns file.ErrNotFound when the key is not that of a file.
func (s Starter) Arrived(ctx context.Context, obj file.Object) (file.File, error) {
	id := path.Base(obj.Key)
	if !file.ValidID(id) {
		return file.File{}, file.ErrNotFound
	}
	f, err := s.Records.Get(ctx, id)
	if err != nil {
		return file.File{}, err
	}
	if f.Key != obj.Key {
		return file.File{}, file.ErrNotFound
	}
	if obj.VersionID == "" {
		return file.File{}, unversioned(id)
	}
	if f.Status == file.Pending {
		newest, err := s.newest(ctx, obj)
		if err != nil {
			return file.File{}, err
		}
		if f, err = s.pin(ctx, f, newest); err != nil {
			return file.File{}, err
		}
	}
	return s.take(ctx, f, obj)
}

// Found is Arrived for whoever has just asked the store for the newest version
// under the key of f, which was pending when it was read. It may have moved on.
func (s Starter) Found(ctx context.Context, f file.File, newest file.Object) (file.File, error) {
	f, err := s.pin(ctx, f, newest)
	if err != nil {
		return file.File{}, err
	}
	return s.take(ctx, f, newest)
}

// take starts the workflow for the version that is pinned on f, and removes obj
// if it is another.
func (s Starter) take(ctx context.Context, f file.File, obj file.Object) (file.File, error) {
	if f.VersionID != obj.VersionID {
		if err := s.Objects.DeleteVersion(ctx, obj.Key, obj.VersionID); err != nil {
			return file.File{}, fmt.Errorf("remove a stray version of file %s: %w", f.ID, err)
		}
	}
	return f, s.start(ctx, f)
}

// newest returns the newest version under obj's key. Where the store shows none,
// as below a delete marker, that is obj: validation says whether it is there.
func (s Starter) newest(ctx context.Context, obj file.Object) (file.Object, error) {
	newest, err := s.Objects.Current(ctx, obj.Key)
	if file.CodeOf(err) == file.CodeNotFound {
		return obj, nil
	}
	if err != nil {
		return file.Object{}, fmt.Errorf("look for the newest version of %s: %w", obj.Key, err)
	}
	return newest, nil
}

// Complete takes the owner's word that the upload is done. It is idempotent,
// and returns file.ErrNotFound and file.CodeForbidden as access.Load does, a
// *file.Error with file.CodeNotUploaded while no object is there, or with file.CodeClosed for
// a file that expired or was deleted.
func (s Starter) Complete(ctx context.Context, p access.Principal, id string) (file.File, error) {
	f, err := access.Load(ctx, s.Records, p, id, access.Send, s.Now())
	if err != nil {
		return file.File{}, err
	}
	switch f.Status {
	case file.Pending:
		obj, err := s.Objects.Current(ctx, f.Key)
		if file.CodeOf(err) == file.CodeNotFound {
			return file.File{}, &file.Error{
				Code: file.CodeNotUploaded, Status: f.Status,
				Detail:   "No bytes have arrived for this file.",
				Accepted: "bytes sent, by the PUT or the form that was given out, before this call",
			}
		}
		if err != nil {
			return file.File{}, fmt.Errorf("look for the object of file %s: %w", id, err)
		}
		return s.Found(ctx, f, obj)
	case file.Expired, file.Deleted:
		return file.File{}, &file.Error{
			Code: file.CodeClosed, Status: f.Status,
			Detail:   fmt.Sprintf("The file is %s.", f.Status),
			Accepted: "a new upload",
		}
	}
	return f, s.start(ctx, f)
}

// Restart starts the verification of a file that should have a verdict by now
// once more: the same execution if it was never started, a further attempt if
// it ended without one.
func (s Starter) Restart(ctx context.Context, f file.File) error {
	job := JobFor(f)
	err := s.Workflow.Start(ctx, job.ExecutionName(0), job)
	if errors.Is(err, ErrAlreadyEnded) {
		// The revision grows with every look of the sweeper, so each look makes
		// one new attempt, and two sweepers at once make the same one.
		err = s.Workflow.Start(ctx, job.ExecutionName(f.Revision), job)
	}
	if err != nil && !errors.Is(err, ErrAlreadyEnded) {
		return fmt.Errorf("restart the verification of file %s: %w", f.ID, err)
	}
	return nil
}

func unversioned(id string) error {
	return fmt.Errorf("object of file %s has no version: the bucket must be versioned", id)
}

func (s Starter) pin(ctx context.Context, f file.File, obj file.Object) (file.File, error) {
	if obj.VersionID == "" {
		return file.File{}, unversioned(f.ID)
	}
	now := s.Now().UTC()
	change := file.Change{To: file.Uploaded, At: now, Object: &obj, SweepAt: now.Add(s.Policy.VerifyWithin)}
	if f.Method == file.Form {
		change.Size, change.ContentType = unpromised(f, obj, s.Policy)
	}
	pinned, err := s.Records.Change(ctx, f.ID, change)
	if current, moved := file.Conflict(err); moved {
		return current, nil
	}
	if err != nil {
		return file.File{}, fmt.Errorf("mark file %s uploaded: %w", f.ID, err)
	}
	return pinned, nil
}

// start starts the workflow for a file whose verification has not begun. That it is
// verifying the first step of that very execution has written: to start it once more
// would change nothing, and take one of the calls that Step Functions lets through in a
// second. Both the client and S3's event come here for each file, one of them late.
func (s Starter) start(ctx context.Context, f file.File) error {
	if f.Status != file.Uploaded {
		return nil
	}
	job := JobFor(f)
	err := s.Workflow.Start(ctx, job.ExecutionName(0), job)
	if err != nil && !errors.Is(err, ErrAlreadyEnded) {
		return fmt.Errorf("start the verification of file %s: %w", f.ID, err)
	}
	return nil
}
