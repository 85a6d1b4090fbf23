package filetest

import (
	"context"

	"github.com/vouch-s3/vouch/shared/file"
)

// Share applies s as file.Sharing says.
func (r *Records) Share(_ context.Context, f file.File, s file.Sharing) (file.File, error) {
	if r.BeforeShare != nil {
		if err := r.BeforeShare(f.ID, s); err != nil {
			return file.File{}, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f, ok := r.files[f.ID]
	if !ok {
		return file.File{}, file.ErrNotFound
	}
	if !f.AllowsSharing(s) {
		return file.File{}, &file.ConflictError{Current: f}
	}
	f = f.Shared(s)
	r.files[f.ID] = f
	return f, nil
}
