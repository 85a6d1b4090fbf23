// Command bench measures Vouch side by side with others, in turns and in one
// run, and writes tables of ratios, for times say nothing on another machine: the
// scan function against clamd alone; how long small files take from upload to
// ready; the command line client against the clients of S3; and the functions' cold
// starts against that of the least of functions.
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

	"github.com/vouch-s3/vouch/bench/results"
	"github.com/vouch-s3/vouch/local/stack"
)

func main() {
	runs := flag.Int("runs", 5, "how many files of a kind are scanned each way")
	out := flag.String("out", "/dev/stderr", "the file to write the tables to; libraries write notes to standard output")
	large := flag.Int64("large", 2<<30-3, "bytes of the largest file, of which one is scanned each way, and which is brought up and down")
	tables := flag.String("tables", "latency,scan,transfer,coldstart,ask", "what is measured")
	root := flag.String("root", ".", "the project's folder")
	flag.Parse()
	if err := run(*root, *out, strings.Split(*tables, ","), *runs, *large); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(root, path string, tables []string, runs int, large int64) error {
	for _, t := range tables {
		if !slices.Contains([]string{"latency", "scan", "transfer", "coldstart", "ask"}, t) {
			return fmt.Errorf("there is no table %q: say latency, scan, transfer, coldstart, ask", t)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	dir, err := os.MkdirTemp("", "vouch-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	defer out.Close()
	// Before there is a stack, which would take its share of the machine.
	for _, alone := range []struct {
		name    string
		measure func() (results.Table, error)
		render  func(results.Table) (string, error)
	}{
		{"coldstart", func() (results.Table, error) { return coldStarts(ctx, root, dir, runs) }, renderColdStarts},
		{"ask", func() (results.Table, error) { return asks(ctx, root, runs) }, renderAsks},
	} {
		i := slices.Index(tables, alone.name)
		if i < 0 {
			continue
		}
		t, err := alone.measure()
		if err != nil {
			return fmt.Errorf("%s: %w", alone.name, err)
		}
		if err := t.Save(filepath.Join(root, "bench/results/data")); err != nil {
			return err
		}
		text, err := alone.render(t)
		if err != nil {
			return fmt.Errorf("%s: %w", alone.name, err)
		}
		fmt.Fprint(out, text)
		tables = slices.Delete(tables, i, i+1)
	}
	if len(tables) == 0 {
		return nil
	}
	if _, err := exec.LookPath("clamdscan"); err != nil {
		return errors.New("clamdscan is missing: install it (apt-get install clamdscan)")
	}
	s, err := stack.Start(ctx, stack.Options{
		Template: filepath.Join(root, "template.yaml"), Functions: filepath.Join(root, ".vouch/bin/functions"), Dir: filepath.Join(dir, "stack"),
		API: "127.0.0.1:0", S3: "127.0.0.1:0", AWS: "127.0.0.1:0", Clamd: "127.0.0.1:0",
	})
	if err != nil {
		return err
	}
	defer s.Close()
	b := bench{stack: s, out: out, conf: filepath.Join(dir, "stack", "clamd", "clamd.conf")}
	for _, t := range tables {
		switch t {
		case "latency":
			err = b.latencies(ctx, runs)
		case "scan":
			err = b.scans(ctx, dir, runs, large)
		case "transfer":
			err = b.transfer(ctx, root, dir, large, runs)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
	}
	return nil
}

// latencies prints the table of how long small files take.
func (b bench) latencies(ctx context.Context, runs int) error {
	fmt.Fprintln(b.out, "| files | of them | at a time | upload to ready: median | p99 | longest |")
	fmt.Fprintln(b.out, "| --- | --- | --- | --- | --- | --- |")
	for _, atOnce := range []int{1, 8} {
		if err := b.latency(ctx, 40*runs, atOnce); err != nil {
			return err
		}
	}
	return nil
}

// scans prints the table of the scan function against clamd alone.
func (b bench) scans(ctx context.Context, dir string, runs int, large int64) error {
	fmt.Fprintln(b.out)
	fmt.Fprintln(b.out, "| file | bytes | clamdscan --stream | scan-object | throughput, scan-object : clamdscan | peak memory of scan-object |")
	fmt.Fprintln(b.out, "| --- | --- | --- | --- | --- | --- |")
	for _, in := range inputs(large) {
		n := runs
		if in.once {
			n = 1
		}
		if err := b.compare(ctx, dir, in, n); err != nil {
			return fmt.Errorf("%s: %w", in.name, err)
		}
	}
	return nil
}

// compare scans n files each way, in turns, and prints a row. No content is ever
// scanned twice, for clamd remembers what it has found clean.
func (b bench) compare(ctx context.Context, dir string, in input, n int) error {
	var alone, ours []time.Duration
	var ratios []float64
	var size int64
	for i := range n {
		path := filepath.Join(dir, "file")
		var err error
		if _, err = in.write(path, byte(2*i)); err != nil {
			return err
		}
		a, err := b.clamdscan(ctx, path)
		if err != nil {
			return err
		}
		if size, err = in.write(path, byte(2*i+1)); err != nil {
			return err
		}
		job, err := b.store(ctx, path, in.contentType, size)
		if err != nil {
			return err
		}
		o, err := b.scanObject(ctx, job)
		if err != nil {
			return err
		}
		if err := b.remove(ctx, job); err != nil {
			return err
		}
		alone, ours, ratios = append(alone, a), append(ours, o), append(ratios, a.Seconds()/o.Seconds())
	}
	peak, err := peakMemory("scan-object")
	if err != nil {
		return err
	}
	slices.Sort(ratios)
	slices.Sort(alone)
	slices.Sort(ours)
	fmt.Fprintf(b.out, "| %s | %d | %v | %v | %.2f (%.2f to %.2f) | %d MiB |\n", in.name, size,
		alone[n/2].Round(time.Millisecond), ours[n/2].Round(time.Millisecond),
		ratios[n/2], ratios[0], ratios[n-1], peak>>20)
	return nil
}
