package model

import (
	"fmt"
	"slices"

	"github.com/vouch-s3/vouch/shared/file"
)

// place is where a step runs: in an execution, or for itself.
type place struct {
	execution int // index, or -1
	step      int // index in World.steps
}

// visit is told of a move: the state behind it, what it broke (or nothing), and
// what it was in words.
type visit func(next *World, broken string, text func() string)

// moves tells v of everything that may happen next, always in the same order.
func (m *Model) moves(w *World, v visit) {
	for i := range w.executions {
		if n := w.executions[i].node; n != 0 {
			m.stepMoves(w, place{execution: i}, n, v)
			m.abandon(w, i, v)
		}
	}
	for i, n := range w.steps {
		if i == 0 || w.steps[i-1] != n { // two alike are one move
			m.stepMoves(w, place{execution: -1, step: i}, n, v)
		}
	}
	m.clientMoves(w, v)
	m.partMoves(w, v)
	m.eventMoves(w, v)
	if f := m.files.get(w.record); w.left.Sweeps > 0 && (due(f) || overdue(f)) {
		next := w.clone()
		next.left.Sweeps--
		m.launched(&next, stepInput{kind: kindSweep}, v, "the sweeper runs")
	}
	if w.left.Rescans > 0 && m.files.get(w.record).Status == file.Ready {
		next := w.clone()
		next.left.Rescans--
		m.startRescan(&next)
		v(&next, "", words("a re-scan takes the file"))
	}
	if slow := w.sending(); w.left.Ticks > 0 && m.between(w) && (!slow || w.left.Slow > 0) {
		next := w.clone()
		if next.left.Ticks--; slow {
			next.left.Slow--
		}
		m.goOn(&next)
		v(&next, "", words("time goes on, to hour %d", next.tick))
	}
}

// between reports whether no function is half way. None outlives a tick: Lambda
// ends each after 15 minutes, and the sweeper looks for what is missing after
// half an hour; nor does S3 need that long to put parts together. The workflow may
// wait between two of them, and events on their way.
func (m *Model) between(w *World) bool {
	if len(w.steps) > 0 || w.uploads[0].puttingTogether != nothing || w.uploads[1].puttingTogether != nothing {
		return false
	}
	for _, e := range w.executions {
		if e.node != 0 && m.program.nodes[e.node].parent != 0 {
			return false
		}
	}
	return true
}

func words(format string, args ...any) func() string {
	return func() string { return fmt.Sprintf(format, args...) }
}

// stepMoves are what may become of a step's next call.
func (m *Model) stepMoves(w *World, p place, n int32, v visit) {
	at := m.program.nodes[n]
	say := func(how string) func() string {
		return func() string { return fmt.Sprintf("%s: %s%s", m.nameOf(w, p, at), m.callText(at.call), how) }
	}
	answered := func(says word, faults int8, times int, lost bool, how string) {
		next := w.clone()
		next.left.Faults -= faults
		var a answer
		var broke string
		for range times {
			var b string
			if a, b = m.do(&next, at.call, at.step, says); broke == "" {
				broke = b
			}
		}
		if lost {
			a = answer{tick: w.tick, version: -1, err: broken}
		}
		m.moved(&next, p, m.program.answered(n, a), false)
		v(&next, broke, say(how+m.errText(a)))
	}
	if at.call.op != opOpen {
		answered(0, 0, 1, false, "")
	} else {
		answered(saysClean, 0, 1, false, ", and the scanner will say clean")
		answered(saysInfected, 0, 1, false, ", and the scanner will say infected")
		if w.left.Faults > 0 {
			answered(saysNothing, 1, 1, false, ", and the scanner will say nothing")
		}
	}
	if w.left.Faults == 0 {
		return
	}
	die := func(times int, how string) {
		next := w.clone()
		next.left.Faults--
		var broke string
		for range times {
			_, broke = m.do(&next, at.call, at.step, saysNothing)
		}
		m.moved(&next, p, n, true)
		v(&next, broke, say(how))
	}
	answered(saysNothing, 1, 0, true, " fails")
	die(0, ", before which the function dies")
	if at.call.op.reads() {
		return
	}
	answered(saysNothing, 1, 1, true, " is done, and its answer is lost")
	answered(saysNothing, 1, 2, false, " is done twice")
	die(1, ", after which the function dies")
	if at.call.op == opAssemble {
		m.assemblyMoves(w, p, n, say, v)
	}
}

// moved puts node n in the place of the step that came to it, or ends the step.
func (m *Model) moved(w *World, p place, n int32, died bool) {
	if !died {
		n = m.readAhead(w, n)
	}
	at := m.program.nodes[n]
	over, failed := died || at.done, died || at.failed
	if p.execution >= 0 {
		e := &w.executions[p.execution]
		if !over {
			e.node = n
			return
		}
		m.stepDone(e, at.result, failed)
		m.forget(w, p.execution)
		return
	}
	w.steps = slices.Delete(w.steps, p.step, p.step+1)
	m.keep(w, n, over, failed)
}

// keep keeps a step that no execution waits for. An event whose step has failed
// comes again, as EventBridge and Lambda try again; a checksum is taken when
// complete has been answered.
func (m *Model) keep(w *World, n int32, over, failed bool) {
	at := m.program.nodes[n]
	switch {
	case !over:
		w.steps = append(w.steps, n)
		slices.Sort(w.steps)
	case failed && at.step.kind == kindArrive:
		version, _ := arrived(at.step.arg)
		w.objects[version].arriving++
	case !failed && at.step.kind == kindComplete && at.step.arg != 0:
		w.taken |= 1 << at.step.arg
	}
}

// forget takes out an item of a re-scan that has ended; the name of an execution
// stays.
func (m *Model) forget(w *World, i int) {
	if w.executions[i].state == ended && w.executions[i].name == 0 {
		w.executions = slices.Delete(w.executions, i, i+1)
	}
}

// abandon lets the workflow stop to wait for a function that goes on: a task's
// TimeoutSeconds, or the end of the whole execution.
func (m *Model) abandon(w *World, i int, v visit) {
	if w.left.Outlives == 0 {
		return
	}
	at := m.program.nodes[w.executions[i].node]
	name := m.nameOf(w, place{execution: i}, at)
	for _, whole := range []bool{false, true} {
		next := w.clone()
		next.left.Outlives--
		e := &next.executions[i]
		m.keep(&next, e.node, false, false)
		how := "the workflow waits for it no longer, and it goes on"
		if whole {
			e.state, e.node, e.data = ended, 0, 0
			how = "the execution is stopped, and the function goes on"
		} else {
			m.stepDone(e, 0, true)
		}
		m.forget(&next, i)
		v(&next, "", words("%s: %s", name, how))
	}
}

// launched begins a step and carries out its first call, which is always a read:
// to begin and not to have read is not to have begun.
func (m *Model) launched(next *World, s stepInput, v visit, text string) {
	n := m.program.begin(s)
	c := m.program.nodes[n].call
	a, broke := m.do(next, c, s, 0)
	n = m.readAhead(next, m.program.answered(n, a))
	m.keep(next, n, m.program.nodes[n].done, m.program.nodes[n].failed)
	v(next, broke, words("%s, and %s reads first", text, s.kind))
}

func (m *Model) clientMoves(w *World, v visit) {
	alive := at(w.tick).Before(m.files.get(w.record).UploadExpiresAt)
	if w.left.Puts > 0 && alive && w.stored < versions && (w.current() < 0 || m.bounds.Method == file.Form) {
		for _, c := range m.sent() {
			next := w.clone()
			next.left.Puts--
			m.put(&next, c, false)
			v(&next, "", words("the client sends version %s, which is %s", versionID(w.stored), c))
		}
	}
	if w.left.Swaps > 0 && w.stored < versions {
		next := w.clone()
		next.left.Swaps--
		m.put(&next, promised, true)
		v(&next, "", words("an administrator writes version %s over it", versionID(w.stored)))
	}
	if w.left.Completes > 0 {
		next := w.clone()
		next.left.Completes--
		m.launched(&next, stepInput{kind: kindComplete}, v, "the client calls complete")
		for c := promised; c <= another && w.left.Promises > 0; c++ {
			next := w.clone()
			next.left.Completes--
			next.left.Promises--
			m.launched(&next, stepInput{kind: kindComplete, arg: int32(c)}, v, fmt.Sprintf("the client calls complete with the checksum of %s", c))
		}
	}
	m.share(w, v)
	m.others(w, v)
	m.keepMoves(w, v)
	if w.left.Deletes > 0 {
		next := w.clone()
		next.left.Deletes--
		m.launched(&next, stepInput{kind: kindDelete}, v, "the owner deletes the file")
	}
}

func (m *Model) put(w *World, c content, swapped bool) {
	w.objects[w.stored] = object{there: true, swapped: swapped, content: c, arriving: 1}
	w.stored++
}

func (m *Model) eventMoves(w *World, v visit) {
	for i := range w.objects {
		if w.objects[i].arriving == 0 {
			continue
		}
		event := fmt.Sprintf("the event of version %s", versionID(int8(i)))
		next := w.clone()
		next.objects[i].arriving--
		m.launched(&next, m.arrival(w, i), v, event+" comes")
		if w.left.Doubles > 0 {
			next := w.clone()
			next.left.Doubles--
			m.launched(&next, m.arrival(w, i), v, event+" comes, and will once more")
		}
		if w.left.Losses > 0 {
			next := w.clone()
			next.left.Losses--
			next.objects[i].arriving--
			v(&next, "", words("%s is lost", event))
		}
	}
}

func (m *Model) nameOf(w *World, p place, n node) string {
	switch {
	case p.execution < 0 && n.step.kind >= kindValidate:
		return n.step.kind.String() + ", for which nobody waits"
	case p.execution < 0:
		return n.step.kind.String()
	case m.machines[w.executions[p.execution].machine].rescan:
		return n.step.kind.String() + " of the re-scan"
	}
	return n.step.kind.String()
}

func (m *Model) callText(c call) string {
	switch c.op {
	case opGet:
		return "read the record"
	case opDue:
		return "list what is due"
	case opOverdue:
		return "list what is past its time"
	case opHold:
		return "write the hold"
	case opCurrent:
		return "look for the object"
	case opDescribe:
		return "describe version " + versionID(c.version)
	case opHead:
		return "read the beginning of version " + versionID(c.version)
	case opOpen:
		return "open version " + versionID(c.version)
	case opList:
		return "list the versions"
	case opHeld:
		return "list the parts of " + uploadID(c.upload)
	case opListUploads:
		return "list the uploads in parts"
	case opCreate:
		return "write the record"
	case opBeginUpload:
		return "begin an upload in parts"
	case opBegin:
		return fmt.Sprintf("write that upload %s is begun", m.begins.get(c.value).UploadID)
	case opPromise:
		return "write the promised checksum"
	case opAssemble:
		return fmt.Sprintf("put %s together", uploadID(c.upload))
	case opAbort:
		return "abort " + uploadID(c.upload)
	case opTransact:
		return m.transactText(c)
	case opRenew:
		return "renew the verdict"
	case opSettle:
		return "take the record off the sweeper's list"
	case opPostpone:
		return "set when the sweeper looks next"
	case opTag:
		return fmt.Sprintf("tag version %s %s", versionID(c.version), c.tag)
	case opDeleteVersion:
		return "delete version " + versionID(c.version)
	case opStart:
		return "start an execution"
	}
	return fmt.Sprintf("publish that the file is %s", m.files.get(c.value).Status)
}

func (m *Model) errText(a answer) string {
	switch a.err {
	case notFound:
		return " (there is none)"
	case conflict:
		return fmt.Sprintf(" (refused: it is %s)", m.files.get(a.record).Status)
	case alreadyEnded:
		return " (it has ended)"
	case noUpload:
		return " (there is no such upload)"
	case objectExists:
		return " (there is an object)"
	case partChanged:
		return " (a part is another)"
	}
	return ""
}
