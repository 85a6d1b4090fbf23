package model

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/deletion"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/parts"
	"github.com/vouch-s3/vouch/shared/sweep"
	"github.com/vouch-s3/vouch/shared/upload"
)

// What is broken on purpose of files in parts, each around the real code.
type (
	unaborted    struct{ *outside } // aborts no upload
	abortsKnown  struct{ *outside } // aborts the upload that the record names, and no other
	begunUnswept struct{ *outside } // takes a begun upload off the sweeper's list
	promisesNone struct{ *outside } // writes no promise
	abortsLast   struct{ *outside } // aborts the upload when the versions are gone
	keepsAll     struct{ *outside } // deletes no version, of those that there are
	listsWhole   struct{ *outside } // calls each part as long as it was to be

	// writes the promise when there is an object
	promisesLate struct {
		*outside
		promise *file.Promise
	}

	// promises nothing of what another call has put together
	promisesOwn struct {
		*outside
		gone bool
	}
)

func (unaborted) AbortUploads(context.Context, string) error { return nil }

func (o abortsKnown) AbortUploads(ctx context.Context, _ string) error {
	f, err := o.Get(ctx, id)
	if err != nil || f.UploadID == "" {
		return err
	}
	return o.model.err(o.ask(call{op: opAbort, upload: uploadOf(f.UploadID)}), "")
}

func (o begunUnswept) Begin(ctx context.Context, id string, b file.Begun) (file.File, error) {
	b.SweepAt = time.Time{}
	return o.outside.Begin(ctx, id, b)
}

func (o promisesNone) Promise(ctx context.Context, id string, _ file.Promise) (file.File, error) {
	return o.Get(ctx, id)
}

func (o *promisesLate) Promise(ctx context.Context, id string, p file.Promise) (file.File, error) {
	if o.promise != nil {
		return o.outside.Promise(ctx, id, p)
	}
	o.promise = &p
	f, err := o.Get(ctx, id)
	f.ChecksumSHA256 = p.ChecksumSHA256
	return f, err
}

func (o *promisesLate) Assemble(ctx context.Context, a parts.Assembly) error {
	err := o.outside.Assemble(ctx, a)
	if o.promise != nil && err == nil {
		_, _ = o.outside.Promise(ctx, id, *o.promise)
	}
	return err
}

func (o *promisesOwn) Held(ctx context.Context, key, uploadID string, after int) ([]file.Part, bool, error) {
	held, more, err := o.outside.Held(ctx, key, uploadID, after)
	o.gone = errors.Is(err, parts.ErrNoUpload)
	return held, more, err
}

func (o *promisesOwn) Promise(ctx context.Context, id string, p file.Promise) (file.File, error) {
	if o.gone {
		return o.Get(ctx, id)
	}
	return o.outside.Promise(ctx, id, p)
}

func (abortsLast) AbortUploads(context.Context, string) error { return nil }

func (o abortsLast) DeleteAll(ctx context.Context, key string) error {
	return errors.Join(o.outside.DeleteAll(ctx, key), o.outside.AbortUploads(ctx, key))
}

func (keepsAll) DeleteAll(context.Context, string) error { return nil }

func (o listsWhole) Held(ctx context.Context, key, uploadID string, after int) ([]file.Part, bool, error) {
	held, more, err := o.outside.Held(ctx, key, uploadID, after)
	for i := range held {
		held[i].Size = file.SizeOfPart(int64(len(body)), partSize, held[i].Number)
	}
	return held, more, err
}

func (o listsWhole) Assemble(ctx context.Context, a parts.Assembly) error {
	var err error
	if a.Parts, _, err = o.outside.Held(ctx, a.Key, a.UploadID, 0); err != nil {
		return err
	}
	a.Size = 0
	for _, p := range a.Parts {
		a.Size += p.Size
	}
	return o.outside.Assemble(ctx, a)
}

// completer has m's Completer changed by change.
func completer(m *Model, change func(*parts.Completer, *outside)) {
	real := m.code.Completer
	m.code.Completer = func(o *outside) parts.Completer {
		x := real(o)
		change(&x, o)
		return x
	}
}

// TestWhatIsBrokenInPartsIsFound is TestWhatIsBrokenIsFound for files in parts.
func TestWhatIsBrokenInPartsIsFound(t *testing.T) {
	for _, b := range []breakage{
		{
			"nobody aborts an upload",
			Bounds{Method: file.Multipart, Parts: 1, Deletes: 1},
			func(m *Model) {
				deleter(m, func(d *deletion.Deleter, o *outside) { d.Uploads = unaborted{o} })
				sweeper(m, func(s *sweep.Sweeper, o *outside) { s.Uploads = unaborted{o} })
			}, "upload u1 is left over",
		},
		{
			"an expired upload is aborted once",
			Bounds{Method: file.Multipart, Ticks: 1, Parts: 1, Flights: 1, Slow: 1, Sweeps: 1},
			func(m *Model) {
				sweeper(m, func(s *sweep.Sweeper, o *outside) { s.Records = unswept{o} })
			}, "upload u1 is left over",
		},
		{
			"only the upload that the record names is aborted",
			Bounds{Method: file.Multipart, Deletes: 1, Faults: 1},
			func(m *Model) {
				deleter(m, func(d *deletion.Deleter, o *outside) { d.Uploads = abortsKnown{o} })
				sweeper(m, func(s *sweep.Sweeper, o *outside) { s.Uploads = abortsKnown{o} })
			}, "is left over",
		},
		{
			"a begun upload is not swept",
			Bounds{Method: file.Multipart},
			func(m *Model) {
				real := m.code.Creator
				m.code.Creator = func(o *outside) upload.Creator {
					c := real(o)
					c.Records = begunUnswept{o}
					return c
				}
			}, "pending for ever",
		},
		{
			"the parts are put together as they are",
			Bounds{Method: file.Multipart, Parts: 1, Completes: 1},
			func(m *Model) {
				completer(m, func(x *parts.Completer, o *outside) { x.Uploads = listsWhole{o} })
			}, "the parts were put together, and are a byte too few",
		},
		{
			"complete writes no promise",
			Bounds{Method: file.Multipart, Parts: 1, Completes: 1, Promises: 1},
			func(m *Model) {
				completer(m, func(x *parts.Completer, o *outside) { x.Records = promisesNone{o} })
			}, "complete took the checksum of",
		},
		{
			"complete promises when there is an object",
			Bounds{Method: file.Multipart, Parts: 1, Completes: 1, Promises: 1},
			func(m *Model) {
				completer(m, func(x *parts.Completer, o *outside) {
					late := &promisesLate{outside: o}
					x.Records, x.Uploads = late, late
				})
			}, "complete took the checksum of",
		},
		{
			"complete promises nothing of what another call has put together",
			Bounds{Method: file.Multipart, Parts: 1, Completes: 2, Promises: 1},
			func(m *Model) {
				completer(m, func(x *parts.Completer, o *outside) {
					own := &promisesOwn{outside: o}
					x.Records, x.Uploads = own, own
				})
			}, "complete took the checksum of",
		},
		{
			"the store takes one promise after another",
			Bounds{Method: file.Multipart, Parts: 1, Completes: 2, Promises: 2},
			func(m *Model) {
				m.store = func(f file.File, w recordWrite) (file.File, error) {
					if w.Promise != nil {
						f.ChecksumSHA256 = ""
					}
					return write(f, w)
				}
			}, "a promised checksum was lost from the record",
		},
		{
			"S3 puts parts together whatever is there",
			Bounds{Method: file.Multipart, Parts: 1, Completes: 2},
			func(m *Model) { m.unguarded = true }, "put together twice",
		},
		{
			"a deletion aborts the upload last, and the sweeper looks for no version",
			Bounds{Method: file.Multipart, Parts: 1, Completes: 1, Deletes: 1, Losses: 1, Faults: 1},
			func(m *Model) {
				deleter(m, func(d *deletion.Deleter, o *outside) {
					d.Objects, d.Uploads = abortsLast{o}, abortsLast{o}
				})
				sweeper(m, func(s *sweep.Sweeper, o *outside) { s.Objects = keepsAll{o} })
			}, "v1 stays for ever",
		},
	} {
		t.Run(b.name, b.isFound)
	}
}
