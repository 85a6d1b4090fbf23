package idempotency

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"
)

// Store keeps records. Each of its methods that writes does so in one step, and
// only where nobody has written in between.
type Store interface {
	// Start keeps r where there is no record with its id, or one that has expired
	// at now. It returns the record that is there then: r, or the one in its way.
	Start(ctx context.Context, r Record, now time.Time) (Record, error)

	// Resume gives the record to another attempt until then, if it is still as it
	// was seen. It returns the record that is there then.
	Resume(ctx context.Context, seen Record, attempt string, until time.Time) (Record, error)

	// Finish keeps the answer of the record's attempt. It returns false where the
	// record is no longer that attempt's.
	Finish(ctx context.Context, r Record, a Answer) (bool, error)

	// Release ends the record's attempt without an answer, if the record is still
	// that attempt's.
	Release(ctx context.Context, r Record, at time.Time) error
}

// Keeper decides by what is remembered in a Store.
type Keeper struct {
	Store Store
	Now   func() time.Time
}

// Call is one call with a key.
type Call struct {
	ID       string    // of ID
	Body     string    // its Fingerprint
	Resource string    // the id of what it makes, if it is the first with its key
	Deadline time.Time // when whoever carries it out is stopped
}

// Begin decides what becomes of a call. Where the decision is Start or Resume,
// the call is the record's attempt and to be carried out, and then Finish or
// Release is due. Where it fails, nothing is to be carried out.
func (k Keeper) Begin(ctx context.Context, c Call) (Record, Decision, error) {
	now := k.Now().UTC()
	mine := Record{
		ID: c.ID, Body: c.Body, Attempt: rand.Text(), LockedUntil: c.Deadline, Resource: c.Resource, ExpiresAt: now.Add(Life).Truncate(time.Second),
	}
	r, err := k.Store.Start(ctx, mine, now)
	if err != nil {
		return Record{}, "", fmt.Errorf("start a call with an idempotency key: %w", err)
	}
	// The store may have done the first time what it refuses the second, if its
	// answer was lost on the way.
	if r.Attempt == mine.Attempt {
		return r, Start, nil
	}
	if r.Decide(c.Body, now) == Resume {
		if r, err = k.Store.Resume(ctx, r, mine.Attempt, c.Deadline); err != nil {
			return Record{}, "", fmt.Errorf("resume a call with an idempotency key: %w", err)
		}
		if r.Attempt == mine.Attempt {
			return r, Resume, nil
		}
	}
	decision := r.Decide(c.Body, now)
	if decision == Start || decision == Resume {
		decision = InProgress // somebody was faster, and has ended by now: the client is to come again
	}
	return r, decision, nil
}

// Finish keeps the answer of the record's attempt. It returns false where the
// attempt has lost the record to another, whose answer counts.
func (k Keeper) Finish(ctx context.Context, r Record, a Answer) (bool, error) {
	kept, err := k.Store.Finish(ctx, r, a)
	if err != nil {
		return false, fmt.Errorf("keep the answer to a call with an idempotency key: %w", err)
	}
	return kept, nil
}

// Release lets the next call with the key be carried out.
func (k Keeper) Release(ctx context.Context, r Record) error {
	if err := k.Store.Release(ctx, r, k.Now()); err != nil {
		return fmt.Errorf("release an idempotency key: %w", err)
	}
	return nil
}
