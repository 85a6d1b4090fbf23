// Package idempotencytest has a store of calls in memory, for tests of what
// stands on package idempotency. That the real one keeps the same rules is tested
// against DynamoDB itself.
package idempotencytest

import (
	"context"
	"sync"
	"time"

	"github.com/vouch-s3/vouch/shared/idempotency"
)

// Calls is an idempotency.Store. The zero value is empty and ready for use.
type Calls struct {
	mu      sync.Mutex
	records map[string]idempotency.Record

	// Before, when set, runs before each write, outside of any lock: its error is
	// the write's.
	Before func(write string) error
}

// Start implements idempotency.Store.
func (c *Calls) Start(_ context.Context, r idempotency.Record, now time.Time) (idempotency.Record, error) {
	return c.write("start", r.ID, func(old *idempotency.Record) {
		if !now.Before(old.ExpiresAt) {
			*old = r
		}
	})
}

// Resume implements idempotency.Store.
func (c *Calls) Resume(_ context.Context, seen idempotency.Record, attempt string, until time.Time) (idempotency.Record, error) {
	return c.write("resume", seen.ID, func(old *idempotency.Record) {
		if old.Attempt == seen.Attempt && old.Answer == nil {
			old.Attempt, old.LockedUntil = attempt, until
		}
	})
}

// Finish implements idempotency.Store.
func (c *Calls) Finish(_ context.Context, r idempotency.Record, a idempotency.Answer) (bool, error) {
	current, err := c.write("finish", r.ID, func(old *idempotency.Record) {
		if old.Attempt == r.Attempt && old.Answer == nil {
			old.Answer = &a
		}
	})
	return err == nil && current.Attempt == r.Attempt, err
}

// Release implements idempotency.Store.
func (c *Calls) Release(_ context.Context, r idempotency.Record, at time.Time) error {
	_, err := c.write("release", r.ID, func(old *idempotency.Record) {
		if old.Attempt == r.Attempt && old.Answer == nil {
			old.LockedUntil = at
		}
	})
	return err
}

func (c *Calls) write(name, id string, change func(*idempotency.Record)) (idempotency.Record, error) {
	if c.Before != nil {
		if err := c.Before(name); err != nil {
			return idempotency.Record{}, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.records == nil {
		c.records = map[string]idempotency.Record{}
	}
	r := c.records[id]
	change(&r)
	c.records[id] = r
	return r, nil
}
