package filetest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// Page lists an owner's files that are not deleted, newest first; all of them where
// q has no status.
func (r *Records) Page(_ context.Context, q file.Query) (files []file.File, next string, err error) {
	all := r.sorted(func(f file.File) bool {
		return f.Owner == q.Owner && f.Status != file.Deleted && (q.Status == "" || q.Status == f.Status) && (q.After == "" || f.ID < q.After)
	}, func(a, b file.File) int { return cmp.Compare(b.ID, a.ID) })
	if len(all) > q.Limit {
		return all[:q.Limit], all[q.Limit-1].ID, nil
	}
	return all, "", nil
}

// Naming lists the records that name the owner, by their status and id.
func (r *Records) Naming(_ context.Context, owner, cursor string, limit int) (files []file.File, next string, err error) {
	place := func(f file.File) string { return string(f.Status) + "#" + f.ID }
	all := r.sorted(func(f file.File) bool { return f.Owner == owner && place(f) > cursor },
		func(a, b file.File) int { return cmp.Compare(place(a), place(b)) })
	if len(all) > limit {
		return all[:limit], place(all[limit-1]), nil
	}
	return all, "", nil
}

func (r *Records) sorted(is func(file.File) bool, order func(a, b file.File) int) []file.File {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []file.File
	for _, f := range r.files {
		if is(f) {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, order)
	return all
}

// Forget replaces a deleted record that has still f's revision with its Tombstone.
func (r *Records) Forget(_ context.Context, f file.File, at, _ time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	current, ok := r.files[f.ID]
	if !ok {
		return file.ErrNotFound
	}
	if current.Revision != f.Revision || current.Status != file.Deleted {
		return &file.ConflictError{To: file.Deleted, Current: current}
	}
	r.files[f.ID] = current.Tombstone(at)
	return nil
}

// All returns every record, by its id.
func (r *Records) All() []file.File {
	return r.sorted(func(file.File) bool { return true }, func(a, b file.File) int { return cmp.Compare(a.ID, b.ID) })
}
