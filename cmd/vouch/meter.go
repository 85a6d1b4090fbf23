package main

import (
	"math"
	"time"

	"github.com/vouch-s3/vouch/client"
)

// A meter measures the rate of a transfer: an average that forgets, so that it
// follows a network that becomes slower, but does not jump with every part.
type meter struct {
	now   func() time.Time
	at    time.Time // of the last measurement; zero before the first
	moved int64     // bytes that had been moved then
	rate  float64   // bytes a second; 0 until it is known
}

// memory is how long the average remembers: what was measured this long ago
// counts by 1/e.
const memory = 5 * time.Second

// shortest is the least time between two measurements.
const shortest = 200 * time.Millisecond

// follow measures while bytes move. Those that were there already were not moved,
// and say nothing of the network.
func (m *meter) follow(p client.Progress) {
	if moves(p.Phase) {
		m.update(p.Done - p.Resumed)
	}
}

func (m *meter) update(moved int64) {
	now := m.now()
	if m.at.IsZero() || moved < m.moved { // a part that failed is taken back
		m.at, m.moved = now, moved
		return
	}
	elapsed := now.Sub(m.at)
	if elapsed < shortest {
		return
	}
	current := float64(moved-m.moved) / elapsed.Seconds()
	if m.rate == 0 {
		m.rate = current
	} else {
		m.rate += (current - m.rate) * (1 - math.Exp(-elapsed.Seconds()/memory.Seconds()))
	}
	m.at, m.moved = now, moved
}

// left is how long the rest takes at this rate; false if nobody can say.
func (m *meter) left(rest int64) (time.Duration, bool) {
	if m.rate < 1 {
		return 0, false
	}
	seconds := float64(rest) / m.rate
	if seconds > (1000 * time.Hour).Seconds() {
		return 0, false
	}
	return time.Duration(seconds * float64(time.Second)), true
}

// moves reports whether bytes move in a phase.
func moves(p client.Phase) bool {
	return p == client.PhaseSending || p == client.PhaseReceiving
}
