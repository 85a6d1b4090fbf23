package main

import (
	"bytes"
	"strings"
	"testing"
)

const baseline = `goos: linux
pkg: github.com/vouch-s3/vouch/bench/ask
BenchmarkHot/a 	    1000	      5541 ns/op	    6688 B/op	      24 allocs/op
BenchmarkHot/b 	    1000	    109604 ns/op	  100000 B/op	     800 allocs/op
PASS
`

func TestWhatAllocatesMoreThanItDidFails(t *testing.T) {
	for _, tt := range []struct {
		why, from, to string
		faults        int
		says          string
	}{
		{"nothing has changed", "", "", 0, ""},
		{"it is slower", "5541 ns/op", "99999 ns/op", 0, ""},
		{"it is less", "24 allocs/op", "20 allocs/op", 0, ""},
		{"one allocation more of few", "24 allocs/op", "25 allocs/op", 1, "BenchmarkHot/a"},
		{"within the slack of many", "800 allocs/op", "808 allocs/op", 0, ""},
		{"beyond it", "800 allocs/op", "809 allocs/op", 1, "BenchmarkHot/b"},
		{"bytes within the slack", "100000 B/op", "105000 B/op", 0, ""},
		{"bytes beyond it", "100000 B/op", "105001 B/op", 1, "allocates more"},
		{"a new one", "BenchmarkHot/b", "BenchmarkHot/c", 2, "is not in the baseline"},
		{"one is gone", "BenchmarkHot/b", "Hot/b", 1, "is measured no more"},
	} {
		before, err := Parse(strings.NewReader(baseline))
		if err != nil {
			t.Fatal(err)
		}
		now, err := Parse(strings.NewReader(strings.Replace(baseline, tt.from, tt.to, 1)))
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if faults := Compare(before, now, &out); faults != tt.faults || !strings.Contains(out.String(), tt.says) {
			t.Errorf("%s: %d faults\n%s", tt.why, faults, out.String())
		}
	}
}

func TestAResultWithoutAllocationsIsNone(t *testing.T) {
	for _, text := range []string{"BenchmarkHot/a 1000 5541 ns/op", "BenchmarkHot/a 1000 x ns/op 1 B/op 1 allocs/op"} {
		if results, err := Parse(strings.NewReader(text)); err == nil {
			t.Errorf("%q: %v", text, results)
		}
	}
	if results, err := Parse(strings.NewReader("PASS\nok\nBenchmarkHot/a")); err != nil || len(results) != 0 {
		t.Errorf("%v, %v", results, err)
	}
}
