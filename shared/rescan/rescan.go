// Package rescan has every ready file verified again, for what scanners know
// today and did not know when the file was verified. A Starter begins a run; a
// Pager hands its execution of statemachines/rescan-files.asl.json one page of
// files after the other, the oldest verdicts first, and goes on in a further
// execution before the history of one is full.
//
// A run keeps no state of its own but where it stands. What it has done shows in
// the records, whose verdicts are then younger than the run, so a run that was
// cut off is gone on with by another one for the same time.
package rescan

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/verify"
)

// Position is where a run stands: the input of its executions, and of each page.
type Position struct {
	// Run is the name of the run's first execution.
	Run string `json:"run"`

	// Before is the time that files with an older verdict are verified again for.
	Before time.Time `json:"before"`

	// Cursor is where the next page begins; empty for the beginning.
	Cursor string `json:"cursor"`

	Part  int `json:"part"`  // counts the run's executions, from 0
	Pages int `json:"pages"` // that this execution has been handed

	// FailedPages counts the pages in a row of which more than half failed, and
	// Failed says that the last one was such a page.
	FailedPages int  `json:"failedPages"`
	Failed      bool `json:"failed"`

	// Done says that there is nothing more for this execution to do.
	Done bool `json:"done"`
}

// Page is one page of a run: the files to verify again now, how many of them at
// a time, and where the run stands after them.
type Page struct {
	Jobs        []verify.Job `json:"jobs"`
	Concurrency int          `json:"concurrency"`
	Next        Position     `json:"next"`
}

// Workflow starts executions, and says when the one of that name was started.
// Starting one that runs already is no error; starting one that has ended is
// verify.ErrAlreadyEnded.
type Workflow interface {
	StartRescan(ctx context.Context, name string, p Position) (started time.Time, err error)
}

// Records lists ready files by the age of their verdict.
type Records interface {
	// Unchecked returns up to limit ready files whose verdict is older than
	// before, behind cursor, and where to go on, empty at the end.
	Unchecked(ctx context.Context, before time.Time, cursor string, limit int) (jobs []verify.Job, next string, err error)
}

// Run is a run that was asked for.
type Run struct {
	ID      string // the name of its first execution
	Before  time.Time
	Started time.Time
}

// Starter begins runs.
type Starter struct {
	Workflow Workflow
	Now      func() time.Time
}

// attempts is how many runs there may be for one time within the 90 days that
// Step Functions remembers names for.
const attempts = 100

// Start begins a run over the files whose verdict is older than before, the zero
// time for all that have one now. While a run for the same time is going on, it
// is that run which is returned; after it, a new one takes what it has left. A
// time that is still to come is refused with a *file.Error: until then the run
// would find its own verdicts too old.
func (s Starter) Start(ctx context.Context, before time.Time) (Run, error) {
	now := s.Now().UTC().Truncate(time.Millisecond)
	if before.IsZero() {
		before = now
	}
	before = before.UTC().Truncate(time.Millisecond)
	if before.After(now) {
		return Run{}, &file.Error{
			Code: file.CodeInvalidRequest, Field: "before",
			Detail: "The time is still to come.", Accepted: "a time that has passed, or none for now",
		}
	}
	for attempt := range attempts {
		id := name(before, attempt)
		started, err := s.Workflow.StartRescan(ctx, id, Position{Run: id, Before: before})
		if err == nil {
			return Run{ID: id, Before: before, Started: started}, nil
		}
		if !errors.Is(err, verify.ErrAlreadyEnded) {
			return Run{}, fmt.Errorf("start run %s: %w", id, err)
		}
	}
	return Run{}, fmt.Errorf("start a run for %s: %d have ended already", before, attempts)
}

// name is the name of a run, and of its first execution: the same for the same
// time and attempt, so that Step Functions itself refuses to run a doubled call
// twice.
func name(before time.Time, attempt int) string {
	s := "rescan-" + strings.Replace(before.Format("20060102T150405.000Z"), ".", "", 1)
	if attempt > 0 {
		s += "-" + strconv.Itoa(attempt)
	}
	return s
}
