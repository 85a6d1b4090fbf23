package model

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// overdue reports whether retention is to delete f.
func overdue(f file.File) bool { return f.DeleteAt().Equal(dueNow) }

// keeps reports whether the bounds let the file have a time that ends.
func (b Bounds) keeps() bool { return b.Expires || b.Retains > 0 }

// Overdue lists the file if its time is over. Within bounds in which it has none,
// nothing is asked.
func (o *outside) Overdue(context.Context, time.Time, int) ([]string, error) {
	if !o.model.bounds.keeps() {
		return nil, nil
	}
	a := o.ask(call{op: opOverdue})
	if a.err != fine || a.record == 0 {
		return nil, o.model.err(a, "")
	}
	return []string{id}, nil
}

// Hold writes a hold, or takes it off.
func (o *outside) Hold(_ context.Context, _ file.File, h file.Holding) (file.File, error) {
	h.At, h.SweepAt = time.Time{}, whenever(h.SweepAt)
	if h.Hold != nil {
		h.Hold = &file.Hold{Reason: h.Hold.Reason, By: h.Hold.By}
	}
	return o.record(o.ask(call{op: opHold, value: o.model.holdings.id(h)}), "")
}

// keepMoves are what owners and administrators do about how long a file is kept. A
// hold is two calls or three, and its function a step. A change of the time is one
// write that holds only for the revision that was read, so that to be refused is to
// have done nothing, and the two are one move.
func (m *Model) keepMoves(w *World, v visit) {
	f := m.files.get(w.record)
	if w.left.Retains > 0 && slices.Contains(file.Shareable(), f.Status) && !f.Over(dueNow) {
		r, text := file.Retention{Revision: f.Revision}, "the owner has the file kept for ever"
		if f.ExpiresAt.IsZero() {
			r.ExpiresAt, text = later, "the owner has the file kept for an hour"
		}
		next := w.clone()
		next.left.Retains--
		_, broke := m.write(&next, call{op: opRetain, value: m.retains.id(r)}, stepInput{})
		v(&next, broke, words("%s", text))
	}
	if w.left.Holds == 0 {
		return
	}
	next := w.clone()
	next.left.Holds--
	if f.Hold == nil {
		m.launched(&next, stepInput{kind: kindHold}, v, "an administrator puts the file on hold")
	} else {
		m.launched(&next, stepInput{kind: kindRelease}, v, "an administrator releases the file")
	}
}

// unheld says what a hold does not bind that it should, or binds that it should not,
// when all is quiet.
func (w *World) unheld(f file.File) string {
	pinned := version(f.VersionID)
	if pinned < 0 {
		return ""
	}
	o := w.objects[pinned]
	switch {
	case f.Hold != nil && !o.there:
		return "all is quiet, the file is on hold, and its version is gone"
	case f.Status == file.Rejected && o.there && (o.tag == file.Held) != (f.Hold != nil):
		return fmt.Sprintf("all is quiet, the file is rejected, on hold %v, and its version has the tag %q", f.Hold != nil, o.tag)
	}
	return ""
}
