package erasure

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/quota"
)

const (
	// MaxRounds is how often an erasure begins to delete. What is still left after
	// that comes from somewhere that is not closed.
	MaxRounds = 5

	// looks is how often in a row nothing must be found left. The records are listed
	// by an index that follows its table within moments, so that nothing found once
	// may be only that.
	looks = 2
)

// Listings is what the Prover looks at: it writes nothing.
type Listings interface {
	// Naming lists records as Records.Naming does.
	Naming(ctx context.Context, owner, cursor string, limit int) (files []file.File, next string, err error)
}

// Events lists events as Histories.Naming does.
type Events interface {
	Naming(ctx context.Context, owner, cursor string, limit int) (page []Event, next string, err error)
}

// stored lists what is in the bucket, as Bucket does.
type stored func(ctx context.Context, prefix, cursor string) (page []Stored, next string, err error)

// Contents lists what is in the bucket, as Bucket does.
type Contents interface {
	Versions(ctx context.Context, prefix, cursor string) (page []Stored, next string, err error)
	Uploads(ctx context.Context, prefix, cursor string) (page []Stored, next string, err error)
}

// Balances reads what an account uses, as it stands now.
type Balances interface {
	Balance(ctx context.Context, a quota.Account) (quota.Balance, error)
}

// Issuer signs statements.
type Issuer interface {
	Issue(ctx context.Context, e Erasure, at time.Time) (string, error)
}

// Prover is the step at the beginning and at the end: it closes the owner's account,
// looks whether anything is left, and ends an erasure of which nothing is.
type Prover struct {
	Ledger   Ledger
	Accounts Accounts
	Records  Listings
	Events   Events
	Contents Contents
	Balances Balances
	Issuer   Issuer
	Now      func() time.Time
	Pause    time.Duration // as the Eraser's
}

// left is what a look has found.
type left struct {
	Records  int  `json:"records"`
	Versions int  `json:"versions"`
	Uploads  int  `json:"uploads"`
	Events   int  `json:"events"`
	Usage    bool `json:"usage"` // the counters are not what the held files come to
	held     int
}

func (l left) nothing() bool {
	return l.Records == 0 && l.Versions == 0 && l.Uploads == 0 && l.Events == 0 && !l.Usage
}

// Look looks once. Something that is left has the erasure begin to delete anew, or
// given up after MaxRounds; nothing left, for the second time in a row, ends it.
func (p Prover) Look(ctx context.Context, t Task) (Step, error) {
	e, err := p.Ledger.Get(ctx, t.Erasure)
	switch {
	case err != nil:
		return unknown(t, err)
	case e.Status != Erasing || e.Part != t.Part:
		return Step{Task: t, Next: Done}, nil
	case e.Phase == Closing:
		return p.close(ctx, t, e)
	case e.Phase == Proven || e.Phase == Leaving:
		return p.finish(ctx, t, e)
	case e.Phase != Proving:
		return Step{Task: t, Next: Erase}, nil
	}
	found, err := p.look(ctx, e)
	if err != nil {
		return Step{}, fmt.Errorf("look what erasure %s has left: %w", e.ID, err)
	}
	e.UpdatedAt = p.Now().UTC()
	next := Step{Task: t, Next: Prove, Wait: seconds(p.Pause)}
	switch {
	case !found.nothing() && e.Round >= MaxRounds:
		slog.ErrorContext(ctx, "the erasure leaves something over, and is given up", "erasure", e.ID, "left", found, "rounds", e.Round)
		return Step{Task: t, Next: Fail}, nil
	case !found.nothing():
		slog.WarnContext(ctx, "the erasure leaves something over, and begins anew", "erasure", e.ID, "left", found, "round", e.Round)
		e.Round++
		e.Phase, e.Cursor, e.Looks = Deleting, "", 0
		next.Next = Erase
	case e.Looks+1 < looks:
		e.Looks++
	default:
		return p.proven(ctx, t, e, found.held)
	}
	if _, err := p.Ledger.Save(ctx, e); err != nil {
		return Step{}, fmt.Errorf("write down what erasure %s has left: %w", e.ID, err)
	}
	return next, nil
}

// close closes the owner's account, and has the index have the time to show all that
// was created before.
func (p Prover) close(ctx context.Context, t Task, e Erasure) (Step, error) {
	if err := p.Accounts.Close(ctx, e.Owner); err != nil {
		return Step{}, fmt.Errorf("close the account of erasure %s: %w", e.ID, err)
	}
	e.Phase, e.UpdatedAt = Deleting, p.Now().UTC()
	if _, err := p.Ledger.Save(ctx, e); err != nil {
		return Step{}, fmt.Errorf("write down that the account of erasure %s is closed: %w", e.ID, err)
	}
	return Step{Task: t, Next: Erase, Wait: seconds(p.Pause)}, nil
}

// look lists all that could be left, the records first: a file is released from its
// hold before it is deleted, so that none is missed by both.
func (p Prover) look(ctx context.Context, e Erasure) (left, error) {
	var found left
	var use quota.Usage
	account := quota.Account{Kind: quota.Owner, Subject: e.Owner}
	heldKeys, heldIDs := map[string]bool{}, map[string]bool{}
	for cursor, more := "", true; more; more = cursor != "" {
		files, next, err := p.Records.Naming(ctx, e.Owner, cursor, PageSize)
		if err != nil {
			return left{}, err
		}
		for _, f := range files {
			if !held(f) {
				found.Records++
				continue
			}
			found.held++
			heldKeys[f.Key], heldIDs[f.ID] = true, true
			for _, a := range quota.Counted(f) {
				if a == account {
					use = use.Plus(quota.Of(f))
				}
			}
		}
		cursor = next
	}
	var err error
	bucket := func(list stored) lister[Stored] {
		return func(cursor string) ([]Stored, string, error) { return list(ctx, e.Prefix(), cursor) }
	}
	events := func(cursor string) ([]Event, string, error) { return p.Events.Naming(ctx, e.Owner, cursor, PageSize) }
	if found.Versions, err = count(bucket(p.Contents.Versions), func(s Stored) bool { return heldKeys[s.Key] }); err != nil {
		return left{}, err
	}
	if found.Uploads, err = count(bucket(p.Contents.Uploads), func(s Stored) bool { return heldKeys[s.Key] }); err != nil {
		return left{}, err
	}
	if found.Events, err = count(events, func(e Event) bool { return heldIDs[e.FileID] }); err != nil {
		return left{}, err
	}
	balance, err := p.Balances.Balance(ctx, account)
	found.Usage = balance.Usage != use
	return found, err
}

// lister lists a page behind a cursor, and says where to go on, empty at the end.
type lister[T any] func(cursor string) (page []T, next string, err error)

// count counts what is listed but for what is held.
func count[T any](list lister[T], held func(T) bool) (int, error) {
	n := 0
	for cursor, more := "", true; more; more = cursor != "" {
		page, next, err := list(cursor)
		if err != nil {
			return 0, err
		}
		for _, one := range page {
			if !held(one) {
				n++
			}
		}
		cursor = next
	}
	return n, nil
}

// proven writes down that nothing is left, with a statement of it unless something is
// held, before the account is opened: from then on there may be new files, which are
// not this erasure's.
func (p Prover) proven(ctx context.Context, t Task, e Erasure, held int) (Step, error) {
	e.Phase, e.Held = Proven, held
	if held == 0 {
		var err error
		if e.Statement, err = p.Issuer.Issue(ctx, e, p.Now().UTC()); err != nil {
			return Step{}, fmt.Errorf("sign the statement of erasure %s: %w", e.ID, err)
		}
	}
	e, err := p.Ledger.Save(ctx, e)
	if err != nil {
		return Step{}, fmt.Errorf("write down that erasure %s is proven: %w", e.ID, err)
	}
	return p.finish(ctx, t, e)
}

// finish takes the owner's name off the account, which uses nothing; then leaves the
// account as it is to be; then ends the erasure. Each is written down before the next,
// since from its opening on the account may have a name again, and use something.
func (p Prover) finish(ctx context.Context, t Task, e Erasure) (Step, error) {
	if e.Phase == Proven {
		if e.Held == 0 {
			if err := p.Accounts.Forget(ctx, e.Owner); err != nil {
				return Step{}, fmt.Errorf("take the name off the account of erasure %s: %w", e.ID, err)
			}
		}
		e.Phase = Leaving
		var err error
		if e, err = p.Ledger.Save(ctx, e); err != nil {
			return Step{}, fmt.Errorf("write down that the account of erasure %s has no name: %w", e.ID, err)
		}
	}
	leave := p.Accounts.Open
	if e.KeepClosed {
		leave = p.Accounts.Close
	}
	if err := leave(ctx, e.Owner); err != nil {
		return Step{}, fmt.Errorf("leave the account of erasure %s as it is to be: %w", e.ID, err)
	}
	status := Finished
	if e.Held > 0 {
		status = Held
	}
	return Step{Task: t, Next: Done}, end(ctx, p.Ledger, e, status, p.Now().UTC())
}

// end ends e.
func end(ctx context.Context, l Ledger, e Erasure, s Status, at time.Time) error {
	e.Status, e.UpdatedAt, e.EndedAt = s, at, at
	if _, err := l.Save(ctx, e); err != nil {
		return fmt.Errorf("write down that erasure %s is %s: %w", e.ID, s, err)
	}
	return nil
}
