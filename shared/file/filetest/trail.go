package filetest

import (
	"context"
	"slices"

	"github.com/vouch-s3/vouch/shared/audit"
)

// Note implements audit.Trail. The events of changes are not kept here: those are
// of the real store.
func (r *Records) Note(_ context.Context, e audit.Event) error {
	if r.BeforeNote != nil {
		if err := r.BeforeNote(e); err != nil {
			return err
		}
	}
	if err := e.Check(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noted = append(r.noted, e)
	return nil
}

// Noted returns the events that were noted, in their order.
func (r *Records) Noted() []audit.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.noted)
}
