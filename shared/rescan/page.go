package rescan

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/vouch-s3/vouch/shared/verify"
)

// The quotas that a page and an execution keep to ("Step Functions service
// quotas", AWS Step Functions Developer Guide).
const (
	// PageSize is the most files in a page. A job is some 250 bytes of JSON, so a
	// page is half of the 256 KiB that may pass from one state to the next.
	PageSize = 500

	// PagesPerExecution is how many pages an execution is handed. A page makes 13
	// events of its history (15 if it fails), and three more for each retry of the step that lists;
	// 25,000 events end an execution.
	PagesPerExecution = 1000
)

// MaxFailedPages is how many pages in a row may fail by more than half before a
// run ends. One may be full of files that nothing can decide upon, which stand
// at the beginning of every run, since their verdicts grow old; several are a
// scanner that is down, and then every other file would be asked for in vain.
const MaxFailedPages = 3

// Pager hands out the pages of runs.
type Pager struct {
	Records  Records
	Workflow Workflow
	Now      func() time.Time

	// Concurrency is how many files of a page are verified at a time.
	Concurrency int
}

// Page returns the page at p, and may be asked for it again. An execution that
// has been handed its share starts the next one in its place, and is done. The
// zero Position begins a run over all files, for whoever starts the state
// machine with no input.
func (g Pager) Page(ctx context.Context, p Position) (Page, error) {
	now := g.Now().UTC()
	if p.Before.IsZero() {
		p.Before = now.Truncate(time.Millisecond)
	}
	if p.Before.After(now) {
		return Page{}, fmt.Errorf("list the files of run %s: the time %v is still to come", p.Run, p.Before)
	}
	if p.Run == "" {
		p.Run = name(p.Before, 0)
	}
	p.FailedPages++
	if !p.Failed {
		p.FailedPages = 0
	}
	if p.FailedPages >= MaxFailedPages {
		p.Done = true // and p.Failed stays, which ends the execution as stopped
		return Page{Jobs: []verify.Job{}, Concurrency: g.Concurrency, Next: p}, nil
	}
	p.Failed = false
	if p.Pages >= PagesPerExecution {
		return g.handOver(ctx, p)
	}
	jobs, next, err := g.Records.Unchecked(ctx, p.Before, p.Cursor, PageSize)
	if err != nil {
		return Page{}, fmt.Errorf("list the files of run %s: %w", p.Run, err)
	}
	if jobs == nil {
		jobs = []verify.Job{} // a Map takes a list, and no null
	}
	p.Cursor, p.Done = next, next == ""
	p.Pages++
	return Page{Jobs: jobs, Concurrency: g.Concurrency, Next: p}, nil
}

// handOver starts the run's next execution where p stands.
func (g Pager) handOver(ctx context.Context, p Position) (Page, error) {
	next := p
	next.Part, next.Pages = p.Part+1, 0
	id := p.Run + "-part" + strconv.Itoa(next.Part)
	// One that has ended was started by an earlier attempt of this very step.
	if _, err := g.Workflow.StartRescan(ctx, id, next); err != nil && !errors.Is(err, verify.ErrAlreadyEnded) {
		return Page{}, fmt.Errorf("go on with run %s in execution %s: %w", p.Run, id, err)
	}
	p.Done = true
	return Page{Jobs: []verify.Job{}, Concurrency: g.Concurrency, Next: p}, nil
}
