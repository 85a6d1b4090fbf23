package erasure

import (
	"context"
	"errors"
	"sync"
)

// each does do for every one of all, a few at a time, and returns what failed. One
// that fails keeps none of the others from its turn, the end of the context does.
func each[T any](ctx context.Context, all []T, do func(T) error) error {
	var working sync.WaitGroup
	failures := make(chan error, len(all)+1)
	room := make(chan struct{}, concurrency)
	for _, one := range all {
		if ctx.Err() != nil {
			failures <- ctx.Err()
			break
		}
		room <- struct{}{}
		working.Go(func() {
			defer func() { <-room }()
			if err := do(one); err != nil {
				failures <- err
			}
		})
	}
	working.Wait()
	close(failures)
	var joined []error
	for err := range failures {
		joined = append(joined, err)
	}
	return errors.Join(joined...)
}

// counted does do for every one of all, likewise, and adds up what they count.
func counted[T any](ctx context.Context, all []T, do func(T) (Counts, error)) (Counts, error) {
	counts := make(chan Counts, len(all))
	err := each(ctx, all, func(one T) error {
		c, err := do(one)
		counts <- c
		return err
	})
	close(counts)
	var sum Counts
	for c := range counts {
		sum = sum.plus(c)
	}
	return sum, err
}
