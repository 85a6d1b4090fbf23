package sim

import "time"

// Clock is simulated time: a queue of what is yet to happen. The zero Clock is at 0
// and has nothing planned.
type Clock struct {
	now    time.Duration
	events []event // a binary heap
	order  uint64
	fired  uint64
}

// event is what happens at a moment. Those of one moment come in the order in which
// they were planned, without which a run would not be the same twice.
type event struct {
	at    time.Duration
	order uint64
	do    func()
}

func (e event) before(f event) bool { return e.at < f.at || e.at == f.at && e.order < f.order }

// Now is the time since the run began.
func (c *Clock) Now() time.Duration { return c.now }

// After plans do for d from now; a negative d is none.
func (c *Clock) After(d time.Duration, do func()) {
	c.order++
	c.events = append(c.events, event{c.now + max(d, 0), c.order, do})
	for i := len(c.events) - 1; i > 0; {
		parent := (i - 1) / 2
		if !c.events[i].before(c.events[parent]) {
			return
		}
		c.events[i], c.events[parent] = c.events[parent], c.events[i]
		i = parent
	}
}

// Run carries out everything that is planned, and what that plans, until there is
// nothing left or the next of it lies beyond end.
func (c *Clock) Run(end time.Duration) {
	for len(c.events) > 0 && c.events[0].at <= end {
		e := c.pop()
		c.now = e.at
		c.fired++
		e.do()
	}
}

func (c *Clock) pop() event {
	top, last := c.events[0], len(c.events)-1
	c.events[0] = c.events[last]
	c.events[last] = event{} // its closure is garbage from here on
	c.events = c.events[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if c.events[child].before(c.events[least]) {
				least = child
			}
		}
		if least == i {
			return top
		}
		c.events[i], c.events[least] = c.events[least], c.events[i]
		i = least
	}
}
