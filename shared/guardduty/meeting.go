package guardduty

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/verify"
)

// Results keep, for each object version, GuardDuty's result and the token of
// the task that waits for it. Each call reads and writes in one step, of which
// the store makes one follow the other: of a result and a token, whichever
// comes second finds the first.
type Results interface {
	// Await notes that the task with the token waits for v, in place of any
	// before it, and returns the result that is there, nil for none.
	Await(ctx context.Context, v Version, token string, until time.Time) (*Result, error)

	// Arrive notes r, unless one that weighs more is there, and returns the
	// result that counts and the token that waits, empty for none.
	Arrive(ctx context.Context, r Result, until time.Time) (counts Result, token string, err error)
}

// Tasks answer tasks of the workflow that wait. An answer to a task that has
// ended is verify.ErrNobodyWaits.
type Tasks interface {
	Succeed(ctx context.Context, token string, r verify.Result) error
	Fail(ctx context.Context, token, name, cause string) error
}

// NoWord is the error, by name, of a task for which GuardDuty could not scan.
const NoWord = "GuardDuty.NoWord"

// Meeting brings GuardDuty's results and the tasks that wait for them together,
// in whatever order they come and however often: a task is answered by
// whichever of Await and Receive comes second, and an answer too many finds
// nobody waiting. After a crash between note and answer, the workflow's retry
// or EventBridge's brings the same again.
type Meeting struct {
	Results Results
	Tasks   Tasks
	Policy  policy.Policy
	Now     func() time.Time
}

// Await has the task with the token wait for GuardDuty's word on v, or answers
// it with the word that is there already.
func (m Meeting) Await(ctx context.Context, v Version, token string) error {
	if v.Key == "" || v.VersionID == "" || v.ETag == "" || token == "" {
		return errors.New("the task names no version or has no token")
	}
	r, err := m.Results.Await(ctx, v, token, m.until())
	if err != nil {
		return fmt.Errorf("note that a task waits: %w", err)
	}
	if r == nil {
		return nil
	}
	return m.answer(ctx, token, *r)
}

// Receive takes a result, and answers the task that waits for it, if one does.
// It returns whether one was answered.
func (m Meeting) Receive(ctx context.Context, r Result) (answered bool, err error) {
	counts, token, err := m.Results.Arrive(ctx, r, m.until())
	if err != nil {
		return false, fmt.Errorf("note a result: %w", err)
	}
	if token == "" {
		return false, nil
	}
	err = m.answer(ctx, token, counts)
	if errors.Is(err, verify.ErrNobodyWaits) {
		return false, nil
	}
	return err == nil, err
}

// until is when a result serves no verification any more.
func (m Meeting) until() time.Time { return m.Now().Add(m.Policy.GiveUpAfter) }

func (m Meeting) answer(ctx context.Context, token string, r Result) error {
	scan, err := r.scan()
	if err != nil {
		return m.Tasks.Fail(ctx, token, NoWord, err.Error())
	}
	return m.Tasks.Succeed(ctx, token, verify.Told(scan, m.Policy))
}
