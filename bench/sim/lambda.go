package sim

import (
	"math"
	"time"
)

// Account is the concurrency that the functions of an account share. An environment
// that has been made stays for the next invocation; making one takes a cold start, and
// a token of the rate at which the function may grow ("Lambda scaling behavior", AWS
// Lambda Developer Guide).
type Account struct {
	clock *Clock
	free  float64 // not in use, and not reserved
	fns   map[string]*concurrency
	inUse int
	peak  int
}

type concurrency struct {
	reserved float64 // +Inf where none is
	running  float64
	made     float64 // environments
	growth   *Bucket
	cold     time.Duration

	peak      float64
	calls     int
	throttled int
	busy      time.Duration
}

// NewAccount returns an account with so much concurrency, of which reserved is set
// aside by function. A function may grow by growth environments a second at most, and
// by burst at once.
func NewAccount(clock *Clock, concurrent float64, reserved map[string]int, growth, burst float64, cold time.Duration, functions map[string]*Function) *Account {
	a := &Account{clock: clock, free: concurrent, fns: map[string]*concurrency{}}
	for name := range functions {
		c := &concurrency{reserved: math.Inf(1), growth: NewBucket(growth, burst), cold: cold}
		if n, ok := reserved[name]; ok {
			c.reserved = float64(n)
		}
		a.fns[name] = c
	}
	for _, n := range reserved { // of functions that no upload calls, too
		a.free -= float64(n)
	}
	return a
}

// begin gives an invocation its environment, and returns how long that takes to
// start, or false where Lambda throttles it. Whoever begins ends.
func (a *Account) begin(function string) (cold time.Duration, ok bool) {
	c := a.fns[function]
	c.calls++
	own := !math.IsInf(c.reserved, 1)
	if own && c.running >= c.reserved || !own && a.free < 1 {
		c.throttled++
		return 0, false
	}
	if c.running >= c.made {
		if !c.growth.Take(a.clock.Now(), 1) {
			c.throttled++
			return 0, false
		}
		c.made++
		cold = c.cold
	}
	c.running++
	c.peak = math.Max(c.peak, c.running)
	if !own {
		a.free--
	}
	a.inUse++
	a.peak = max(a.peak, a.inUse)
	return cold, true
}

func (a *Account) end(function string, took time.Duration) {
	c := a.fns[function]
	c.running--
	c.busy += took
	if math.IsInf(c.reserved, 1) {
		a.free++
	}
	a.inUse--
}
