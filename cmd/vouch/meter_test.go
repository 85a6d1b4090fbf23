package main

import (
	"testing"
	"time"
)

func TestTheRateFollowsTheNetworkAndLeavesOutWhatWasThere(t *testing.T) {
	now := time.Unix(0, 0)
	m := meter{now: func() time.Time { return now }}
	if _, ok := m.left(1000); ok {
		t.Error("it is said how long it takes before anything has moved")
	}
	m.update(0)
	for i := range 20 {
		now = now.Add(time.Second)
		m.update(int64(i+1) * 1000)
	}
	if m.rate < 999 || m.rate > 1001 {
		t.Errorf("at 1000 B/s the rate is %v", m.rate)
	}
	if left, ok := m.left(5000); !ok || left.Round(time.Second) != 5*time.Second {
		t.Errorf("%v, %v", left, ok)
	}
	for i := range 60 {
		now = now.Add(time.Second)
		m.update(20_000 + int64(i+1)*100)
	}
	if m.rate < 99 || m.rate > 101 {
		t.Errorf("a minute after it fell to 100 B/s the rate is %v", m.rate)
	}
}

func TestAPartThatIsTakenBackMakesNoRate(t *testing.T) {
	now := time.Unix(0, 0)
	m := meter{now: func() time.Time { return now }}
	for _, moved := range []int64{0, 1000, 400, 1400} {
		m.update(moved)
		now = now.Add(time.Second)
	}
	if m.rate < 999 || m.rate > 1001 {
		t.Errorf("%v", m.rate)
	}
}
