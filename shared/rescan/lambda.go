package rescan

import (
	"context"
	"log/slog"
)

// Lambda returns the handler of the step of the workflow that lists. A failure
// is logged and returned, so that the workflow's Retry and Catch decide.
func Lambda(g Pager) func(context.Context, Position) (Page, error) {
	return func(ctx context.Context, p Position) (Page, error) {
		page, err := g.Page(ctx, p)
		if err != nil {
			slog.ErrorContext(ctx, "no page was listed", "run", p.Run, "error", err.Error())
			return Page{}, err
		}
		slog.InfoContext(ctx, "a page was listed", "position", page.Next, "files", len(page.Jobs))
		return page, nil
	}
}
