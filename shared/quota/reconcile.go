package quota

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// Balance is what the counters of an account say. Revision counts their changes.
type Balance struct {
	Usage
	Revision int64
}

// Ledger holds the counters.
type Ledger interface {
	// Oldest lists up to limit accounts that were last looked at before a time,
	// the longest ago first. New ones count as looked at when they were made.
	Oldest(ctx context.Context, before time.Time, limit int) ([]Account, error)

	// Balance reads the counters as they stand now.
	Balance(ctx context.Context, a Account) (Balance, error)

	// Looked writes down that the account was looked at.
	Looked(ctx context.Context, a Account, at time.Time) error

	// Repair sets the counters to what they should be, and fails if they have
	// changed since seen was read.
	Repair(ctx context.Context, a Account, seen Balance, to Usage) error
}

// Records lists the files of an account, page by page; next is what to ask the next
// page after, empty when there is none. What is not listed counts for nothing.
type Records interface {
	// List lists the files of an owner, whatever they are counted in.
	List(ctx context.Context, q file.Query) (files []file.File, next string, err error)

	// ListTenant lists the files that are counted for a tenant, of each at least its
	// id, its status and its sizes.
	ListTenant(ctx context.Context, tenant, after string, limit int) (files []file.File, next string, err error)
}

// Reconciler holds the counters to the records that they count.
type Reconciler struct {
	Ledger  Ledger
	Records Records
	Now     func() time.Time

	// Pause waits between two looks at an account, long enough for the index of
	// Records to follow the table.
	Pause func(ctx context.Context) error
}

// Report counts what a run did.
type Report struct {
	Accounts int `json:"accounts"` // that were looked at
	Drifted  int `json:"drifted"`  // whose counters were wrong, and are repaired
	Busy     int `json:"busy"`     // that changed during each look; the next run tries again
}

const (
	pageOfAccounts = 100
	pageOfFiles    = 1000
	looks          = 4 // at one account, in one run
	enough         = time.Minute

	// longest is how long a run looks at one account, of the 15 minutes that it has:
	// some ten million files, by pages of some 30 ms.
	longest = 5 * time.Minute
)

// Reconcile looks at every account that nobody has looked at since it began, as
// long as the context leaves it a minute. The next run goes on with those that
// were not reached. An account that fails keeps none of the others from their
// turn: its error is part of the one returned.
func (r Reconciler) Reconcile(ctx context.Context) (Report, error) {
	var report Report
	var failures []error
	began := r.Now()
	failed := map[Account]bool{}
	for {
		page, err := r.Ledger.Oldest(ctx, began, pageOfAccounts+len(failed))
		if err != nil {
			return report, errors.Join(append(failures, err)...)
		}
		progress := false
		for _, a := range page {
			if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < enough {
				return report, errors.Join(failures...)
			}
			if failed[a] {
				continue
			}
			progress = true
			if err := r.turn(ctx, a, &report); err != nil {
				failed[a] = true
				failures = append(failures, fmt.Errorf("reconcile %s: %w", a.ID(), err))
			}
		}
		if !progress {
			return report, errors.Join(failures...)
		}
	}
}

// turn gives one account its turn. One that takes too long has failed, and had it all
// the same: in the next run the others come first.
func (r Reconciler) turn(ctx context.Context, a Account, report *Report) error {
	looking, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	err := r.account(looking, a, report)
	if err != nil && (looking.Err() == nil || ctx.Err() != nil) {
		return err
	}
	return errors.Join(err, r.Ledger.Looked(ctx, a, r.Now()))
}

// account looks at one account. Its records are listed by an index that follows
// the table within moments, so a first difference may be only that: what is
// called drift was seen twice, with a pause between, and with counters that
// nobody changed in all that time. A repair is conditional on that, too.
func (r Reconciler) account(ctx context.Context, a Account, report *Report) error {
	report.Accounts++
	var before look
	for n := range looks {
		if n > 0 {
			if err := r.Pause(ctx); err != nil {
				return err
			}
		}
		now, err := r.look(ctx, a)
		if err != nil {
			return err
		}
		if now.quiet && now.counted == now.balance.Usage {
			return nil
		}
		if now.quiet && now == before {
			report.Drifted++
			slog.ErrorContext(ctx, "the counters of an account have drifted", "account", a.ID(), "counters", now.balance, "records", now.counted)
			return r.Ledger.Repair(ctx, a, now.balance, now.counted)
		}
		before = now
	}
	report.Busy++
	return nil
}

// look is what was seen of an account at one time.
type look struct {
	balance Balance
	counted Usage // by the records
	quiet   bool  // nothing was counted while the records were listed
}

func (r Reconciler) look(ctx context.Context, a Account) (look, error) {
	before, err := r.Ledger.Balance(ctx, a)
	if err != nil {
		return look{}, err
	}
	counted, err := r.count(ctx, a)
	if err != nil {
		return look{}, err
	}
	after, err := r.Ledger.Balance(ctx, a)
	return look{balance: after, counted: counted, quiet: before == after}, err
}

// count sums up the records of an account.
func (r Reconciler) count(ctx context.Context, a Account) (Usage, error) {
	var sum Usage
	for after := ""; ; {
		page, next, err := r.countPage(ctx, a, after)
		if err != nil {
			return Usage{}, err
		}
		sum = sum.Plus(page)
		if next == "" {
			return sum, nil
		}
		after = next
	}
}

// countPage is count for a page of them.
func (r Reconciler) countPage(ctx context.Context, a Account, after string) (sum Usage, next string, err error) {
	var files []file.File
	switch a.Kind {
	case Owner:
		files, next, err = r.Records.List(ctx, file.Query{Owner: a.Subject, Limit: pageOfFiles, After: after})
	case Tenant:
		files, next, err = r.Records.ListTenant(ctx, a.Subject, after, pageOfFiles)
	default:
		err = fmt.Errorf("the files of an account of the kind %q cannot be listed", a.Kind)
	}
	for _, f := range files {
		if a.Kind == Tenant || slices.Contains(Counted(f), a) {
			sum = sum.Plus(Of(f))
		}
	}
	return sum, next, err
}

// Lambda returns the handler of the scheduled function, whatever its event. drifted
// is told how many accounts had drifted, none included. A run that had failures is
// an error.
func Lambda(r Reconciler, drifted func(accounts int) error) func(context.Context) (Report, error) {
	return func(ctx context.Context) (Report, error) {
		report, err := r.Reconcile(ctx)
		err = errors.Join(err, drifted(report.Drifted))
		log := slog.With("report", report)
		if err != nil {
			log.ErrorContext(ctx, "the reconciliation had failures", "error", err.Error())
			return report, err
		}
		log.InfoContext(ctx, "the reconciliation is done")
		return report, nil
	}
}
