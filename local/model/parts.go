package model

import (
	"context"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/parts"
	"github.com/vouch-s3/vouch/shared/upload"
)

// partMoves are what the client and S3 do with parts.
func (m *Model) partMoves(w *World, v visit) {
	for i := range int8(uploads) {
		if u := w.uploads[i]; u.flying != nothing || u.puttingTogether != nothing {
			next := w.clone()
			text, broke := m.landed(&next, i)
			v(&next, broke, func() string { return text })
		}
		if w.uploads[i].flying != nothing {
			next := w.clone()
			next.uploads[i].flying = nothing
			v(&next, "", words("the part for %s does not arrive", uploadID(i)))
		}
	}
	to := uploadOf(m.files.get(w.record).UploadID)
	if w.left.Parts == 0 || !w.urls || w.uploads[to].flying != nothing {
		return
	}
	for c := promised; c <= half; c++ {
		if w.uploads[to].there && w.uploads[to].holds != c {
			next := w.clone()
			next.left.Parts--
			next.uploads[to].holds = c
			v(&next, "", words("parts are sent, and %s holds %s", uploadID(to), c))
		}
		if w.left.Flights > 0 && w.uploads[to].there {
			next := w.clone()
			next.left.Parts--
			next.left.Flights--
			next.uploads[to].flying = c
			v(&next, "", words("a part is on its way, with which %s holds %s", uploadID(to), c))
		}
	}
}

// assemblyMoves are the faults of S3's putting parts together, which may take it
// minutes: it has a conflict, or goes on when the function has died.
func (m *Model) assemblyMoves(w *World, p place, n int32, say func(how string) func() string, v visit) {
	next := w.clone()
	next.left.Faults--
	m.moved(&next, p, m.program.answered(n, answer{tick: w.tick, version: -1, err: busy}), false)
	v(&next, "", say(" is refused, as the object is being written"))

	c := m.program.nodes[n].call
	if m.assembles(w, c) != fine {
		return
	}
	next = w.clone()
	next.left.Faults--
	u := &next.uploads[c.upload]
	u.there, u.holds, u.puttingTogether = false, nothing, u.holds
	m.moved(&next, p, n, true)
	v(&next, "", say(", at which S3 still is when the function dies"))
}

func (o *outside) BeginUpload(context.Context, string, string) (string, error) {
	a := o.ask(call{op: opBeginUpload})
	if err := o.model.err(a, ""); err != nil {
		return "", err
	}
	return uploadID(a.upload), nil
}

func (o *outside) Begin(_ context.Context, _ string, b file.Begun) (file.File, error) {
	b.At, b.SweepAt = time.Time{}, whenever(b.SweepAt)
	return o.record(o.ask(call{op: opBegin, value: o.model.begins.id(b)}), file.Pending)
}

func (o *outside) Promise(_ context.Context, _ string, p file.Promise) (file.File, error) {
	p.At = time.Time{}
	return o.record(o.ask(call{op: opPromise, value: o.model.promises.id(p)}), file.Pending)
}

// Held has one page.
func (o *outside) Held(_ context.Context, _, uploadID string, after int) ([]file.Part, bool, error) {
	a := o.ask(call{op: opHeld, upload: uploadOf(uploadID)})
	if err := o.model.err(a, ""); err != nil {
		return nil, false, err
	}
	list := a.content.parts()
	return list[min(after, len(list)):], false, nil
}

func (o *outside) Assemble(_ context.Context, a parts.Assembly) error {
	return o.model.err(o.ask(call{op: opAssemble, upload: uploadOf(a.UploadID), value: o.model.puts.id(a)}), "")
}

// AbortUploads is two kinds of calls, as in package s3store: a list, and then one
// abort after the other.
func (o *outside) AbortUploads(context.Context, string, string) error {
	a := o.ask(call{op: opListUploads})
	if err := o.model.err(a, ""); err != nil {
		return err
	}
	for i := range int8(uploads) {
		if a.there&(1<<i) == 0 {
			continue
		}
		if err := o.model.err(o.ask(call{op: opAbort, upload: i}), ""); err != nil {
			return err
		}
	}
	return nil
}

// PresignPut is for files that are not sent in parts, which no step creates here.
func (o *outside) PresignPut(context.Context, upload.Put) (upload.Instructions, error) {
	return upload.Instructions{}, errBroken
}

// PresignForm likewise.
func (o *outside) PresignForm(context.Context, upload.Form) (upload.Instructions, error) {
	return upload.Instructions{}, errBroken
}
