package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// Result is what one benchmark allocates each time.
type Result struct {
	Name   string
	Allocs float64 // how often
	Bytes  float64
}

// Parse reads results in Go's benchmark format, as go test -bench and benchstat do
// ("Go Benchmark Data Format", golang.org/design/14313-benchmark-format). Whatever is
// no result is passed over; a result without both figures is an error.
func Parse(r io.Reader) ([]Result, error) {
	var results []Result
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		one := Result{Name: fields[0], Allocs: math.NaN(), Bytes: math.NaN()}
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("read the result of %s: %w", one.Name, err)
			}
			switch fields[i+1] {
			case "allocs/op":
				one.Allocs = value
			case "B/op":
				one.Bytes = value
			}
		}
		if math.IsNaN(one.Allocs) || math.IsNaN(one.Bytes) {
			return nil, fmt.Errorf("the result of %s has no allocations", one.Name)
		}
		results = append(results, one)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	return results, nil
}

// How much more a path may allocate than it did. The figures are the same from run to
// run but for pools that a collection of garbage empties; what a machine is may move
// the bytes a little, and a new version of Go may move both.
const (
	allocsSlack = 0.01
	bytesSlack  = 0.05
)

// grown reports whether now is more than before with its slack, and by one at least.
func grown(before, now, slack float64) bool { return now >= before+1 && now > before*(1+slack) }

// Compare writes a table of what has become of every result, and returns how many
// have grown, are not guarded yet, or are gone.
func Compare(before, now []Result, out io.Writer) (faults int) {
	was := map[string]Result{}
	for _, r := range before {
		was[r.Name] = r
	}
	fmt.Fprintf(out, "%-80s %10s %10s %12s %12s\n", "", "allocs/op", "now", "B/op", "now")
	for _, r := range now {
		b, known := was[r.Name]
		delete(was, r.Name)
		verdict := ""
		switch {
		case !known:
			verdict = "  is not in the baseline"
		case grown(b.Allocs, r.Allocs, allocsSlack):
			verdict = "  allocates more often"
		case grown(b.Bytes, r.Bytes, bytesSlack):
			verdict = "  allocates more"
		}
		if verdict != "" {
			faults++
		}
		fmt.Fprintf(out, "%-80s %10.0f %10.0f %12.0f %12.0f%s\n", r.Name, b.Allocs, r.Allocs, b.Bytes, r.Bytes, verdict)
	}
	for _, r := range before {
		if _, gone := was[r.Name]; gone {
			fmt.Fprintf(out, "%-80s %10.0f %10s %12.0f %12s  is measured no more\n", r.Name, r.Allocs, "", r.Bytes, "")
			faults++
		}
	}
	return faults
}
