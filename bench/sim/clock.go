package sim

import (
	"container/heap"
	"time"
)

// Clock is simulated time: a queue of what is yet to happen. The zero Clock is at 0
// and has nothing planned.
type Clock struct {
	now    time.Duration
	events queue
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

// Now is the time since the run began.
func (c *Clock) Now() time.Duration { return c.now }

// After plans do for d from now; a negative d is none.
func (c *Clock) After(d time.Duration, do func()) {
	c.order++
	heap.Push(&c.events, event{c.now + max(d, 0), c.order, do})
}

// Run carries out everything that is planned, and what that plans, until there is
// nothing left or the next of it lies beyond end.
func (c *Clock) Run(end time.Duration) {
	for len(c.events) > 0 && c.events[0].at <= end {
		e := heap.Pop(&c.events).(event)
		c.now = e.at
		c.fired++
		e.do()
	}
}

// queue is a heap.Interface of events.
type queue []event

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].order < q[j].order
}

func (q *queue) Push(e any) { *q = append(*q, e.(event)) }

func (q *queue) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	(*q)[last] = event{} // its closure is garbage from here on
	*q = (*q)[:last]
	return e
}
