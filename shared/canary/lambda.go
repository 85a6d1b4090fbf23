package canary

import (
	"context"
	"errors"
	"log/slog"

	"github.com/vouch-s3/vouch/shared/acting"
	"github.com/vouch-s3/vouch/shared/metrics"
)

// Metrics publishes values: a metrics.Emitter.
type Metrics interface {
	Emit(values ...metrics.Value) error
}

// Lambda returns the handler of the scheduled function. The schedule's event
// carries nothing of use, so any is taken. A run that did not prove everything
// is an error, for the alarm on it.
func Lambda(c Canary, m Metrics) func(context.Context) (Report, error) {
	return func(ctx context.Context) (Report, error) {
		ctx = acting.As(ctx, "run-canary")
		report, err := c.Run(ctx)
		log := slog.With("report", report)
		if err != nil {
			if e, ok := errors.AsType[*BrokenError](err); ok && e.Promise == MalwareIsNeverReady {
				log.ErrorContext(ctx, "malware is ready: no file that was verified lately can be trusted", "fileId", e.FileID)
			}
			log.ErrorContext(ctx, "the canary's proofs failed", "error", err.Error())
		} else {
			log.InfoContext(ctx, "the canary's proofs hold")
		}
		return report, errors.Join(err, m.Emit(report.values(err)...))
	}
}

// values are the metrics of a run. What was not measured is left out, and not 0.
func (r Report) values(err error) []metrics.Value {
	failed := 0.0
	if err != nil {
		failed = 1
	}
	values := []metrics.Value{{Name: "CanaryFailed", Unit: metrics.Count, Value: failed}}
	if r.ReadySeconds > 0 {
		values = append(values, metrics.Value{Name: "ReadySeconds", Unit: metrics.Seconds, Value: r.ReadySeconds})
	}
	if r.RejectedSeconds > 0 {
		values = append(values, metrics.Value{Name: "RejectedSeconds", Unit: metrics.Seconds, Value: r.RejectedSeconds})
	}
	return values
}
