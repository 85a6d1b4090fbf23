package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/vouch-s3/vouch/bench/results"
	"github.com/vouch-s3/vouch/local/stack"
)

// benchmark is one thing that is measured, into the table of its name.
type benchmark struct {
	name    string
	stack   bool // whether a local stack is to run beside
	measure func(b bench, ctx context.Context, t *results.Table) error

	// write writes what t says, and draw the pictures beside it, by their names;
	// that may be nil.
	write func(m *results.Markdown, t results.Table) error
	draw  func(t results.Table) (map[string]drawing, error)
}

// drawing is something that results can draw.
type drawing interface{ SVG() ([]byte, error) }

// benchmarks are all that there are, in the order in which they are measured: those
// without a stack first, which would take its share of the machine.
func benchmarks() []benchmark {
	return []benchmark{askFor, coldStart, ready, scan, transfer}
}

// bench is where a benchmark runs.
type bench struct {
	root, dir string // the project's folder, and one for files that are gone afterwards
	runs      int    // how often everything is measured that takes little time
	large     int64  // bytes of the largest file, which is measured once
	args      string // the flags that say otherwise than usual how much is measured
	quick     bool   // for whoever tries whether it works: as little as there can be

	// For those that have a stack: that, what it does, and the configuration of its clamd.
	stack *stack.Stack
	watch *watch
	conf  string
}

// command is what measures the table again.
func (b bench) command(name string) string {
	if b.args == "" {
		return "make bench TABLES=" + name
	}
	return fmt.Sprintf("make bench TABLES=%s ARGS='%s'", name, b.args)
}

// measured has benchmarks measure, and keeps what they have found.
func measured(ctx context.Context, b bench, all []benchmark) (err error) {
	for _, m := range all {
		if m.stack && b.stack == nil {
			b.watch = newWatch()
			if b.stack, err = stack.Start(ctx, stack.Options{
				Template: filepath.Join(b.root, "template.yaml"), Functions: filepath.Join(b.root, ".vouch/bin/functions"), Dir: filepath.Join(b.dir, "stack"),
				API: "127.0.0.1:0", S3: "127.0.0.1:0", AWS: "127.0.0.1:0", Clamd: "127.0.0.1:0", Invocations: b.watch.invocation,
			}); err != nil {
				return err
			}
			defer b.stack.Close()
			b.conf = filepath.Join(b.dir, "stack", "clamd", "clamd.conf")
		}
		fmt.Fprintln(os.Stderr, "bench: measuring", m.name)
		t := results.New(m.name, b.command(m.name))
		if err := m.measure(b, ctx, &t); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		if b.quick { // nothing that is to be kept
			var table results.Markdown
			if err := m.write(&table, t); err != nil {
				return fmt.Errorf("write of %s: %w", m.name, err)
			}
			fmt.Println(table.String())
			continue
		}
		if err := t.Save(dataOf(b.root)); err != nil {
			return err
		}
	}
	return nil
}

// dataOf is the folder of the raw figures.
func dataOf(root string) string { return filepath.Join(root, "bench", "results", "data") }

// rendered returns the document and its pictures as the raw figures have them, by
// their paths below the project's folder.
func rendered(root string) (map[string][]byte, error) {
	const path = "docs/performance.md"
	document, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	text := string(document)
	files := map[string][]byte{}
	for _, b := range benchmarks() {
		t, err := results.Load(dataOf(root), b.name)
		if err != nil {
			return nil, err
		}
		var m results.Markdown
		if err := b.write(&m, t); err != nil {
			return nil, fmt.Errorf("write of %s: %w", b.name, err)
		}
		m.Measured(t)
		if text, err = results.Renew(text, b.name, m.String()); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if b.draw == nil {
			continue
		}
		pictures, err := b.draw(t)
		if err != nil {
			return nil, fmt.Errorf("draw of %s: %w", b.name, err)
		}
		for name, p := range pictures {
			if files["docs/performance/"+name+".svg"], err = p.SVG(); err != nil {
				return nil, err
			}
		}
	}
	files[path] = []byte(text)
	return files, nil
}

// render writes the document and its pictures.
func render(root string) error {
	files, err := rendered(root)
	if err != nil {
		return err
	}
	for path, content := range files {
		path = filepath.Join(root, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, content, 0o644)); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	return nil
}
