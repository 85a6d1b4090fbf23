package canary

import (
	"context"
	"errors"
	"fmt"

	"github.com/vouch-s3/vouch/shared/file"
)

// page is how many files are listed at a time.
const page = 100

// tidyUp deletes the files of runs that were cut off, and returns how many.
func (c Canary) tidyUp(ctx context.Context) (deleted int, err error) {
	ctx, cancel := context.WithTimeout(ctx, TidyWithin/2)
	defer cancel()
	var old []string
	for q := (file.Query{Owner: Owner, Limit: page}); ; {
		files, next, err := c.Records.List(ctx, q)
		if err != nil {
			return 0, fmt.Errorf("list the files of earlier runs: %w", err)
		}
		for _, f := range files {
			if c.Now().Sub(f.CreatedAt) > leftoverAfter {
				old = append(old, f.ID)
			}
		}
		if q.After = next; next == "" {
			break
		}
	}
	var failures []error
	for _, id := range old {
		if err := c.delete(ctx, id); err != nil {
			failures = append(failures, err)
			continue
		}
		deleted++
	}
	return deleted, errors.Join(failures...)
}

// delete deletes the file with the id, if there is one.
func (c Canary) delete(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	if err := c.Deletions.Delete(ctx, self, id); err != nil {
		return fmt.Errorf("delete the canary's file %s: %w", id, err)
	}
	return nil
}
