// Command allocs guards what the hot paths allocate: it runs their benchmarks and holds
// allocs/op and B/op to those of a file. Unlike times these are the same on every
// machine, so that a change which makes a path do more is seen before it lands.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

func main() {
	path := flag.String("baseline", "allocs.txt", "the results to hold them to, in Go's benchmark format")
	update := flag.Bool("update", false, "write that file instead")
	flag.Parse()
	if err := guard(*path, *update); err != nil {
		fmt.Fprintln(os.Stderr, "allocs:", err)
		os.Exit(1)
	}
}

func guard(path string, update bool) error {
	text, err := measure()
	if err != nil {
		return err
	}
	now, err := Parse(bytes.NewReader(text))
	if err != nil {
		return err
	}
	if len(now) == 0 {
		return fmt.Errorf("nothing was measured:\n%s", text)
	}
	if update {
		return os.WriteFile(path, text, 0o644)
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the baseline: %w", err)
	}
	defer f.Close()
	before, err := Parse(f)
	if err != nil {
		return err
	}
	if faults := Compare(before, now, os.Stdout); faults > 0 {
		return fmt.Errorf("%d of the paths are not as %s has them. If that is meant, say make allocs UPDATE=1, and why in the commit", faults, path)
	}
	return nil
}

// measure runs the benchmarks, each as often on every machine, on one core, and with
// no collection of garbage, which would empty the pools at some time or other.
func measure() ([]byte, error) {
	cmd := exec.Command("go", "test", "-run", "^$", "-bench", "^BenchmarkHot$", "-benchtime", "1000x", "-benchmem", "-cpu", "1", "-count", "1", "./ask")
	cmd.Env = append(os.Environ(), "GOGC=off")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("run the benchmarks: %w\n%s", err, out)
	}
	// What the machine is, and how long it took, is nobody's business here.
	lines := slices.DeleteFunc(strings.SplitAfter(string(out), "\n"), func(l string) bool { return strings.HasPrefix(l, "ok ") || strings.HasPrefix(l, "cpu:") })
	return []byte(strings.Join(lines, "")), nil
}
