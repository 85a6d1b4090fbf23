package model

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vouch-s3/vouch/shared/deletion"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/retention"
	"github.com/vouch-s3/vouch/shared/sweep"
	"github.com/vouch-s3/vouch/shared/verify"
)

// What is broken on purpose of times and holds.
type (
	neverHeld  struct{ *outside } // tags nothing
	seesNoHold struct{ *outside } // shows a record without its hold
	listsAll   struct{ *outside } // lists every file as past its time
)

func (neverHeld) Tag(context.Context, string, string, file.Outcome) error { return nil }

func (o seesNoHold) Get(ctx context.Context, id string) (file.File, error) {
	f, err := o.outside.Get(ctx, id)
	f.Hold = nil
	return f, err
}

func (o seesNoHold) Change(ctx context.Context, id string, c file.Change) (file.File, error) {
	f, err := o.outside.Change(ctx, id, c)
	f.Hold = nil
	return f, err
}

func (o listsAll) Overdue(context.Context, time.Time, int) ([]string, error) {
	return []string{id}, nil
}

// withoutHold returns items without their hold.
type withoutHold struct{ table }

func (t withoutHold) GetItem(ctx context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	out, err := t.table.GetItem(ctx, in)
	if err == nil {
		out.Item = maps.Clone(out.Item)
		delete(out.Item, "hold")
	}
	return out, err
}

// expired deletes the file without asking whether its time is over.
type expired struct{ d deletion.Deleter }

func (e expired) Expire(ctx context.Context, id string) (bool, error) {
	return true, e.d.Delete(ctx, self, id)
}

func TestWhatIsBrokenOfTimesAndHoldsIsFound(t *testing.T) {
	holds := func(m *Model, change func(*retention.Holder, *outside)) {
		real := m.code.Holder
		m.code.Holder = func(o *outside) retention.Holder {
			h := real(o)
			change(&h, o)
			return h
		}
	}
	for _, b := range []breakage{
		{
			"the store deletes what is on hold",
			Bounds{Puts: 1, Deletes: 1, Holds: 1},
			func(m *Model) {
				m.dynamo = func(t table) dynamo.API { return withoutHold{t} }
				m.store = func(f file.File, w recordWrite) (file.File, error) {
					held := f.Hold
					if w.Change != nil && w.Change.To == file.Deleted {
						f.Hold = nil
					}
					after, err := write(f, w)
					if w.Change != nil && w.Change.To == file.Deleted {
						after.Hold = held
					}
					return after, err
				}
			}, "a file on hold was deleted",
		},
		{
			"a hold is taken where bytes are being deleted",
			Bounds{Puts: 1, Holds: 1, Delete: true},
			func(m *Model) {
				m.store = func(f file.File, w recordWrite) (file.File, error) {
					if w.Hold != nil {
						f.Discarded = false
					}
					return write(f, w)
				}
				holds(m, func(h *retention.Holder, o *outside) { h.Records = showsNoDiscard{o} })
			}, "the bytes of a file on hold were deleted",
		},
		{
			"a hold leaves the tag of a rejected version",
			Bounds{Puts: 1, Holds: 1},
			func(m *Model) {
				holds(m, func(h *retention.Holder, o *outside) { h.Objects = neverHeld{o} })
			}, `on hold true, and its version has the tag "rejected"`,
		},
		{
			"a rejection does not see the hold",
			Bounds{Puts: 1, Holds: 1},
			func(m *Model) {
				finisher(m, func(x *verify.Finisher, o *outside) { x.Records = seesNoHold{o} })
			}, `on hold true, and its version has the tag "rejected"`,
		},
		{
			"the sweeper deletes whatever it lists",
			Bounds{Ticks: 1, Puts: 1, Sweeps: 1, Retains: 1},
			func(m *Model) {
				sweeper(m, func(s *sweep.Sweeper, o *outside) {
					s.Records = listsAll{o}
					s.Expirer = expired{m.code.Deleter(o)}
				})
			}, "the sweeper deleted a file whose time is not over",
		},
		{
			"a download is presigned whatever the time",
			Bounds{Ticks: 1, Puts: 1, Expires: true},
			func(m *Model) {
				m.signs = func(f file.File) string {
					if f.Status != file.Ready {
						return ""
					}
					return f.VersionID
				}
			}, "a download URL is presigned for a file whose time is over",
		},
	} {
		t.Run(b.name, b.isFound)
	}
}

// showsNoDiscard shows no record as one whose bytes are being deleted.
type showsNoDiscard struct{ *outside }

func (o showsNoDiscard) Get(ctx context.Context, id string) (file.File, error) {
	f, err := o.outside.Get(ctx, id)
	f.Discarded = false
	return f, err
}
