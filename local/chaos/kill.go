package chaos

import (
	"context"
	"fmt"
	"time"
)

// death is what is killed when a file's turn comes.
type death struct{ clamd, stack bool }

// deaths plans by the seed when clamd and the stack are killed: the stack once
// for 120 files, clamd for 50, and each once at the least.
func (r *run) deaths() map[int]death {
	plan := map[int]death{}
	if r.Calm {
		return plan
	}
	rng := random(r.Seed, "deaths")
	// Not before a third of the files of each stretch, so that there is something to lose.
	each := func(every int, kill func(*death)) {
		every = min(every, r.Files)
		for from := 0; from+every <= r.Files; from += every {
			at := from + every/3 + rng.IntN(every-every/3)
			d := plan[at]
			kill(&d)
			plan[at] = d
		}
	}
	each(120, func(d *death) { d.stack = true })
	each(50, func(d *death) { d.clamd = true })
	return plan
}

// die carries out what is planned.
func (r *run) die(ctx context.Context, d death) error {
	if d.clamd {
		workers, err := r.process.workers(ctx)
		if err != nil {
			return err
		}
		for _, w := range workers {
			if w.name == "clamd" {
				w.kill()
				r.plan.Count(ClamdAlive, ProcessKilled)
				r.say("clamd is killed")
			}
		}
	}
	if d.stack {
		r.plan.Count(Everything, ProcessKilled)
		r.say("the whole stack is killed")
		if err := r.process.restart(ctx); err != nil {
			return fmt.Errorf("start the stack again: %w", err)
		}
	}
	return nil
}

// killFunctions kills a process of a function now and then, until ctx ends.
func (r *run) killFunctions(ctx context.Context) {
	rng := random(r.Seed, "functions")
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Duration((0.3 + rng.Float64()) * float64(time.Second))):
		}
		which := rng.Float64()
		workers, err := r.process.workers(ctx)
		if err != nil {
			continue // ctx has ended, which the next turn sees
		}
		var functions []worker
		for _, w := range workers {
			if w.name != "clamd" {
				functions = append(functions, w)
			}
		}
		if len(functions) > 0 {
			functions[int(which*float64(len(functions)))].kill()
			r.plan.Count(Function, ProcessKilled)
		}
	}
}
