// Package filetest has a store of records in memory, for tests of what stands
// on the domain. It keeps the same table of transitions as the real one; that
// the real one does is tested against DynamoDB itself.
package filetest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/quota"
)

// Records is a store of records. The zero value is empty and ready for use.
type Records struct {
	mu    sync.Mutex
	files map[string]file.File
	usage map[quota.Account]quota.Usage
	noted []audit.Event

	closed map[quota.Account]bool

	// Quotas are what Create holds accounts to; those of a day it does not know.
	Quotas quota.Quotas

	// BeforeChange, when set, runs before each change, outside of any lock: a
	// test lets another writer in there, or returns an error in its place.
	BeforeChange func(id string, c file.Change) error

	// BeforeRenew is the same before each renewal.
	BeforeRenew func(id string, n file.Renewal) error

	// BeforeBegin is the same before an upload in parts is written down as begun.
	BeforeBegin func(id string) error

	// BeforeShare is the same before grants are replaced.
	BeforeShare func(id string, s file.Sharing) error

	// BeforeRetain and BeforeHold are the same before a retention is changed, and
	// before a hold is.
	BeforeRetain func(id string, n file.Retention) error
	BeforeHold   func(id string, h file.Holding) error

	// BeforeNote is the same before an event is noted.
	BeforeNote func(e audit.Event) error
}

// Create keeps a new record, replacing none.
func (r *Records) Create(_ context.Context, f file.File) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.files == nil {
		r.files = map[string]file.File{}
	}
	if _, taken := r.files[f.ID]; taken {
		return &file.ConflictError{To: f.Status, Current: r.files[f.ID]}
	}
	for _, a := range quota.Accounts(f.Owner) {
		if r.closed[a] {
			return quota.ErrClosed
		}
		if err := r.Quotas.Of(a.Kind).Check(a.Kind, r.usage[a], quota.Of(f)); err != nil {
			return err
		}
	}
	if err := r.count(f, quota.Of(f)); err != nil {
		return err
	}
	r.files[f.ID] = f
	return r.balanced()
}

// Get returns the record or file.ErrNotFound.
func (r *Records) Get(_ context.Context, id string) (file.File, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, ok := r.files[id]
	if !ok {
		return file.File{}, file.ErrNotFound
	}
	return f, nil
}

// Change applies c as file.Change says.
func (r *Records) Change(_ context.Context, id string, c file.Change) (file.File, error) {
	if r.BeforeChange != nil {
		if err := r.BeforeChange(id, c); err != nil {
			return file.File{}, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f, ok := r.files[id]
	if !ok {
		return file.File{}, file.ErrNotFound
	}
	if !f.Allows(c) {
		return file.File{}, &file.ConflictError{To: c.To, Current: f}
	}
	after := f.After(c)
	if err := r.count(after, quota.Delta(f, after)); err != nil {
		return file.File{}, err
	}
	r.files[id] = after
	return after, r.balanced()
}

// Renew applies n as file.Renewal says.
func (r *Records) Renew(_ context.Context, id string, n file.Renewal) (file.File, error) {
	if r.BeforeRenew != nil {
		if err := r.BeforeRenew(id, n); err != nil {
			return file.File{}, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f, ok := r.files[id]
	if !ok {
		return file.File{}, file.ErrNotFound
	}
	if f.Status != file.Ready || f.VersionID != n.VersionID || f.Verdict != nil && !f.Verdict.CheckedAt.Before(n.Verdict.CheckedAt) {
		return file.File{}, &file.ConflictError{To: file.Ready, Current: f}
	}
	f.Verdict, f.Receipt, f.UpdatedAt = &n.Verdict, n.Receipt, n.At
	f.Revision++
	r.files[id] = f
	return f, nil
}

// Due lists what the sweeper has to look at.
func (r *Records) Due(_ context.Context, now time.Time, limit int) ([]file.File, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var due []file.File
	for _, f := range r.files {
		if !f.SweepAt.IsZero() && !f.SweepAt.After(now) {
			due = append(due, f)
		}
	}
	slices.SortFunc(due, func(a, b file.File) int { return a.SweepAt.Compare(b.SweepAt) })
	return due[:min(limit, len(due))], nil
}

// Postpone sets SweepAt where nothing was written since f was read.
func (r *Records) Postpone(_ context.Context, f file.File, sweepAt time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if current, ok := r.files[f.ID]; ok && current.Revision == f.Revision {
		current.SweepAt = sweepAt
		current.Revision++
		r.files[f.ID] = current
	}
	return nil
}

// Settle clears SweepAt where nothing was written since f was read.
func (r *Records) Settle(_ context.Context, f file.File) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if current, ok := r.files[f.ID]; ok && current.Revision == f.Revision {
		current.SweepAt = time.Time{}
		r.files[f.ID] = current
	}
	return nil
}

// Begin applies b as file.Begun says.
func (r *Records) Begin(_ context.Context, id string, b file.Begun) (file.File, error) {
	if r.BeforeBegin != nil {
		if err := r.BeforeBegin(id); err != nil {
			return file.File{}, err
		}
	}
	return r.whilePending(id, func(f *file.File) bool {
		if f.Method != file.Multipart || f.UploadID != "" {
			return false
		}
		f.UploadID, f.UploadExpiresAt, f.SweepAt, f.UpdatedAt = b.UploadID, b.ExpiresAt, b.SweepAt, b.At
		return true
	})
}

// Promise applies p as file.Promise says.
func (r *Records) Promise(_ context.Context, id string, p file.Promise) (file.File, error) {
	return r.whilePending(id, func(f *file.File) bool {
		if f.ChecksumSHA256 != "" && f.ChecksumSHA256 != p.ChecksumSHA256 {
			return false
		}
		f.ChecksumSHA256, f.UpdatedAt = p.ChecksumSHA256, p.At
		return true
	})
}

// whilePending writes a pending record as change says, or not if it refuses.
func (r *Records) whilePending(id string, change func(*file.File) bool) (file.File, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, ok := r.files[id]
	if !ok {
		return file.File{}, file.ErrNotFound
	}
	changed := f
	if f.Status != file.Pending || !change(&changed) {
		return file.File{}, &file.ConflictError{To: file.Pending, Current: f}
	}
	changed.Revision++
	r.files[id] = changed
	return changed, nil
}
