package model

import (
	"fmt"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// Invariants are what is checked, in words.
func Invariants() []string {
	return []string{
		"A download URL is only ever presigned for the pinned version, if a scanner read it, that very one, and called it clean.",
		"A version that S3 gives out by its tag is the pinned one, and one that a scanner read and called clean.",
		"A record that is ready has its version in S3, and S3 gives it out.",
		"A record only goes on by the table of transitions, pins one version for ever, loses no checksum, and is revoked by a re-scan only.",
		"A receipt stands on a ready record and on no other; a ready record has a verdict of clean.",
		"No event tells of what the record was not.",
		"An upload that arrived in time does not expire.",
		"Parts are put together only if they add up to what was promised, and no file becomes ready that has more or fewer bytes.",
		"The parts of a file are put together once, however often complete is called.",
		"A checksum that complete has taken is never lost, whatever pins the object: no file becomes ready with other bytes.",
		"Quotas balance: the counters of every account are at every moment what its records come to, the tenant's what those of its two owners do, never negative, and nothing of a file that is rejected, expired or deleted.",
		"The tenant never has more than its limit, and refuses an upload only if it would.",
		"A file on hold is not deleted, and no call deletes its version; nor does the sweeper delete a file before its time.",
		"Nothing is presigned of a file whose time is over, on hold or not.",
		"Every change of the status is in the trail, once and by the very write that makes it, and nothing is that was not.",
		"A record that pins a version says its size, also where a form had left that open.",
		"Without further faults everything comes to rest: the file is ready, rejected, expired or deleted, whether the scanner is up or down.",
		"At rest, File Ready is published of a ready file and File Rejected of a rejected one.",
		"At rest, the version of a rejected file has no tag that opens it.",
		"At rest, no version is left but the one that a ready or a kept rejected record pins, also of what was put together or sent once more.",
		"At rest, a file whose time is over and that is on no hold is deleted.",
		"At rest, a version of a rejected file says held while the file is on hold, and not otherwise; a file on hold has its version.",
		"At rest, no upload in parts is left that holds a part, and of an expired or deleted file none at all.",
	}
}

// Violation is a broken invariant and the shortest way to it.
type Violation struct {
	What  string
	Trace []string
}

// Error writes the violation with its trace, a line for each move.
func (v *Violation) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", v.What)
	for i, line := range v.Trace {
		fmt.Fprintf(&b, "  %2d. %s\n", i+1, line)
	}
	return b.String()
}

// Report is what was explored.
type Report struct {
	Name        string
	States      int
	Transitions int
	Depth       int
	Runs        int // states on the ways to rest that exploring does not come to
	Nodes       int // runs of the real code, from its beginning to one more call
	Took        time.Duration
}

// String is the report in one line.
func (r Report) String() string {
	return fmt.Sprintf("%-31s %8d states %10d transitions  depth %3d  %7d more on the way to rest  %6d runs of the code  %5.1f s",
		r.Name, r.States, r.Transitions, r.Depth, r.Runs, r.Nodes, r.Took.Seconds())
}

// search is a breadth-first search, so that the first way to a violation is the
// shortest.
type search struct {
	model   *Model
	known   map[hash]struct{}
	parents []int32  // by the number of a state, in the order in which they are found
	moves   []uint16 // the how-manieth move of the parent leads here
	buffer  []byte
	settled [2]map[hash]int32 // states that come to rest, with the scanner up and down, by the way they were first met on
	ways    int32
	report  Report
}

type found struct {
	world  World
	number int32
}

// Check explores every state within the bounds, and returns a *Violation as soon
// as an invariant is broken.
func (m *Model) Check() (Report, error) {
	begun := time.Now()
	s := &search{model: m, known: map[hash]struct{}{}, settled: [2]map[hash]int32{{}, {}}}
	err := s.run()
	s.report.Name, s.report.States = m.bounds.Name, len(s.parents)
	s.report.Nodes, s.report.Took = len(m.program.nodes), time.Since(begun)
	return s.report, err
}

// initial is the file whose URL was just given out, or whose record was just
// written by a POST /files that has yet to begin its upload in parts. To fail
// before that is not to have begun.
func (m *Model) initial() World {
	w := World{left: m.bounds}
	if m.bounds.Method != file.Multipart {
		f := pending(m.policy, m.bounds)
		w.record = m.files.id(f)
		w.usage = m.comeTo(w.record)
		return w
	}
	m.launched(&w, stepInput{kind: kindCreate}, func(*World, string, func() string) {}, "")
	return w
}

func (s *search) run() error {
	first := s.model.initial()
	s.add(&first, -1, 0)
	level := []found{{world: first}}
	for ; len(level) > 0; s.report.Depth++ {
		var next []found
		for i := range level {
			if err := s.expand(&level[i], &next); err != nil {
				return err
			}
		}
		level = next
	}
	s.report.Depth--
	return nil
}

// add reports whether w was not known.
func (s *search) add(w *World, parent int32, move int) bool {
	var h hash
	h, s.buffer = w.hash(s.buffer)
	if _, known := s.known[h]; known {
		return false
	}
	s.known[h] = struct{}{}
	s.parents = append(s.parents, parent)
	s.moves = append(s.moves, uint16(move))
	return true
}

func (s *search) expand(f *found, next *[]found) error {
	if what, ways := s.rests(&f.world); what != "" {
		return &Violation{What: what, Trace: append(s.trace(f.number), ways...)}
	}
	var err error
	count := 0
	s.model.moves(&f.world, func(w *World, broke string, text func() string) {
		if err != nil {
			return
		}
		s.report.Transitions++
		if broke == "" {
			broke = s.model.wrong(w)
		}
		if broke != "" {
			err = &Violation{What: broke, Trace: append(s.trace(f.number), text())}
			return
		}
		if s.add(w, f.number, count) {
			*next = append(*next, found{*w, int32(len(s.parents) - 1)})
		}
		count++
	})
	return err
}

// trace is the way to a state in words. It goes it again from the beginning.
func (s *search) trace(number int32) []string {
	var moves []uint16
	for n := number; n > 0; n = s.parents[n] {
		moves = append([]uint16{s.moves[n]}, moves...)
	}
	w := s.model.initial()
	var lines []string
	for _, move := range moves {
		count := 0
		var to World
		s.model.moves(&w, func(next *World, _ string, text func() string) {
			if count == int(move) {
				to = *next
				lines = append(lines, text())
			}
			count++
		})
		w = to
	}
	return lines
}

// longestTicks is how many ticks rest may take. What is done again is done a tick
// later, and the file is given up at the third.
const longestTicks = 24

// rests goes on from w in one fair order with no further fault: every step to its
// end, every event delivered, the sweeper whenever it is due, and time when
// nothing else is left. It does so with a scanner that calls all clean, and with
// one that says nothing.
func (s *search) rests(from *World) (what string, way []string) {
	for i, says := range []word{saysClean, saysNothing} {
		w := from.clone()
		w.left = Bounds{}
		way = way[:0]
		s.ways++
		for {
			var h hash
			h, s.buffer = w.hash(s.buffer)
			if met, known := s.settled[i][h]; known && met != s.ways {
				break
			} else if known {
				return "without any fault it goes round in a circle", way
			}
			s.settled[i][h] = s.ways
			if i == 0 {
				s.report.Runs++
			}
			next, line, broke := s.model.fair(&w, says)
			if line == "" {
				broke = s.model.unsettled(&w)
			} else {
				way = append(way, line)
			}
			if line != "" && broke == "" {
				broke = s.model.wrong(&next)
			}
			if line != "" && broke == "" && next.tick > longestTicks {
				broke = "without any fault it does not come to rest"
			}
			if broke != "" {
				return broke, way
			}
			if line == "" {
				break
			}
			w = next
		}
	}
	return "", nil
}

// fair makes the next move of the fair order; line is empty at rest.
func (m *Model) fair(w *World, says word) (next World, line, broke string) {
	next = w.clone()
	f := m.files.get(w.record)
	take := func(to *World, b string, text func() string) { next, broke, line = *to, b, "then "+text() }
	step := func(p place, n int32) {
		at := m.program.nodes[n]
		var a answer
		a, broke = m.do(&next, at.call, at.step, says)
		line = fmt.Sprintf("then %s: %s%s", m.nameOf(w, p, at), m.callText(at.call), m.errText(a))
		m.moved(&next, p, m.program.answered(n, a), false)
	}
	if len(w.steps) > 0 {
		step(place{execution: -1}, w.steps[0])
		return next, line, broke
	}
	for i, e := range w.executions {
		if e.node != 0 {
			step(place{execution: i}, e.node)
			return next, line, broke
		}
	}
	for i := range w.uploads {
		if u := &next.uploads[i]; u.flying != nothing || u.puttingTogether != nothing {
			line, broke = m.landed(&next, int8(i))
			return next, "then " + line, broke
		}
	}
	for i := range w.objects {
		if w.objects[i].arriving > 0 {
			next.objects[i].arriving--
			m.launched(&next, m.arrival(w, i), take, "the event of version "+versionID(int8(i))+" comes")
			return next, line, broke
		}
	}
	switch {
	case due(f), overdue(f):
		m.launched(&next, stepInput{kind: kindSweep}, take, "the sweeper runs")
	case !f.SweepAt.IsZero(), !f.DeleteAt().IsZero():
		m.goOn(&next)
		line = fmt.Sprintf("then time goes on, to hour %d", next.tick)
	}
	return next, line, broke
}
