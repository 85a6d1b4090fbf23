package model

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/parts"
	"github.com/vouch-s3/vouch/shared/verify"
)

// program unfolds the code of the steps into a tree, as far as it is asked for. A
// node is a step that has been answered so many calls; it holds the next call, or
// how the step ended. The code is run from its beginning for each node, with the
// answers on the way to it, up to the first call that has no answer yet: that one
// fails, so the code comes back, and what it did after it is not looked at. A
// step is the same function of its answers each time, so a node is made once.
type program struct {
	model *Model
	nodes []node
	edges map[edge]int32
}

type node struct {
	step   stepInput
	parent int32 // 0 for none
	answer answer

	call   call // if not done
	done   bool
	result int32 // of Model.results, 0 with failed
	failed bool
}

type edge struct {
	parent int32
	step   stepInput // at a root
	answer answer
}

// begin returns the node of a step that has made no call yet.
func (p *program) begin(s stepInput) int32 { return p.follow(edge{step: s}, node{step: s}) }

// answered returns the node behind n with the answer to its call.
func (p *program) answered(n int32, a answer) int32 {
	if !p.model.timely(p.nodes[n].step.kind) {
		a.tick = 0
	}
	a.record = p.model.asRead(a.record)
	return p.follow(edge{parent: n, answer: a}, node{step: p.nodes[n].step, parent: n, answer: a})
}

func (p *program) follow(e edge, n node) int32 {
	if known, ok := p.edges[e]; ok {
		return known
	}
	o := &outside{model: p.model}
	for at := &n; at.parent != 0; at = &p.nodes[at.parent] {
		o.answers = append([]answer{at.answer}, o.answers...)
	}
	result, err := p.model.run(n.step, o)
	if o.unanswered {
		n.call = o.next
	} else {
		n.done, n.failed = true, err != nil
		if err == nil {
			n.result = p.model.results.id(p.model.withoutTimes(result))
		}
	}
	p.nodes = append(p.nodes, n)
	p.edges[e] = int32(len(p.nodes) - 1)
	return p.edges[e]
}

// timely reports whether it matters at what time a step of this kind runs: the
// sweeper gives up by it, complete puts nothing together after the end of an upload,
// and of two verdicts a re-scan keeps the younger. In all else a time is only written
// down, or says when the sweeper looks next (whenever).
func (m *Model) timely(k kind) bool {
	return k == kindSweep || k == kindComplete && m.bounds.Method == file.Multipart || k == kindScan && m.bounds.Rescans > 0
}

// withoutTimes takes out how long a scan took, on which nothing depends, and when
// it was, where nothing does.
func (m *Model) withoutTimes(r verify.Result) verify.Result {
	if r.Verdict != nil {
		v := *r.Verdict
		v.DurationMillis = 0
		if m.bounds.Rescans == 0 {
			v.CheckedAt = epoch
		}
		r.Verdict = &v
	}
	return r
}

// The times that a SweepAt may be, besides none: it is due, or will be once
// the clock goes on. Nobody reads more of it.
var (
	dueNow = epoch
	later  = epoch.Add(1000 * Tick)
)

// whenever is the SweepAt that stands for t.
func whenever(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return later
}

// asRead is a record as a step gets it: that it is due already nobody can tell by
// its SweepAt, of which the steps only ask whether it is there.
func (m *Model) asRead(record int32) int32 {
	if record == 0 {
		return 0
	}
	f := m.files.get(record)
	if !due(f) {
		return record
	}
	f.SweepAt = later
	return m.files.id(f)
}

// op is a kind of call to the outside.
type op int8

const (
	opGet op = iota + 1
	opDue
	opOverdue
	opCurrent
	opDescribe
	opHead
	opOpen
	opList
	opHeld
	opListUploads
	opCreate
	opBeginUpload
	opBegin
	opPromise
	opAssemble
	opAbort
	opTransact
	opRenew
	opSettle
	opPostpone
	opHold
	opTag
	opDeleteVersion
	opStart
	opPublish
	opShare  // of no step: Model.share
	opRetain // of no step: Model.retain
)

// reads reports whether the call changes nothing, so that it does not matter
// whether a failure came before or after it.
func (o op) reads() bool { return o <= opListUploads }

// call is one call to the outside. What value is depends on op.
type call struct {
	op      op
	version int8 // -1 for none that is known
	upload  int8 // likewise
	value   int32
	later   bool   // of Postpone: look again, not never
	seen    int64  // the revision that a change is conditional on, 0 for none
	adds    counts // to the accounts, in the same write
	tells   string // the statuses that events in the same write tell of
	name    int32
	tag     file.Outcome
}

// word is what the scanner will say of the bytes.
type word int8

const (
	saysClean word = iota + 1
	saysInfected
	saysNothing
)

// answer is what a call returns.
type answer struct {
	tick    int8 // when it returned, 0 where the step does not look
	err     fault
	record  int32
	version int8    // -1 for none
	content content // of the version, or of the upload
	there   uint8   // the versions or uploads that are listed
	upload  int8
	word    word
}

// fault is how a call failed.
type fault int8

const (
	fine fault = iota
	notFound
	conflict
	alreadyEnded
	noUpload
	objectExists
	busy
	partChanged
	broken
)

var errBroken = errors.New("the call failed")

func (m *Model) err(a answer, to file.Status) error {
	switch a.err {
	case notFound:
		return file.ErrNotFound
	case conflict:
		return &file.ConflictError{To: to, Current: m.files.get(a.record)}
	case alreadyEnded:
		return verify.ErrAlreadyEnded
	case noUpload:
		return parts.ErrNoUpload
	case objectExists:
		return parts.ErrObjectExists
	case busy:
		return parts.ErrBusy
	case partChanged:
		return parts.ErrPartChanged
	case broken:
		return errBroken
	}
	return nil
}

// outside answers the calls of one run of a step. It is every adapter at once.
type outside struct {
	model      *Model
	answers    []answer
	used       int
	next       call
	unanswered bool
	word       word
}

func (o *outside) ask(c call) answer {
	if o.unanswered {
		return answer{err: broken, version: -1}
	}
	if o.used == len(o.answers) {
		o.next, o.unanswered = c, true
		return answer{err: broken, version: -1}
	}
	o.used++
	return o.answers[o.used-1]
}

// now is the time at which the last call returned.
func (o *outside) now() time.Time {
	if o.used == 0 {
		return epoch
	}
	return at(o.answers[o.used-1].tick)
}

func (o *outside) record(a answer, to file.Status) (file.File, error) {
	if err := o.model.err(a, to); err != nil {
		return file.File{}, err
	}
	return o.model.files.get(a.record), nil
}

func (o *outside) Get(context.Context, string) (file.File, error) {
	return o.record(o.ask(call{op: opGet}), "")
}

// Note is of what the owner is denied, and of what is presigned once more: the
// steps here do neither.
func (o *outside) Note(_ context.Context, e audit.Event) error {
	return fmt.Errorf("a step of the model has come to %s", e.Action)
}

func (o *outside) Renew(_ context.Context, _ string, n file.Renewal) (file.File, error) {
	n.At = time.Time{}
	return o.record(o.ask(call{op: opRenew, value: o.model.renewals.id(n)}), file.Ready)
}

func (o *outside) Due(context.Context, time.Time, int) ([]file.File, error) {
	a := o.ask(call{op: opDue})
	if a.err != fine || a.record == 0 {
		return nil, o.model.err(a, "")
	}
	return []file.File{o.model.files.get(a.record)}, nil
}

func (o *outside) Postpone(_ context.Context, f file.File, sweepAt time.Time) error {
	return o.model.err(o.ask(call{op: opPostpone, value: o.model.files.id(f), later: !sweepAt.IsZero()}), "")
}

func (o *outside) Settle(_ context.Context, f file.File) error {
	return o.model.err(o.ask(call{op: opSettle, value: o.model.files.id(f)}), "")
}

func (o *outside) describe(a answer) (file.Object, error) {
	if err := o.model.err(a, ""); err != nil {
		return file.Object{}, err
	}
	return described(a.version, a.content), nil
}

func described(i int8, c content) file.Object {
	return file.Object{
		Key: file.Key(owner, id), VersionID: versionID(i), ETag: "e" + versionID(i), Size: int64(len(c.bytes())),
		ContentType: "text/plain",
	}
}

func (o *outside) Current(context.Context, string) (file.Object, error) {
	return o.describe(o.ask(call{op: opCurrent}))
}

func (o *outside) Describe(_ context.Context, _, versionID string) (file.Object, error) {
	return o.describe(o.ask(call{op: opDescribe, version: version(versionID)}))
}

func (o *outside) Head(_ context.Context, _, versionID, _ string, _ int) ([]byte, error) {
	a := o.ask(call{op: opHead, version: version(versionID)})
	if err := o.model.err(a, ""); err != nil {
		return nil, err
	}
	return []byte(a.content.bytes()), nil
}

// Open opens the version; with the answer comes what the scanner will say of it,
// since no other actor can tell the moment at which it does.
func (o *outside) Open(_ context.Context, _, versionID, _ string) (io.ReadCloser, error) {
	a := o.ask(call{op: opOpen, version: version(versionID)})
	if err := o.model.err(a, ""); err != nil {
		return nil, err
	}
	o.word = a.word
	return io.NopCloser(strings.NewReader(a.content.bytes())), nil
}

// Scan reads the bytes and says what was said with Open.
func (o *outside) Scan(_ context.Context, r io.Reader) (verify.Scan, error) {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return verify.Scan{}, err
	}
	s := verify.Scan{Engine: file.Engine{Name: verify.ClamAV}}
	switch o.word {
	case saysClean:
		return s, nil
	case saysInfected:
		s.Infected, s.Signature = true, "Model"
		return s, nil
	}
	return verify.Scan{}, errBroken
}

func (o *outside) Tag(_ context.Context, _, versionID string, outcome file.Outcome) error {
	return o.model.err(o.ask(call{op: opTag, version: version(versionID), tag: outcome}), "")
}

func (o *outside) DeleteVersion(_ context.Context, _, versionID string) error {
	return o.model.err(o.ask(call{op: opDeleteVersion, version: version(versionID)}), "")
}

// DeleteAll is two kinds of calls, as in package s3store: a list, and then one
// deletion after the other.
func (o *outside) DeleteAll(ctx context.Context, key string) error {
	a := o.ask(call{op: opList})
	if err := o.model.err(a, ""); err != nil {
		return err
	}
	for i := range int8(versions) {
		if a.there&(1<<i) == 0 {
			continue
		}
		if err := o.DeleteVersion(ctx, key, versionID(i)); err != nil {
			return err
		}
	}
	return nil
}

func (o *outside) Start(_ context.Context, name string, job verify.Job) error {
	return o.model.err(o.ask(call{op: opStart, name: o.model.names.id(name), value: o.model.jobs.id(job)}), "")
}

func (o *outside) Publish(_ context.Context, f file.File) error {
	return o.model.err(o.ask(call{op: opPublish, value: o.model.files.id(f)}), "")
}

// Issue signs nothing: it changes nothing outside, and to fail in it is the same
// as to fail at the call that follows.
func (o *outside) Issue(_ context.Context, f file.File, v file.Verdict) (string, error) {
	return "receipt for " + f.VersionID + ", " + string(v.Outcome), nil
}
