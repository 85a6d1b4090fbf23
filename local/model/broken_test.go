package model

import (
	"context"
	"errors"
	"io"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/deletion"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/step"
	"github.com/vouch-s3/vouch/shared/sweep"
	"github.com/vouch-s3/vouch/shared/verify"
)

// What is broken on purpose, each around the real code.
type (
	unsettled    struct{ *outside } // leaves the record on the sweeper's list
	offTheList   struct{ *outside } // takes an end state off it at once
	unswept      struct{ *outside } // puts no deletion on it
	bytesFirst   struct{ *outside } // deletes the bytes before the record says so
	unlooked     struct{ *outside } // sees no object
	keepsStrays  struct{ *outside } // deletes no version
	untagged     struct{ *outside } // tags nothing rejected
	readsCurrent struct{ *outside } // reads whatever is there now
	tagsCurrent  struct{ *outside } // tags it
	whatever     struct{ *outside } // ignores IfStatus

	// shows a record as pending that is uploaded, to pin it again, and counts and tells
	// nothing
	pinsAgain struct {
		table
		again bool
	}
)

func (unsettled) Settle(context.Context, file.File) error { return nil }

func (o offTheList) Change(ctx context.Context, id string, c file.Change) (file.File, error) {
	if c.To.Final() {
		c.SweepAt = time.Time{}
	}
	return o.outside.Change(ctx, id, c)
}

func (o unswept) Change(ctx context.Context, id string, c file.Change) (file.File, error) {
	c.SweepAt = time.Time{}
	return o.outside.Change(ctx, id, c)
}

func (o bytesFirst) Change(ctx context.Context, id string, c file.Change) (file.File, error) {
	if err := o.DeleteAll(ctx, file.Key(owner, id)); err != nil {
		return file.File{}, err
	}
	return o.outside.Change(ctx, id, c)
}

func (o whatever) Change(ctx context.Context, id string, c file.Change) (file.File, error) {
	c.IfStatus = ""
	return o.outside.Change(ctx, id, c)
}

func (t *pinsAgain) GetItem(ctx context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	out, err := t.table.GetItem(ctx, in)
	if err != nil {
		return nil, err
	}
	if s, ok := out.Item["status"].(*types.AttributeValueMemberS); t.change.To == file.Uploaded && ok && s.Value == string(file.Uploaded) {
		t.again = true
		out.Item = maps.Clone(out.Item)
		out.Item["status"] = &types.AttributeValueMemberS{Value: string(file.Pending)}
	}
	return out, nil
}

func (t *pinsAgain) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if t.again {
		in.TransactItems = within(in, filesTable)
	}
	return t.table.TransactWriteItems(ctx, in)
}

func (unlooked) Current(context.Context, string) (file.Object, error) {
	return file.Object{}, file.ErrNotFound
}

func (keepsStrays) DeleteVersion(context.Context, string, string) error { return nil }

func (o untagged) Tag(ctx context.Context, key, versionID string, outcome file.Outcome) error {
	if outcome == file.Refused {
		return nil
	}
	return o.outside.Tag(ctx, key, versionID, outcome)
}

func (o tagsCurrent) Tag(ctx context.Context, key, _ string, outcome file.Outcome) error {
	obj, err := o.Current(ctx, key)
	if err != nil {
		return err
	}
	return o.outside.Tag(ctx, key, obj.VersionID, outcome)
}

func (o readsCurrent) Open(ctx context.Context, key, _, _ string) (io.ReadCloser, error) {
	obj, err := o.Current(ctx, key)
	if err != nil {
		return nil, err
	}
	return o.outside.Open(ctx, key, obj.VersionID, obj.ETag)
}

// sweeper has m's Sweeper changed by change.
func sweeper(m *Model, change func(*sweep.Sweeper, *outside)) {
	real := m.code.Sweeper
	m.code.Sweeper = func(o *outside) sweep.Sweeper {
		x := real(o)
		change(&x, o)
		return x
	}
}

// deleter has m's Deleter changed by change.
func deleter(m *Model, change func(*deletion.Deleter, *outside)) {
	real := m.code.Deleter
	m.code.Deleter = func(o *outside) deletion.Deleter {
		x := real(o)
		change(&x, o)
		return x
	}
}

// finisher has m's Finisher changed by change, wherever it is used.
func finisher(m *Model, change func(*verify.Finisher, *outside)) {
	real := m.code.Finisher
	m.code.Finisher = func(o *outside) verify.Finisher {
		x := real(o)
		change(&x, o)
		return x
	}
}

// breakage is one thing that is broken, the least bounds that show it, and what
// the checker has to say.
type breakage struct {
	name  string
	bound Bounds
	does  func(*Model)
	found string
}

func (b breakage) isFound(t *testing.T) {
	b.bound.Name = b.name
	m, err := New(b.bound, statemachines)
	if err != nil {
		t.Fatal(err)
	}
	b.does(m)
	_, err = m.Check()
	v, ok := errors.AsType[*Violation](err)
	if !ok || !strings.Contains(v.What, b.found) {
		t.Fatalf("the checker finds %v, and not %q", err, b.found)
	}
	t.Log(v)
}

// TestWhatIsBrokenIsFound breaks one thing at a time. It is what shows that the
// checker can fail, and how.
func TestWhatIsBrokenIsFound(t *testing.T) {
	for _, b := range []breakage{
		{
			"mark-ready tags after the record, on no condition",
			Bounds{Puts: 1},
			func(m *Model) {
				m.code.MarkReady = func(ctx context.Context, o *outside, j step.Task) (verify.Result, error) {
					f, err := o.Change(ctx, j.FileID, file.Change{To: file.Ready, Verdict: j.Verdict, Receipt: "r"})
					if err != nil {
						return verify.Result{}, err
					}
					return verify.Result{}, errors.Join(o.Tag(ctx, j.Key, j.VersionID, file.Clean), o.Publish(ctx, f))
				}
			}, "S3 does not give out its version",
		},
		{
			"mark-ready publishes first",
			Bounds{Puts: 1},
			func(m *Model) {
				real := m.code.MarkReady
				m.code.MarkReady = func(ctx context.Context, o *outside, j step.Task) (verify.Result, error) {
					f, err := o.Get(ctx, j.FileID)
					if err != nil {
						return verify.Result{}, err
					}
					f.Status = file.Ready
					if err := o.Publish(ctx, f); err != nil {
						return verify.Result{}, err
					}
					return real(ctx, o, j)
				}
			}, "published before the record was ready",
		},
		{
			"mark-ready stops at a file that the sweeper gave up on",
			Bounds{Ticks: 3, Puts: 1, Sweeps: 1, Faults: 1, Retries: 1},
			func(m *Model) {
				real := m.code.MarkReady
				m.code.MarkReady = func(ctx context.Context, o *outside, j step.Task) (verify.Result, error) {
					if f, err := o.Get(ctx, j.FileID); err != nil || f.Status == file.Rejected {
						return verify.Result{Outcome: verify.Superseded}, err
					}
					return real(ctx, o, j)
				}
			}, "still has the tag clean",
		},
		{
			"the store ignores IfStatus",
			Bounds{Ticks: 3, Puts: 1, Sweeps: 1, Retries: 1},
			func(m *Model) {
				finisher(m, func(x *verify.Finisher, o *outside) { x.Records = whatever{o} })
			}, "revoked by a step that is of no re-scan",
		},
		{
			"the store lets a second version be pinned",
			Bounds{Puts: 1, Swaps: 1},
			func(m *Model) {
				m.dynamo = func(t table) dynamo.API { return &pinsAgain{table: t} }
				m.store = func(f file.File, w recordWrite) (file.File, error) {
					if w.Change != nil && w.Change.To == file.Uploaded && f.Status == file.Uploaded && w.Seen == f.Revision {
						f.Status = file.Pending
					}
					return write(f, w)
				}
			}, "pinned version v1, and then v2",
		},
		{
			"the store takes a rejected file for a ready one",
			Bounds{Ticks: 3, Puts: 1, Sweeps: 1, Retries: 1},
			func(m *Model) {
				m.store = func(f file.File, w recordWrite) (file.File, error) {
					if w.Change != nil && w.Change.To == file.Ready && f.Status == file.Rejected {
						f.Status, w.Change.IfStatus, w.Seen = file.Verifying, "", 0
					}
					return write(f, w)
				}
			}, "from rejected to ready",
		},
		{
			"the sweeper does not look for the object",
			Bounds{Ticks: 1, Puts: 1, Sweeps: 1},
			func(m *Model) {
				sweeper(m, func(s *sweep.Sweeper, o *outside) { s.Objects = unlooked{o} })
			}, "arrived in time has expired",
		},
		{
			"rejected bytes keep their tag",
			Bounds{Puts: 1, Rescans: 1},
			func(m *Model) {
				finisher(m, func(x *verify.Finisher, o *outside) { x.Objects = untagged{o} })
			}, "still has the tag clean",
		},
		{
			"an end state is never off the sweeper's list",
			Bounds{Puts: 1},
			func(m *Model) {
				finisher(m, func(x *verify.Finisher, o *outside) { x.Records = unsettled{o} })
			}, "goes round in a circle",
		},
		{
			"an end state is off the sweeper's list before its event is out",
			Bounds{Puts: 1, Faults: 2, Retries: 1},
			func(m *Model) {
				finisher(m, func(x *verify.Finisher, o *outside) { x.Records = offTheList{o} })
			}, "never published",
		},
		{
			"the scanner reads the current version",
			Bounds{Puts: 1, Swaps: 1},
			func(m *Model) {
				real := m.code.Scanner
				m.code.Scanner = func(o *outside) verify.Scanner {
					s := real(o)
					s.Objects = readsCurrent{o}
					return s
				}
			}, "no scanner read that version",
		},
		{
			"a deletion begins with the bytes",
			Bounds{Puts: 1, Deletes: 1},
			func(m *Model) {
				deleter(m, func(d *deletion.Deleter, o *outside) { d.Records = bytesFirst{o} })
			}, "S3 does not give out its version",
		},
		{
			"a deletion is not swept",
			Bounds{Puts: 1, Deletes: 1, Faults: 1},
			func(m *Model) {
				deleter(m, func(d *deletion.Deleter, o *outside) { d.Records = unswept{o} })
			}, "v1 stays for ever",
		},
		{
			"strays are not removed",
			Bounds{Puts: 1, Swaps: 1},
			func(m *Model) {
				real := m.code.Starter
				m.code.Starter = func(o *outside) verify.Starter {
					s := real(o)
					s.Objects = keepsStrays{o}
					return s
				}
			}, "stays for ever",
		},
		{
			"a download is presigned whatever the status",
			Bounds{Puts: 1},
			func(m *Model) {
				m.signs = func(f file.File) string { return f.VersionID }
			}, "which no scanner read and called clean",
		},
		{
			"what a form sent again is not removed",
			Bounds{Method: file.Form, Puts: 2},
			func(m *Model) {
				real := m.code.Starter
				m.code.Starter = func(o *outside) verify.Starter {
					s := real(o)
					s.Objects = keepsStrays{o}
					return s
				}
			}, "stays for ever",
		},
		{
			"what a form has sent since is tagged",
			Bounds{Method: file.Form, Puts: 2},
			func(m *Model) {
				finisher(m, func(x *verify.Finisher, o *outside) { x.Objects = tagsCurrent{o} })
			}, "which opens it, and is not the one that is pinned",
		},
		{
			"the scanner reads what a form has sent since",
			Bounds{Method: file.Form, Puts: 2},
			func(m *Model) {
				real := m.code.Scanner
				m.code.Scanner = func(o *outside) verify.Scanner {
					s := real(o)
					s.Objects = readsCurrent{o}
					return s
				}
			}, "no scanner read that version",
		},
	} {
		t.Run(b.name, b.isFound)
	}
}

// What docs/model.md says is left open: the checker has to find it for as long as
// that stands there.
func TestWhatIsLeftOpenIsFound(t *testing.T) {
	for _, tt := range []struct {
		bound Bounds
		found string
	}{
		{Bounds{Puts: 1, Rescans: 1, Faults: 1, Outlives: 1, Retries: 1}, "still has the tag clean"},
		{Bounds{Puts: 1, Holds: 1, Faults: 1, Outlives: 1, Retries: 1}, `on hold true, and its version has the tag "rejected"`},
		{Bounds{Puts: 2, Losses: 1, Delete: true}, "v2 stays for ever"},
		{Bounds{Puts: 1, Swaps: 1, Losses: 1}, "stays for ever"},
		{Bounds{Method: file.Form, Puts: 2, Losses: 1}, "stays for ever"},
		{Bounds{Method: file.Multipart, Parts: 1, Swaps: 1}, "the file is ready, and upload u1 is left over"},
		{Bounds{Method: file.Multipart, Ticks: 1, Parts: 1, Flights: 1, Slow: 1, Deletes: 1, Sweeps: 1}, "the file is deleted, and upload u1 is left over"},
	} {
		m, err := New(tt.bound, statemachines)
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.Check()
		v, ok := errors.AsType[*Violation](err)
		if !ok || !strings.Contains(v.What, tt.found) {
			t.Fatalf("the checker finds %v, and not %q", err, tt.found)
		}
		t.Log(v)
	}
}
