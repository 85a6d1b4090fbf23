package sweep

import (
	"context"
	"log/slog"

	"github.com/vouch-s3/vouch/shared/acting"
)

// Lambda returns the handler of the scheduled function. The schedule's event
// carries nothing of use, so any is taken. A run that had failures is an
// error, for the alarm on it; what it did reach is done.
func Lambda(s Sweeper) func(context.Context) (Report, error) {
	return func(ctx context.Context) (Report, error) {
		ctx = acting.As(ctx, "sweep-uploads")
		report, err := s.Sweep(ctx)
		log := slog.With("report", report)
		if err != nil {
			log.ErrorContext(ctx, "the sweep had failures", "error", err.Error())
			return report, err
		}
		log.InfoContext(ctx, "the sweep is done")
		return report, nil
	}
}
