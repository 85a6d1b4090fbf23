package guardduty

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/verify"
)

// world is the table and the workflow: one item for each version, and one task
// for each token, of which only the newest still waits. Each of its methods is
// one step that is atomic in AWS; turn is waited for before each.
type world struct {
	mu     sync.Mutex
	items  map[Version]*item
	waits  map[string]bool   // by token
	said   map[string]string // what a waiting task was told first, by token
	failed map[int]int       // answers still to be lost on the way, by actor
}

type item struct {
	result *Result
	token  string
}

func newWorld() *world {
	return &world{items: map[Version]*item{}, waits: map[string]bool{}, said: map[string]string{}, failed: map[int]int{}}
}

// actor is a call under way: who it is, and how it is given its turns.
type actor struct {
	id       int
	turn     chan struct{}
	done     chan struct{} // a step, or the whole
	finished chan struct{}
}

type actorKey struct{}

func step(ctx context.Context) (id int, end func()) {
	a, ok := ctx.Value(actorKey{}).(*actor)
	if !ok {
		return -1, func() {}
	}
	<-a.turn
	return a.id, func() { a.done <- struct{}{} }
}

func (w *world) at(v Version) *item {
	if w.items[v] == nil {
		w.items[v] = &item{}
	}
	return w.items[v]
}

func (w *world) Await(ctx context.Context, v Version, token string, _ time.Time) (*Result, error) {
	_, end := step(ctx)
	defer end()
	w.mu.Lock()
	defer w.mu.Unlock()
	i := w.at(v)
	i.token = token
	return i.result, nil
}

func (w *world) Arrive(ctx context.Context, r Result, _ time.Time) (Result, string, error) {
	_, end := step(ctx)
	defer end()
	w.mu.Lock()
	defer w.mu.Unlock()
	i := w.at(r.Version)
	if i.result == nil || i.result.Status.Weight() <= r.Status.Weight() {
		i.result = &r
	}
	return *i.result, i.token, nil
}

func (w *world) answer(ctx context.Context, token, what string) error {
	id, end := step(ctx)
	defer end()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed[id] > 0 {
		w.failed[id]--
		return errors.New("the answer was lost")
	}
	if !w.waits[token] {
		return verify.ErrNobodyWaits
	}
	w.waits[token] = false
	w.said[token] = what
	return nil
}

func (w *world) Succeed(ctx context.Context, token string, r verify.Result) error {
	return w.answer(ctx, token, string(r.Outcome)+" "+string(r.Reason))
}

func (w *world) Fail(ctx context.Context, token, name, _ string) error {
	return w.answer(ctx, token, name)
}

func (w *world) meeting() Meeting {
	return Meeting{Results: w, Tasks: w, Policy: policy.Default(), Now: time.Now}
}

var v1 = Version{Key: key, VersionID: "v1", ETag: "e1"}

func clean(v Version) Result { return Result{Version: v, Status: NoThreatsFound} }

// wait starts a task that waits, as the workflow does.
func (w *world) wait(ctx context.Context, v Version, token string) error {
	w.mu.Lock()
	w.waits[token] = true
	w.mu.Unlock()
	return w.meeting().Await(ctx, v, token)
}

// Every order in which the steps of a waiting task, its retry and two
// deliveries of one result can follow each other, with answers lost on the way
// or not: in the end the task that waits has been told, and told right.
func TestWhoeverComesSecondAnswersInEveryOrderOfTheSteps(t *testing.T) {
	schedules := 0
	for _, lost := range [][]int{{0, 0}, {1, 0}, {0, 1}, {1, 1}} { // of the workflow's answers, and of EventBridge's
		steps := []int{2 + 2*lost[0], 2 + 2*lost[1], 2}
		if lost[0] == 1 && lost[1] == 1 {
			steps[2] = 0 // the second delivery comes last: enough orders are left
		}
		for _, order := range orders(steps) {
			if steps[2] == 0 {
				order = append(order, 2, 2)
			}
			schedules++
			w := newWorld()
			for id, n := range lost {
				w.failed[id] = n
			}
			last := "" // the token of the newest attempt
			calls := []func(context.Context) error{
				func(ctx context.Context) error { // the workflow: an error is a new attempt with a new token
					var err error
					for attempt := range 2 {
						w.mu.Lock()
						delete(w.waits, last)
						last = fmt.Sprintf("token %d", attempt)
						token := last
						w.mu.Unlock()
						if err = w.wait(ctx, v1, token); err == nil || errors.Is(err, verify.ErrNobodyWaits) {
							return nil
						}
					}
					return err
				},
				func(ctx context.Context) error { // EventBridge: an error is another delivery
					var err error
					for range 2 {
						if _, err = w.meeting().Receive(ctx, clean(v1)); err == nil {
							return nil
						}
					}
					return err
				},
				func(ctx context.Context) error { // the same event once more
					_, err := w.meeting().Receive(ctx, clean(v1))
					return err
				},
			}
			for i, err := range play(t.Context(), calls, order) {
				if err != nil {
					t.Errorf("lost %v, order %v: call %d: %v", lost, order, i, err)
				}
			}
			if got := w.said[last]; got != "passed " {
				t.Fatalf("lost %v, order %v: the task that waits was told %q", lost, order, got)
			}
		}
	}
	if schedules != 90+420+420+70 {
		t.Errorf("only %d schedules were played", schedules)
	}
}

// orders lists every order of so many steps of each actor.
func orders(steps []int) (all [][]int) {
	var next func(left, so []int)
	next = func(left, so []int) {
		ended := true
		for i, n := range left {
			if n == 0 {
				continue
			}
			ended = false
			left[i]--
			next(left, append(so[:len(so):len(so)], i))
			left[i]++
		}
		if ended {
			all = append(all, so)
		}
	}
	next(append([]int{}, steps...), nil)
	return all
}

// play gives the calls their turns in order; a call that needs fewer passes.
func play(ctx context.Context, calls []func(context.Context) error, order []int) []error {
	errs := make([]error, len(calls))
	var actors []*actor
	for i, call := range calls {
		a := &actor{id: i, turn: make(chan struct{}), done: make(chan struct{}), finished: make(chan struct{})}
		actors = append(actors, a)
		go func() {
			defer close(a.finished)
			errs[i] = call(context.WithValue(ctx, actorKey{}, a))
		}()
	}
	for _, i := range order {
		select {
		case actors[i].turn <- struct{}{}:
			<-actors[i].done
		case <-actors[i].finished:
		}
	}
	for _, a := range actors {
		<-a.finished
	}
	return errs
}

func TestAResultOfAnotherVersionOrOfOtherBytesAnswersNobody(t *testing.T) {
	for name, other := range map[string]Version{
		"another version": {Key: key, VersionID: "v2", ETag: "e1"},
		"another ETag":    {Key: key, VersionID: "v1", ETag: "e2"},
		"another key":     {Key: key + "0", VersionID: "v1", ETag: "e1"},
	} {
		for _, first := range []bool{true, false} {
			w := newWorld()
			wait := func() {
				if err := w.wait(t.Context(), v1, "token"); err != nil {
					t.Fatal(err)
				}
			}
			if !first {
				wait()
			}
			if answered, err := w.meeting().Receive(t.Context(), clean(other)); err != nil || answered {
				t.Errorf("%s: %v, %v", name, answered, err)
			}
			if first {
				wait()
			}
			if !w.waits["token"] {
				t.Errorf("%s: the task was told %q", name, w.said["token"])
			}
		}
	}
}

func TestAResultAfterTheTaskHasEndedIsKeptForTheNextOne(t *testing.T) {
	w := newWorld()
	if err := w.wait(t.Context(), v1, "old"); err != nil {
		t.Fatal(err)
	}
	w.waits["old"] = false // it has timed out
	if answered, err := w.meeting().Receive(t.Context(), clean(v1)); err != nil || answered {
		t.Errorf("%v, %v", answered, err)
	}
	if err := w.wait(t.Context(), v1, "new"); err != nil || w.said["new"] != "passed " {
		t.Errorf("%q, %v", w.said["new"], err)
	}
}

func TestOfTwoResultsTheGraverCounts(t *testing.T) {
	said := map[Status]string{
		Failed: NoWord, AccessDenied: NoWord, NoThreatsFound: "passed ",
		Unsupported: "failed scan-incomplete", ThreatsFound: "failed malware-detected",
	}
	for i, light := range weights {
		for _, heavy := range weights[i:] {
			for _, order := range [][]Status{{light, heavy}, {heavy, light}} {
				w := newWorld()
				for _, s := range order {
					if _, err := w.meeting().Receive(t.Context(), Result{Version: v1, Status: s}); err != nil {
						t.Fatal(err)
					}
				}
				if err := w.wait(t.Context(), v1, "token"); err != nil || w.said["token"] != said[heavy] {
					t.Errorf("%v: the task was told %q, %v", order, w.said["token"], err)
				}
			}
		}
	}
}

func TestATaskThatNamesNothingIsRefused(t *testing.T) {
	for _, v := range []Version{{}, {VersionID: "v1", ETag: "e1"}, {Key: key, ETag: "e1"}, {Key: key, VersionID: "v1"}} {
		if err := newWorld().meeting().Await(t.Context(), v, "token"); err == nil {
			t.Errorf("%+v was taken", v)
		}
	}
	if err := newWorld().meeting().Await(t.Context(), v1, ""); err == nil {
		t.Error("a task without a token was taken")
	}
}

func TestNoErrorHasTheToken(t *testing.T) {
	w := newWorld()
	w.failed[-1] = 1
	if _, err := w.meeting().Receive(t.Context(), clean(v1)); err != nil {
		t.Fatal(err)
	}
	if err := w.wait(t.Context(), v1, "a-secret"); err == nil || strings.Contains(err.Error(), "a-secret") {
		t.Errorf("%v", err)
	}
}
