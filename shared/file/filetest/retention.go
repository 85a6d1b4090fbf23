package filetest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// Retain applies n as file.Retention says.
func (r *Records) Retain(_ context.Context, f file.File, n file.Retention) (file.File, error) {
	if r.BeforeRetain != nil {
		if err := r.BeforeRetain(f.ID, n); err != nil {
			return file.File{}, err
		}
	}
	return r.rewrite(f.ID, func(f file.File) (file.File, bool) { return f.Retained(n), f.AllowsRetention(n) })
}

// Hold applies h as file.Holding says.
func (r *Records) Hold(_ context.Context, f file.File, h file.Holding) (file.File, error) {
	if r.BeforeHold != nil {
		if err := r.BeforeHold(f.ID, h); err != nil {
			return file.File{}, err
		}
	}
	return r.rewrite(f.ID, func(f file.File) (file.File, bool) { return f.Holds(h), f.AllowsHolding(h) })
}

// rewrite replaces a record by what change makes of it, unless that says no.
func (r *Records) rewrite(id string, change func(file.File) (after file.File, allowed bool)) (file.File, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, ok := r.files[id]
	if !ok {
		return file.File{}, file.ErrNotFound
	}
	after, allowed := change(f)
	if !allowed {
		return file.File{}, &file.ConflictError{Current: f}
	}
	r.files[id] = after
	return after, nil
}

// Overdue lists the ids of what retention is to delete.
func (r *Records) Overdue(_ context.Context, now time.Time, limit int) ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var over []file.File
	for _, f := range r.files {
		if at := f.DeleteAt(); !at.IsZero() && !at.After(now) {
			over = append(over, f)
		}
	}
	slices.SortFunc(over, func(a, b file.File) int {
		if n := a.ExpiresAt.Compare(b.ExpiresAt); n != 0 {
			return n
		}
		return strings.Compare(a.ID, b.ID)
	})
	var ids []string
	for _, f := range over[:min(limit, len(over))] {
		ids = append(ids, f.ID)
	}
	return ids, nil
}
