package chaos

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is what came of a run.
type Report struct {
	Seed  uint64
	Files int
	Ends  map[string]int // how many files ended how

	EndsInParts map[string]int // and how many of those that were sent in parts
	Faults      map[string]map[Fault]int
	Violations  []Violation
	Good        int // files that were sent and are to be ready
	Unverified  int // those of them that are rejected with verification-failed

	Load, Settle time.Duration
}

// Held reports whether every promise was kept.
func (r *Report) Held() bool { return len(r.Violations) == 0 }

// Write writes the tables: the faults, the ends and the promises.
func (r *Report) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(t, "seed %d, %d files: %v of load, %v until everything had its end\n", r.Seed, r.Files, r.Load.Round(time.Second), r.Settle.Round(time.Second))
	fmt.Fprintln(t, "\nfaults")
	total := 0
	for _, service := range slices.Sorted(maps.Keys(r.Faults)) {
		for _, fault := range slices.Sorted(maps.Keys(r.Faults[service])) {
			n := r.Faults[service][fault]
			if service != Clients { // what they do is no fault of any part
				total += n
			}
			fmt.Fprintf(t, "  %s\t%s\t%d\n", service, fault, n)
		}
	}
	fmt.Fprintf(t, "  together\t\t%d\n", total)
	fmt.Fprintln(t, "\nfiles by their end")
	for _, end := range slices.Sorted(maps.Keys(r.Ends)) {
		fmt.Fprintf(t, "  %s\t\t%d\n", end, r.Ends[end])
	}
	for _, end := range slices.Sorted(maps.Keys(r.EndsInParts)) {
		fmt.Fprintf(t, "  sent in parts: %s\t\t%d\n", end, r.EndsInParts[end])
	}
	fmt.Fprintf(t, "  of %d good ones no verdict could be had for\t\t%d\n", r.Good, r.Unverified)
	fmt.Fprintln(t, "\npromises\t\tbroken")
	broken := byPromise(r.Violations)
	for _, promise := range Promises() {
		fmt.Fprintf(t, "  %s\t\t%d\n", promise, broken[promise])
	}
	if r.Held() {
		return t.Flush()
	}
	fmt.Fprintf(t, "\nbroken promises; make chaos SEED=%d FILES=%d does the same again\n", r.Seed, r.Files)
	for _, v := range r.Violations {
		number := ""
		if v.Number >= 0 {
			number = fmt.Sprintf("file %d", v.Number)
		}
		fmt.Fprintf(t, "  %s\n", strings.Join(slices.DeleteFunc([]string{v.FileID, number, v.Promise, v.What}, func(s string) bool { return s == "" }), ": "))
	}
	return t.Flush()
}
