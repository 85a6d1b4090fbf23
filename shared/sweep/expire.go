package sweep

import (
	"context"
	"fmt"
	"time"
)

// enough is what a file that a run has begun with may still take.
const enough = 30 * time.Second

// leaves reports whether the context leaves so much time. One without a deadline does.
func leaves(ctx context.Context, much time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() == nil && (!ok || time.Until(deadline) >= much)
}

// expire deletes files whose time is over, page after page, as long as the context
// leaves it enough, a page is full, and some of it could be deleted. It comes after
// all that is due for another reason, so that however many files end at one moment
// keep no upload from its verdict.
func (s Sweeper) expire(ctx context.Context, report *Report) (failures []error) {
	for {
		ids, err := s.Records.Overdue(ctx, s.Now(), s.Limit)
		if err != nil {
			return append(failures, fmt.Errorf("find the files whose time is over: %w", err))
		}
		deleted := 0
		for _, id := range ids {
			if !leaves(ctx, enough) {
				return failures
			}
			done, err := s.Expirer.Expire(ctx, id)
			if err != nil {
				failures = append(failures, fmt.Errorf("delete file %s, whose time is over: %w", id, err))
			}
			if done {
				deleted++
			}
		}
		report.Deleted += deleted
		if len(ids) < s.Limit || deleted == 0 {
			return failures
		}
	}
}
