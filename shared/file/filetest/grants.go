package filetest

import (
	"context"
	"slices"

	"github.com/vouch-s3/vouch/shared/file"
)

// Share applies s as file.Sharing says.
func (r *Records) Share(_ context.Context, id string, s file.Sharing) (file.File, error) {
	if r.BeforeShare != nil {
		if err := r.BeforeShare(id, s); err != nil {
			return file.File{}, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f, ok := r.files[id]
	if !ok {
		return file.File{}, file.ErrNotFound
	}
	if f.Revision != s.Revision || !slices.Contains(file.Shareable(), f.Status) {
		return file.File{}, &file.ConflictError{Current: f}
	}
	f.Grants, f.UpdatedAt = slices.Clone(s.Grants), s.At
	f.Revision++
	r.files[id] = f
	return f, nil
}
