package erasure

import (
	"context"
	"log/slog"
	"time"
)

// Failer is the step that gives an erasure up.
type Failer struct {
	Ledger Ledger
	Now    func() time.Time
}

// Fail ends the erasure as failed, unless it has ended, or goes on in another
// execution. The owner's account stays closed: what is half erased is nobody's to add
// to, and to ask for the erasure again goes on with it.
func (f Failer) Fail(ctx context.Context, t Task) (Step, error) {
	e, err := f.Ledger.Get(ctx, t.Erasure)
	if err != nil {
		return unknown(t, err)
	}
	if e.Status != Erasing || e.Part != t.Part {
		return Step{Task: t, Next: Done}, nil
	}
	slog.ErrorContext(ctx, "the erasure is given up", "erasure", e.ID, "phase", e.Phase, "round", e.Round)
	return Step{Task: t, Next: Fail}, end(ctx, f.Ledger, e, Failed, f.Now().UTC())
}
