package sim

import (
	"math"
	"time"
)

// Bucket is a token bucket, which is how AWS limits rates: it holds at most Burst
// tokens and fills by Rate a second. A Rate of +Inf refuses nothing, and is measured
// all the same.
type Bucket struct {
	Rate, Burst float64

	tokens float64
	at     time.Duration
	meter  meter
}

// NewBucket returns a full bucket. A burst of 0 is that of a second.
func NewBucket(rate, burst float64) *Bucket {
	if burst == 0 {
		burst = rate
	}
	return &Bucket{Rate: rate, Burst: burst, tokens: burst}
}

func (b *Bucket) fill(now time.Duration) {
	b.tokens = math.Min(b.Burst, b.tokens+(now-b.at).Seconds()*b.Rate)
	b.at = now
}

// Has reports whether n tokens are there now.
func (b *Bucket) Has(now time.Duration, n float64) bool {
	if math.IsInf(b.Rate, 1) {
		return true
	}
	b.fill(now)
	return b.tokens >= n
}

// Take takes n tokens, or none and returns false.
func (b *Bucket) Take(now time.Duration, n float64) bool {
	if !b.Has(now, n) {
		b.meter.refused++
		return false
	}
	b.take(now, n)
	return true
}

func (b *Bucket) take(now time.Duration, n float64) {
	if !math.IsInf(b.Rate, 1) {
		b.tokens -= n
	}
	b.meter.add(now, n)
}

// Wait takes n tokens as soon as they are there, behind whoever waits already, and
// returns how long that is from now.
func (b *Bucket) Wait(now time.Duration, n float64) time.Duration {
	if math.IsInf(b.Rate, 1) {
		b.meter.add(now, n)
		return 0
	}
	b.fill(now)
	b.tokens -= n // below 0: owed to those who wait
	wait := time.Duration(0)
	if b.tokens < 0 {
		wait = time.Duration(-b.tokens / b.Rate * float64(time.Second))
		b.meter.refused++
	}
	b.meter.add(now+wait, n)
	return wait
}

// scale has the bucket stand for n of its kind, over which load spreads.
func (b *Bucket) scale(n float64) {
	b.Rate, b.Burst, b.tokens = b.Rate*n, b.Burst*n, b.tokens*n
}

// meter sums up what was taken in each second.
type meter struct {
	second  int64
	inIt    float64
	peak    float64
	total   float64
	refused int
}

func (m *meter) add(now time.Duration, n float64) {
	s := int64(now / time.Second)
	if s != m.second {
		m.second, m.inIt = s, 0
	}
	m.inIt += n
	m.total += n
	m.peak = math.Max(m.peak, m.inIt)
}
