// Command cmd counts what the lives of files use on the local stack, and writes
// the counts and the tables of docs/costs.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/vouch-s3/vouch/local/costs"
)

func main() {
	root := flag.String("root", "..", "the folder of the project")
	tables := flag.Bool("tables", false, "count nothing: write the tables of the counts that are there")
	measure := flag.String("measure", "", "only count, with these scanners (clamav, guardduty), for the process that has called")
	to := flag.String("to", "", "with -measure, the file to write the counts to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	run := func() error { return write(ctx, *root, *tables) }
	if *measure != "" {
		run = func() error { return count(ctx, *root, *measure, *to) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "costs:", err)
		stop()
		os.Exit(1)
	}
}

func count(ctx context.Context, root, scanners, to string) error {
	dir, err := os.MkdirTemp("", "vouch-costs-stack-")
	if err != nil {
		return fmt.Errorf("make a folder for the stack: %w", err)
	}
	defer os.RemoveAll(dir)
	c, err := costs.Measure(ctx, costs.Options{
		Template: filepath.Join(root, "template.yaml"), Functions: filepath.Join(root, ".vouch/bin/functions"), Dir: dir, Progress: os.Stderr,
	}, scanners)
	if err != nil {
		return err
	}
	return c.Write(to)
}

func write(ctx context.Context, root string, countsAreThere bool) error {
	at := filepath.Join(root, "local/costs/counts.json")
	if !countsAreThere {
		program, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find this program: %w", err)
		}
		c, err := costs.Both(ctx, program, root, os.Stderr)
		if err != nil {
			return err
		}
		if err := c.Write(at); err != nil {
			return err
		}
	}
	c, err := costs.Read(at)
	if err != nil {
		return err
	}
	prices, err := costs.Prices()
	if err != nil {
		return err
	}
	path := filepath.Join(root, "docs/costs.md")
	document, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the document: %w", err)
	}
	tables, err := costs.Tables(c, prices)
	if err != nil {
		return err
	}
	changed, err := costs.Renew(string(document), tables)
	if err != nil {
		return fmt.Errorf("put the tables into %s: %w", path, err)
	}
	if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
		return fmt.Errorf("write the document: %w", err)
	}
	return nil
}
