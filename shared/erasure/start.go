package erasure

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/verify"
)

// Workflow starts executions. Starting one that runs already is no error; starting
// one that has ended is verify.ErrAlreadyEnded.
type Workflow interface {
	StartErasure(ctx context.Context, name string, t Task) error
}

// Starter begins erasures.
type Starter struct {
	Ledger   Ledger
	Workflow Workflow
	Now      func() time.Time
}

// starts is how often a Starter takes up an erasure that moves on under it.
const starts = 5

// Start begins to erase all of the owner, and keeps the account closed afterwards
// if keepClosed. While an erasure of the same owner goes on, it is that one which is
// returned, and keepClosed counts for it too; one whose execution was ended from
// outside goes on in a new one.
func (s Starter) Start(ctx context.Context, owner string, keepClosed bool) (Erasure, error) {
	for range starts {
		e, err := s.begin(ctx, owner, keepClosed)
		if err == nil {
			err = s.run(ctx, e)
		}
		if err == nil {
			return e, nil
		}
		if !errors.Is(err, ErrMoved) {
			return Erasure{}, err
		}
	}
	return Erasure{}, fmt.Errorf("start an erasure: it moved on %d times meanwhile", starts)
}

func (s Starter) begin(ctx context.Context, owner string, keepClosed bool) (Erasure, error) {
	id, err := file.NewID()
	if err != nil {
		return Erasure{}, fmt.Errorf("make the id of an erasure: %w", err)
	}
	now := s.Now().UTC()
	e, begun, err := s.Ledger.Begin(ctx, Erasure{
		ID: id, Owner: owner, Pseudonym: file.Pseudonym(owner), Status: Erasing, Phase: Closing,
		KeepClosed: keepClosed, Round: 1, StartedAt: now, UpdatedAt: now, Revision: 1,
	})
	if err != nil {
		return Erasure{}, fmt.Errorf("begin erasure %s: %w", id, err)
	}
	if !begun && keepClosed && !e.KeepClosed {
		return s.Ledger.KeepClosed(ctx, e.ID)
	}
	return e, nil
}

// run makes sure that an execution of e runs.
func (s Starter) run(ctx context.Context, e Erasure) error {
	err := s.Workflow.StartErasure(ctx, execution(e), taskOf(e))
	if !errors.Is(err, verify.ErrAlreadyEnded) {
		return err
	}
	current, err := s.Ledger.Get(ctx, e.ID)
	if err != nil {
		return err
	}
	if current.Status != Erasing || current.Part != e.Part {
		return ErrMoved
	}
	// It was stopped, or ran out of its time.
	next, err := s.Ledger.Save(ctx, nextPart(current))
	if err != nil {
		return err
	}
	return s.Workflow.StartErasure(ctx, execution(next), taskOf(next))
}

// nextPart is e as it is handed to a further execution.
func nextPart(e Erasure) Erasure {
	e.Part++
	e.Pages = 0
	return e
}

// execution is the name of the execution that e goes on in: the same for the same
// part, so that Step Functions itself refuses to run it twice.
func execution(e Erasure) string { return e.ID + "-part" + strconv.Itoa(e.Part) }

func taskOf(e Erasure) Task { return Task{Erasure: e.ID, Part: e.Part} }
