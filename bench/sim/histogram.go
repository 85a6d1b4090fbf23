package sim

import (
	"math"
	"time"
)

// Histogram counts durations in buckets that grow by a hundredth, so that a quantile
// is right to 1 % and memory does not grow with a run.
type Histogram struct {
	counts [3000]uint32
	n      int
	sum    time.Duration
	max    time.Duration
}

const (
	growth = 1.01
	finest = 10 * time.Microsecond
)

// Add counts d.
func (h *Histogram) Add(d time.Duration) {
	i := 0
	if d > finest {
		i = min(int(math.Log(float64(d)/float64(finest))/math.Log(growth)), len(h.counts)-1)
	}
	h.counts[i]++
	h.n++
	h.sum += d
	h.max = max(h.max, d)
}

// Mean is the mean of what was counted, 0 of nothing.
func (h *Histogram) Mean() time.Duration {
	if h.n == 0 {
		return 0
	}
	return h.sum / time.Duration(h.n)
}

// Quantile returns the duration that the share q of those counted do not exceed.
func (h *Histogram) Quantile(q float64) time.Duration {
	seen, want := 0, int(math.Ceil(q*float64(h.n)))
	for i, c := range h.counts {
		if seen += int(c); seen >= want {
			return time.Duration(float64(finest) * math.Pow(growth, float64(i)+0.5))
		}
	}
	return h.max
}
