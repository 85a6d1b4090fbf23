// Command bench measures Vouch side by side with others, in turns and in one run,
// since times say nothing on another machine: what asking for an upload takes, how long a
// function takes to start, how long files take from upload to ready, how many there
// can be at a time, the scan against clamd alone, and the command line client
// against the clients of S3. It keeps the raw figures under bench/results/data and
// writes docs/performance.md from them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	root := flag.String("root", ".", "the project's folder")
	tables := flag.String("tables", "all", "what is measured, by commas: "+strings.Join(names(benchmarks()), ", ")+"; or none, which only writes the document anew")
	runs := flag.Int("runs", 5, "how often what takes little time is measured")
	large := flag.Int64("large", 2<<30-3, "bytes of the largest file, which is scanned once each way, and brought up and down")
	quick := flag.Bool("quick", false, "measure as little as there can be, to see whether it works, and print it; nothing is kept")
	flag.Parse()
	var args []string
	flag.Visit(func(f *flag.Flag) {
		if f.Name == "runs" || f.Name == "large" {
			args = append(args, fmt.Sprintf("-%s %s", f.Name, f.Value))
		}
	})
	path, err := filepath.Abs(*root)
	if err == nil {
		err = run(*tables, bench{root: path, runs: *runs, large: *large, quick: *quick, args: strings.Join(args, " ")})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(tables string, b bench) (err error) {
	chosen, err := choose(tables)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	if slices.ContainsFunc(chosen, func(b benchmark) bool { return b.stack }) {
		if _, err := exec.LookPath("clamdscan"); err != nil {
			return errors.New("clamdscan is missing: install it (apt-get install clamdscan)")
		}
	}
	if b.dir, err = os.MkdirTemp("", "vouch-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if err := measured(ctx, b, chosen); err != nil {
		return err
	}
	if b.quick {
		return nil
	}
	return render(b.root)
}

// choose returns the benchmarks that are named.
func choose(tables string) (chosen []benchmark, err error) {
	switch tables {
	case "all":
		return benchmarks(), nil
	case "none":
		return nil, nil
	}
	for name := range strings.SplitSeq(tables, ",") {
		i := slices.IndexFunc(benchmarks(), func(b benchmark) bool { return b.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no table %q: say some of %s", name, strings.Join(names(benchmarks()), ", "))
		}
		chosen = append(chosen, benchmarks()[i])
	}
	return chosen, nil
}

func names(all []benchmark) (names []string) {
	for _, b := range all {
		names = append(names, b.name)
	}
	return names
}
