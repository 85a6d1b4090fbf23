// Command sim simulates uploads at scale, saves what comes of it, and writes the tables
// of docs/scale.md from that.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/vouch-s3/vouch/bench/results"
	"github.com/vouch-s3/vouch/bench/sim"
)

func main() {
	root := flag.String("root", ".", "the project's folder")
	render := flag.Bool("render", false, "simulate nothing, and write the tables from what was saved")
	flag.Parse()
	if err := run(*root, *render); err != nil {
		fmt.Fprintln(os.Stderr, "sim:", err)
		os.Exit(1)
	}
}

func run(root string, renderOnly bool) error {
	data := filepath.Join(root, "bench", "results", "data")
	if !renderOnly {
		parts, err := sim.ReadParts(root)
		if err != nil {
			return err
		}
		table, err := sim.MakeResults(parts, func(format string, args ...any) { fmt.Fprintf(os.Stderr, format, args...) })
		if err != nil {
			return err
		}
		if err := table.Save(data); err != nil {
			return err
		}
	}
	table, err := results.Load(data, sim.TheName)
	if err != nil {
		return err
	}
	path := filepath.Join(root, "docs", "scale.md")
	document, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the document: %w", err)
	}
	written, err := sim.Render(string(document), table)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(written), 0o644); err != nil {
		return fmt.Errorf("write the document: %w", err)
	}
	return nil
}
