// Package model checks the life of one file exhaustively. It is an explicit-state
// model checker in the manner of SPIN and TLC, with one difference: the steps are
// no model of the code but the code itself. Package upload, parts, verify, sweep,
// deletion, retention and download run against a world in memory (World), the workflow is read
// from statemachines/*.asl.json, and the records are changed by the very table of
// transitions. What creates and changes them, and counts them for their owner and its
// tenant, is the store of package dynamo, on a DynamoDB of one record and the accounts
// that it is counted in. A second owner of the tenant has a file beside it, of which
// there is no more than what it counts for.
//
// Each call that a step makes to the outside (a record read or written, an object
// described, read, tagged, listed or deleted, an upload in parts begun, listed, put
// together or aborted, an execution started, an event published) is a point at which
// every other actor may come between, at which the step may fail or die before or
// after the call took effect, and at which the call may be carried out twice. A step
// is a function of what its calls were answered (program), so that a state can hold a
// half-done step as a number, and be compared, kept and returned to.
//
// docs/model.md says what is modelled, within which bounds, and what is not.
package model

import (
	"cmp"
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/download"
	"github.com/vouch-s3/vouch/shared/dynamo"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/parts"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/quota"
	"github.com/vouch-s3/vouch/shared/step"
	"github.com/vouch-s3/vouch/shared/upload"
	"github.com/vouch-s3/vouch/shared/verify"
)

// Bounds are how often each thing may happen, and so what is explored.
type Bounds struct {
	Name string

	Ticks     int8 // that the clock may go on; see Tick
	Puts      int8 // PUTs by the upload URL, each of which S3 may refuse
	Swaps     int8 // objects that an administrator writes over the file's own
	Completes int8 // calls of complete-upload
	Deletes   int8 // calls of delete-file
	Sweeps    int8 // runs of the sweeper
	Rescans   int8 // items of a re-scan
	Doubles   int8 // events that are delivered once more
	Losses    int8 // events that are not delivered at all
	Faults    int8 // steps that fail or die, and calls that are carried out twice
	Outlives  int8 // functions that the workflow waits for no longer, or that outlive it, and go on
	Retries   int8 // of a state of the workflow; fewer than its Retry says
	Parts     int8 // parts that are sent, each of which changes what the upload holds
	Promises  int8 // of Completes that promise a checksum, be it that of the bytes or not
	Flights   int8 // parts that are still on their way to S3 when something else happens
	Slow      int8 // hours that the clock goes on while a part is on its way
	Grants    int8 // grants that are given or taken back
	Others    int8 // writes of the other owner of the tenant; see Model.other
	Retains   int8 // changes of how long the file is kept
	Holds     int8 // calls of put-hold and delete-hold

	// Method is how the file is sent: file.Put where it is empty. A file in parts
	// begins its life with POST /files, and no PUT by a URL brings its object.
	// What is sent by file.Form S3 takes at any time, also where an object is.
	Method file.Method

	// Delete has the policy remove rejected bytes at once instead of keeping them.
	Delete bool

	// Expires has the file's time be over when the clock goes on.
	Expires bool

	// Open has a form leave its size and its type open.
	Open bool
}

// Tick is how far one move of the clock goes. The policy of the model is chosen
// by it: within the first tick the upload URL is alive, at the next it is dead
// and the sweep of what never arrived is due; an unverified file is due one tick
// after its last step, and given up at the third. Nothing in the code depends on
// less than that order.
const Tick = time.Hour

var epoch = time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)

func at(tick int8) time.Time { return epoch.Add(time.Duration(tick) * Tick) }

func (b Bounds) policy() policy.Policy {
	p := policy.Default()
	p.UploadLife = Tick / 2
	p.Multipart.Life = Tick / 2
	p.ArrivalGrace = Tick / 4
	p.VerifyWithin = Tick / 2
	p.GiveUpAfter = 5 * Tick / 2
	p.Quotas.Tenant = &quota.Limits{Bytes: mostOfTenant}
	p.Scan.MaxDatabaseAge = 0 // signatures of the model have no age
	p.RejectedBytes = policy.KeepRejected
	if b.Delete {
		p.RejectedBytes = policy.DeleteRejected
	}
	return p
}

// The one file. Its life begins when its URL has just been given out, or, in
// parts, when it is asked for.
const (
	owner = ":4:acme:alice" // alice of the tenant acme, as file.JoinOwner has it
	id    = "019375a0-0000-7000-8000-000000000001"
	body  = "hello"

	mostBytes = 8 // of a form that leaves its size open
	partSize  = 3 // bytes of the first of two parts; the policy's least would only take time
)

var self = access.Principal{Subject: "alice", Tenant: "acme"}

func pending(p policy.Policy, b Bounds) file.File {
	expires := epoch.Add(p.UploadLife)
	f := file.File{
		ID: id, Owner: owner, Filename: "a.txt", Method: cmp.Or(b.Method, file.Put), ContentType: "text/plain", Size: int64(len(body)),
		Status: file.Pending, Key: file.Key(owner, id), CreatedAt: epoch,
		UploadExpiresAt: expires, SweepAt: later, Revision: 1,
	}
	if b.Open {
		f.Size, f.MaxSize, f.ContentType = 0, mostBytes, "text/*"
	}
	if b.Expires {
		f.ExpiresAt = later
	}
	f.Counted = p.Quotas.Kinds(f.Owner)
	return f
}

// Model is what is checked within Bounds.
type Model struct {
	// The code of the steps, what a write makes of the record, DynamoDB below the
	// real store, for the file and for that of the other owner, and the version that a
	// download would be presigned for. A test puts something broken in their place.
	code   code
	store  func(file.File, recordWrite) (file.File, error)
	dynamo func(table) dynamo.API
	beside func(*neighbour) dynamo.API
	signs  func(file.File) (versionID string)

	bounds   Bounds
	policy   policy.Policy
	machines []machine
	program  program

	files    values[file.File]
	changes  values[file.Change]
	renewals values[file.Renewal]
	begins   values[file.Begun]
	promises values[file.Promise]
	puts     values[parts.Assembly]
	sharings values[file.Sharing]
	retains  values[file.Retention]
	holdings values[file.Holding]
	jobs     values[verify.Job]
	tasks    values[step.Task]
	data     values[data]
	results  values[verify.Result]
	names    values[string]

	written   map[writing]written
	uses      map[int32]counts
	deeds     map[doing]didBeside
	downloads map[int32]int8
	sendable  map[int32]bool
	items     map[int32]map[string]types.AttributeValue

	// unguarded has S3 put an upload together as often as it is asked to, whatever
	// is there already. Only a test sets it.
	unguarded bool
}

// New returns the model of the real code, with the state machines in the folder
// of that path.
func New(b Bounds, statemachines string) (*Model, error) {
	machines, err := readMachines(statemachines)
	if err != nil {
		return nil, err
	}
	m := &Model{
		bounds: b, policy: b.policy(), machines: machines,
		written: map[writing]written{}, uses: map[int32]counts{}, deeds: map[doing]didBeside{}, downloads: map[int32]int8{}, sendable: map[int32]bool{},
		items: map[int32]map[string]types.AttributeValue{},
	}
	m.program = program{model: m, nodes: make([]node, 1), edges: map[edge]int32{}}
	m.code = m.realCode()
	m.store = write
	m.dynamo = func(t table) dynamo.API { return t }
	m.beside = func(n *neighbour) dynamo.API { return n }
	m.signs = m.presigned
	return m, nil
}

// presigned asks download.Creator for a URL, and returns the version that it is
// for, or nothing.
func (m *Model) presigned(f file.File) string {
	var p presigner
	c := download.Creator{Records: one(f), Presigner: &p, Policy: m.policy, Now: func() time.Time { return epoch }}
	if _, err := c.Create(acting(), self, id); err != nil {
		return ""
	}
	return p.versionID
}

// download is the index of the version that a URL would be presigned for now, or
// -1. Whoever asks reads the record and then signs, which touches nothing: so to
// ask at each state is to ask at any moment.
func (m *Model) download(record int32) int8 {
	v, known := m.downloads[record]
	if !known {
		v = version(m.signs(m.files.get(record)))
		m.downloads[record] = v
	}
	return v
}

type presigner struct{ versionID string }

func (p *presigner) PresignGet(_ context.Context, g download.Get) (string, time.Time, error) {
	p.versionID = g.VersionID
	return "https://example.com", epoch, nil
}

type one file.File

func (f one) Get(context.Context, string) (file.File, error) { return file.File(f), nil }

// Note keeps nothing: what is presigned is asked at each state, and no state
// depends on it.
func (one) Note(context.Context, audit.Event) error { return nil }

// acting is the context of every step. Who acts is not what the model is about.
func acting() context.Context { return audit.With(context.Background(), audit.Actor{Subject: owner}) }

// sends reports whether parts.Presigner gives out URLs for the parts of the file
// while its upload is alive. To ask at each state is to ask at any moment.
func (m *Model) sends(record int32) bool {
	given, known := m.sendable[record]
	if !known {
		p := parts.Presigner{Records: one(m.files.get(record)), Signer: signer{}, Policy: m.policy, Now: func() time.Time { return epoch }}
		_, _, err := p.Presign(acting(), self, id, []int{1, 2}, nil)
		given = err == nil
		m.sendable[record] = given
	}
	return given
}

type signer struct{}

func (signer) PresignPart(context.Context, parts.Put) (upload.Instructions, error) {
	return upload.Instructions{}, nil
}
