// Package erasure takes away all that is kept of one owner, and proves that it is
// gone. A Starter begins an erasure; an Eraser and a Prover are the steps of
// statemachines/erase-owner.asl.json, which drives it to its end. docs/erasure.md
// explains it.
//
// All that an erasure knows stands in its item of a Ledger: the steps are handed its
// id and nothing else, so that no input, output or log of the workflow names the
// owner, and a step that is tried again goes on where the item says.
package erasure

import (
	"context"
	"errors"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// Status is where an erasure stands.
type Status string

// The statuses. All but the first are ends.
const (
	Erasing  Status = "erasing"
	Finished Status = "finished" // nothing is left; there is a statement of it
	Held     Status = "held"     // nothing is left but files under a legal hold
	Failed   Status = "failed"   // it could not be carried out, or not be proved
)

// Statuses lists every status.
func Statuses() []Status { return []Status{Erasing, Finished, Held, Failed} }

// Phase is what an erasure that goes on does next, in this order.
type Phase string

// The phases.
const (
	Closing  Phase = "closing"  // the owner's account, so that nothing new comes in
	Deleting Phase = "deleting" // every file, as DELETE /files/{id} does
	Clearing Phase = "clearing" // what is kept of deleted files: their histories, and all but a tombstone of their records
	Sweeping Phase = "sweeping" // what no record leads to: events, and what is in the bucket under the owner's prefix
	Proving  Phase = "proving"  // that nothing is left, twice
	Proven   Phase = "proven"   // nothing is; the owner's name is still on the account
	Leaving  Phase = "leaving"  // the account, open or closed as is asked
)

// Counts are what an erasure has removed so far. A step that is cut off and tried
// again finds less to remove, so that they may be less than there was, never more.
// No proof rests on them.
type Counts struct {
	Files    int `json:"files"`    // records that are tombstones now
	Versions int `json:"versions"` // object versions and delete markers that were left by the deletion of files, or came after it
	Uploads  int `json:"uploads"`  // uploads in parts likewise
	Events   int `json:"events"`   // of the files' histories
}

func (c Counts) plus(d Counts) Counts {
	return Counts{Files: c.Files + d.Files, Versions: c.Versions + d.Versions, Uploads: c.Uploads + d.Uploads, Events: c.Events + d.Events}
}

// Erasure is one erasure.
type Erasure struct {
	ID string // a UUIDv7

	// Owner is whose files they are, as file.File.Owner has it, for as long as the
	// erasure goes on; empty from its end on.
	Owner string

	// Pseudonym is file.Pseudonym of the owner, which is also in every object key.
	Pseudonym string

	Status Status
	Phase  Phase

	// KeepClosed has the owner's account stay closed when the erasure has ended.
	KeepClosed bool

	// Cursor is where the next page of the phase begins; empty for its beginning.
	Cursor string

	// Round counts how often it has begun to delete, from 1, and Looks how often in a
	// row nothing was found left.
	Round, Looks int

	// QuietAt is when no URL that was given out to the owner can bring bytes any
	// more, as far as is known.
	QuietAt time.Time

	// Part counts the executions that it has had, from 0, and Pages the steps of the
	// one that goes on.
	Part, Pages int

	Counts Counts

	// Held is how many files were found under a legal hold when nothing else was.
	Held int

	// Statement is the signed statement of an erasure that is finished.
	Statement string

	StartedAt, UpdatedAt time.Time

	// EndedAt is when it ended; the zero time while it goes on.
	EndedAt time.Time

	// Revision counts the writes of its progress, beginning at 1.
	Revision int64
}

// Prefix begins the key of every object of the owner.
func (e Erasure) Prefix() string { return file.KeyPrefix + e.Pseudonym + "/" }

// ErrMoved says that an erasure was not written, because another writer was first,
// or because it has ended.
var ErrMoved = errors.New("the erasure has moved on")

// ErrNotFound says that there is no such erasure.
var ErrNotFound = &file.Error{Code: file.CodeNoErasure, Detail: "There is no such erasure."}

// Ledger keeps erasures. Of one owner it lets one go on at a time.
type Ledger interface {
	// Begin keeps e, or returns the one of the same owner that goes on already, and
	// false.
	Begin(ctx context.Context, e Erasure) (going Erasure, begun bool, err error)

	// Get returns the erasure with the id as it stands now, or ErrNotFound.
	Get(ctx context.Context, id string) (Erasure, error)

	// Save writes the progress of e, all but KeepClosed, if it goes on and has still
	// e's Revision, and returns it with the next. One whose Status is an end is
	// ended by that: Save keeps no name of the owner, lets another erasure of the
	// same owner begin, and fails too if KeepClosed is another than e's. It fails
	// with ErrMoved.
	Save(ctx context.Context, e Erasure) (Erasure, error)

	// KeepClosed sets KeepClosed of an erasure that goes on, or fails with ErrMoved.
	KeepClosed(ctx context.Context, id string) (Erasure, error)
}

// Accounts closes the accounts of owners to new files.
type Accounts interface {
	// Close has no file created for the owner from when it returns on.
	Close(ctx context.Context, owner string) error

	// Open takes that back; nothing where the account is open.
	Open(ctx context.Context, owner string) error

	// Forget takes the owner's name off an account that uses nothing, and fails if
	// it uses anything.
	Forget(ctx context.Context, owner string) error
}

// Task is the input of the steps, and of the executions.
type Task struct {
	Erasure string `json:"erasure"` // the id
	Part    int    `json:"part"`    // counts the erasure's executions, from 0
}

// Next names what an execution does next.
type Next string

// What may be next.
const (
	Erase Next = "erase" // ask the Eraser for another page
	Prove Next = "prove" // have the Prover look
	Fail  Next = "fail"  // give up
	Done  Next = "done"  // end; where the erasure goes on, it does so in another execution
)

// Step is the answer of a step: the input of the next, what that is, and after how
// many seconds.
type Step struct {
	Task
	Next Next `json:"next"`
	Wait int  `json:"wait"`
}
