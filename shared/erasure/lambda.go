package erasure

import (
	"context"
	"log/slog"
)

// Lambda returns run as the handler of a step of the workflow. A failure is logged
// and returned, so that the workflow's Retry and Catch decide.
func Lambda(run func(context.Context, Task) (Step, error)) func(context.Context, Task) (Step, error) {
	return func(ctx context.Context, t Task) (Step, error) {
		log := slog.With("erasure", t.Erasure, "part", t.Part)
		step, err := run(ctx, t)
		if err != nil {
			log.ErrorContext(ctx, "the step failed", "error", err.Error())
			return Step{}, err
		}
		log.InfoContext(ctx, "the step is done", "next", step.Next, "wait", step.Wait)
		return step, nil
	}
}
