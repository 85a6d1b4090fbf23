package step

import (
	"context"
	"errors"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/metrics"
	"github.com/vouch-s3/vouch/shared/verify"
)

// Lost returns run, and counts the ready files that it revokes because their
// object is gone as FilesLost: whoever took it away was not Vouch, whose
// deletions change the record first.
func Lost(e metrics.Emitter, run func(context.Context, Task) (verify.Result, error)) func(context.Context, Task) (verify.Result, error) {
	return func(ctx context.Context, t Task) (verify.Result, error) {
		result, err := run(ctx, t)
		if t.Rescan && result.Outcome == verify.Failed && result.Reason == file.ObjectMissing {
			err = errors.Join(err, e.Emit(metrics.Value{Name: "FilesLost", Unit: metrics.Count, Value: 1}))
		}
		return result, err
	}
}
