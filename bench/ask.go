package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/vouch-s3/vouch/bench/ask"
	"github.com/vouch-s3/vouch/bench/results"
)

// What was aimed at.
var (
	likeTheLimit   = results.AtMost(2)
	beatsCompanion = results.AtLeast(5)
)

// askFor is what POST /files takes: within this process by its parts, and as a process
// of its own beside others that are asked the same. What of them cannot be had here is
// said on standard error and left out.
var askFor = benchmark{name: "ask", measure: bench.asks, write: writeAsks, draw: drawAsks}

func (b bench) asks(ctx context.Context, t *results.Table) error {
	add := func(row string, params map[string]string, metric string, v float64) {
		t.Row(row, params).Add(metric, v)
	}
	o := ask.Options{Runs: b.runs, Works: 4000, Calls: 3000}
	if b.quick {
		o.Runs, o.Works, o.Calls = 1, 100, 100
	}
	if err := ask.Quietly(func() error { return ask.Run(ctx, o, add) }); err != nil {
		return err
	}
	peers, missing := ask.Prepare(ctx, b.root)
	for _, err := range missing {
		fmt.Fprintln(os.Stderr, "ask: left out:", err)
	}
	return ask.RunPeers(ctx, o, peers, add)
}

// writeAsks writes the tables: medians with their lowest and highest, and ratios of
// processor time by pairs of a run.
func writeAsks(m *results.Markdown, t results.Table) error {
	if err := writeWithin(m, t); err != nil {
		return err
	}
	for _, of := range []struct{ key, head string }{{"url", "a URL only"}, {"record", "with a record"}} {
		if err := writePeers(m, t, of.key, of.head); err != nil {
			return err
		}
	}
	m.Picture("ask", "the processor time that each program takes to answer")
	return nil
}

func drawAsks(t results.Table) (map[string]drawing, error) {
	d := results.Dots{Title: "Processor time for each call that asks for an upload", Unit: "µs", Log: true}
	for _, r := range t.Rows {
		switch of := r.Params["of"]; of {
		case "url", "record":
			d.Of = append(d.Of, results.Dot{Name: r.Name + map[string]string{"url": ", a URL only", "record": ", with a record"}[of], Spread: r.Of(ask.CPU)})
		}
	}
	return map[string]drawing{"ask": d}, nil
}

// writeWithin writes what was measured within one process.
func writeWithin(m *results.Markdown, t results.Table) error {
	for _, of := range []struct {
		key, head, over string
		goal            map[string]results.Goal
	}{
		{"limit", "the least that can be", "bare signing, JSON in and out", nil},
		{"presign", "presigning a PUT", "vouch", nil},
		{"handler", "the handler of POST /files", "bare signing, JSON in and out", map[string]results.Goal{"URL only": likeTheLimit}},
	} {
		whose := of.key
		if of.key == "handler" {
			whose = "limit"
		}
		over, err := t.Find(of.over, map[string]string{"of": whose}, ask.CPU)
		if err != nil {
			return err
		}
		m.Head(of.head, "CPU", "allocations", "bytes", "CPU, this : "+of.over, "aim")
		for _, row := range t.Rows {
			if row.Params["of"] != of.key {
				continue
			}
			ratios, err := results.Ratios(row.Samples[ask.CPU], over)
			if err != nil {
				return fmt.Errorf("%s: %w", row.Name, err)
			}
			m.Row(row.Name, row.Of(ask.CPU).Format("%.1f µs"), fmt.Sprintf("%.0f", row.Of(ask.Allocs).Median), fmt.Sprintf("%.0f", row.Of(ask.Bytes).Median),
				results.Of(ratios).String(), judged(of.goal, row.Name, results.Of(ratios).Median))
		}
	}
	return nil
}

// writePeers writes what was measured of programs, vouch first.
func writePeers(m *results.Markdown, t results.Table, of, head string) error {
	ours, err := t.Find("vouch", map[string]string{"of": of}, ask.CPU)
	if err != nil {
		return err
	}
	m.Head("asked for "+head, "CPU for each", "answers in a second of one core", "of one client, in turn", "CPU, this : vouch", "aim")
	for _, row := range t.Rows {
		if row.Params["of"] != of {
			continue
		}
		ratios, err := results.Ratios(row.Samples[ask.CPU], ours)
		if err != nil {
			return fmt.Errorf("%s: %w", row.Name, err)
		}
		goal := map[string]results.Goal{}
		if slices.Contains(ask.Companions, row.Name) {
			goal[row.Name] = beatsCompanion
		}
		m.Row(row.Name, row.Of(ask.CPU).Format("%.0f µs"), fmt.Sprintf("%.0f", 1e6/row.Of(ask.CPU).Median), row.Of(ask.Rate).Format("%.0f"),
			results.Of(ratios).String(), judged(goal, row.Name, results.Of(ratios).Median))
	}
	return nil
}

// judged is the goal of a row and whether v meets it, or nothing where there is none.
func judged(goals map[string]results.Goal, row string, v float64) string {
	goal, aimed := goals[row]
	if !aimed {
		return ""
	}
	return goal.String() + ", " + goal.Judge(v)
}
