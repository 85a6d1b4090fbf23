package results

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Spread is what many samples come to: the one in the middle, and how far the others
// are from it.
type Spread struct {
	Median, Lowest, Highest float64
	N                       int // samples; everything is 0 if there were none
}

// Of returns the spread of samples. Of an even number of them the median is the
// mean of the two in the middle.
func Of(samples []float64) Spread {
	n := len(samples)
	if n == 0 {
		return Spread{}
	}
	s := slices.Sorted(slices.Values(samples))
	return Spread{Median: (s[(n-1)/2] + s[n/2]) / 2, Lowest: s[0], Highest: s[n-1], N: n}
}

// Percentile returns the sample that p percent of the samples do not exceed (the
// nearest rank), and 0 of none.
func Percentile(samples []float64, p float64) float64 {
	n := len(samples)
	if n == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(samples))
	return s[min(max(int(math.Ceil(p/100*float64(n)))-1, 0), n-1)]
}

// Ratios divides a by b run by run: what disturbed the machine in a run disturbed
// both of a pair.
func Ratios(a, b []float64) ([]float64, error) {
	if len(a) != len(b) || len(a) == 0 {
		return nil, fmt.Errorf("%d runs have no pairs in %d", len(a), len(b))
	}
	ratios := make([]float64, len(a))
	for i := range a {
		if b[i] == 0 {
			return nil, fmt.Errorf("run %d took nothing to divide by", i+1)
		}
		ratios[i] = a[i] / b[i]
	}
	return ratios, nil
}

// Format writes the spread with the verb, as in 0.97 (0.58 to 0.98); a single sample
// without a spread.
func (s Spread) Format(verb string) string {
	if s.N < 2 {
		return fmt.Sprintf(verb, s.Median)
	}
	unit := "" // of the verb, behind its number: it is written once
	if i := strings.IndexByte(verb, ' '); i >= 0 {
		verb, unit = verb[:i], verb[i:]
	}
	return fmt.Sprintf(verb+unit+" ("+verb+" to "+verb+")", s.Median, s.Lowest, s.Highest)
}

// String writes a spread of ratios.
func (s Spread) String() string { return s.Format("%.2f") }

// Figure writes a number with three digits, or whole if it has more.
func Figure(v float64) string {
	switch a := math.Abs(v); {
	case a >= 99.95:
		return fmt.Sprintf("%.0f", v)
	case a >= 9.995:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

// Time writes milliseconds in the unit that suits them.
func Time(ms float64) string {
	switch {
	case ms < 1:
		return fmt.Sprintf("%.0f µs", ms*1000)
	case ms < 9.95:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 999.5:
		return fmt.Sprintf("%.0f ms", ms)
	default:
		return fmt.Sprintf("%.2f s", ms/1000)
	}
}

// Times writes a spread of milliseconds.
func (s Spread) Times() string {
	if s.N < 2 {
		return Time(s.Median)
	}
	return fmt.Sprintf("%s (%s to %s)", Time(s.Median), Time(s.Lowest), Time(s.Highest))
}
