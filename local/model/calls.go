package model

import (
	"context"
	"fmt"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/file/filetest"
)

// do carries out the call of a step on the world. The scanner's word is the only
// answer that has a choice. It returns what the call broke, or nothing.
func (m *Model) do(w *World, c call, by stepInput, says word) (answer, string) {
	a := answer{tick: w.tick, version: -1}
	there := func() bool { return c.version >= 0 && c.version < versions && w.objects[c.version].there }
	switch c.op {
	case opGet:
		a.record = w.record
	case opDue:
		if due(m.files.get(w.record)) {
			a.record = w.record
		}
	case opOverdue:
		if overdue(m.files.get(w.record)) {
			a.record = w.record
		}
	case opCurrent:
		if a.version = w.current(); a.version < 0 {
			a.err = notFound
		} else {
			a.content = w.objects[a.version].content
		}
	case opDescribe, opHead:
		if a.version = c.version; !there() {
			a.err, a.version = notFound, -1
		} else {
			a.content = w.objects[a.version].content
		}
	case opOpen:
		if !there() {
			a.err = notFound
			break
		}
		a.content = w.objects[c.version].content
		if a.word = says; says == saysClean {
			w.objects[c.version].scanned = true
		}
	case opList:
		for i := range int8(versions) {
			if w.objects[i].there {
				a.there |= 1 << i
			}
		}
	case opTag:
		if !there() {
			a.err = notFound
			break
		}
		w.objects[c.version].tag = c.tag
	case opDeleteVersion:
		if there() {
			o := &w.objects[c.version]
			o.there, o.tag = false, ""
			if f := m.files.get(w.record); f.Hold != nil && c.version == version(f.VersionID) {
				return a, "the bytes of a file on hold were deleted"
			}
		}
	case opStart:
		a.err = m.startExecution(w, c)
	case opPublish:
		return a, m.publish(w, m.files.get(c.value))
	case opHeld, opListUploads, opBeginUpload, opAssemble, opAbort:
		return m.doParts(w, c, a)
	case opCreate:
		w.record = c.value // Model.initial: once, and before any fault
		w.usage = w.usage.plus(c.adds)
		return a, untold(file.File{}, m.files.get(w.record), c)
	default:
		return m.write(w, c, by)
	}
	return a, ""
}

func due(f file.File) bool { return f.SweepAt.Equal(dueNow) }

// goOn lets an hour pass, after which all that is to be swept is due.
func (m *Model) goOn(w *World) {
	w.tick++
	w.urls = false
	f := m.files.get(w.record)
	if !f.SweepAt.IsZero() {
		f.SweepAt = dueNow
	}
	if !f.ExpiresAt.IsZero() {
		f.ExpiresAt = dueNow
	}
	w.record = m.files.id(f)
}

// publish holds events to the record: none tells of what was not so.
func (m *Model) publish(w *World, f file.File) string {
	switch f.Status {
	case file.Ready:
		w.readyTold = true
		if !w.ready {
			return "File Ready was published before the record was ready"
		}
	case file.Rejected:
		w.rejectedTold = true
		if !w.rejected {
			return "File Rejected was published before the record was rejected"
		}
	default:
		return fmt.Sprintf("an event was published of a file that is %s", f.Status)
	}
	return ""
}

// written is what comes of one write on one record.
type written struct {
	record int32
	err    fault
}

type writing struct {
	record int32
	call   call
}

// write carries out a write by filetest.Records, which is package dynamo's
// semantics in memory, and holds it to the table of transitions itself. What it
// adds to the accounts it adds if it is not refused.
func (m *Model) write(w *World, c call, by stepInput) (answer, string) {
	if c.op == opTransact && c.value == 0 { // a transaction without the record
		w.usage = w.usage.plus(c.adds)
		f := m.files.get(w.record)
		return answer{tick: w.tick, version: -1}, untold(f, f, c)
	}
	key := writing{w.record, c}
	done, known := m.written[key]
	if !known {
		f, err := m.store(m.files.get(w.record), m.writeOf(c))
		f.UpdatedAt = time.Time{}
		if f.VersionID != "" {
			f.UploadedAt = f.CreatedAt // from which the sweeper counts until it gives up
		}
		done = written{record: m.files.id(f)}
		if _, moved := file.Conflict(err); moved {
			done.err = conflict
		} else if err != nil {
			panic(fmt.Sprintf("a write of the model failed: %v", err)) // the record is always there
		}
		m.written[key] = done
	}
	before, after := m.files.get(w.record), m.files.get(done.record)
	w.record = done.record
	if done.err == fine {
		w.usage = w.usage.plus(c.adds)
	}
	w.urls = w.urls || w.tick == 0 && m.sends(w.record)
	w.ready = w.ready || after.Status == file.Ready
	w.rejected = w.rejected || after.Status == file.Rejected
	broke := m.illegal(w, before, after, by)
	if broke == "" && done.err == fine {
		broke = untold(before, after, c)
	}
	return answer{tick: w.tick, version: -1, err: done.err, record: done.record}, broke
}

// untold says what is wrong with the events that the write c put to the trail.
func untold(before, after file.File, c call) string {
	var want string
	if before.Status != after.Status {
		want = " " + string(after.Status)
	}
	if c.tells != want {
		return fmt.Sprintf("the record went from %s to %s, and the trail tells of it by [%s]", before.Status, after.Status, c.tells)
	}
	return ""
}

// recordWrite is one write on a record: one of these is set.
type recordWrite struct {
	Change   *file.Change
	Seen     int64 // the revision that Change is conditional on, 0 for none
	Renewal  *file.Renewal
	Begin    *file.Begun
	Promise  *file.Promise
	Sharing  *file.Sharing
	Retain   *file.Retention
	Hold     *file.Holding
	Settle   *file.File
	Postpone *file.File
	To       time.Time // of Postpone
}

func (m *Model) writeOf(c call) recordWrite {
	switch c.op {
	case opTransact:
		v := m.changes.get(c.value)
		return recordWrite{Change: &v, Seen: c.seen}
	case opShare:
		v := m.sharings.get(c.value)
		return recordWrite{Sharing: &v}
	case opRetain:
		v := m.retains.get(c.value)
		return recordWrite{Retain: &v}
	case opHold:
		v := m.holdings.get(c.value)
		return recordWrite{Hold: &v}
	case opRenew:
		v := m.renewals.get(c.value)
		return recordWrite{Renewal: &v}
	case opBegin:
		v := m.begins.get(c.value)
		return recordWrite{Begin: &v}
	case opPromise:
		v := m.promises.get(c.value)
		return recordWrite{Promise: &v}
	}
	f := m.files.get(c.value)
	if c.op == opSettle {
		return recordWrite{Settle: &f}
	}
	x := recordWrite{Postpone: &f}
	if c.later {
		x.To = later
	}
	return x
}

// write returns the record as w leaves it, with a *file.ConflictError where the
// store refuses.
func write(f file.File, w recordWrite) (file.File, error) {
	ctx := context.Background()
	var r filetest.Records
	err := r.Create(ctx, f)
	switch {
	case err != nil:
	case w.Change != nil && w.Seen != 0 && w.Seen != f.Revision:
		err = &file.ConflictError{To: w.Change.To, Current: f}
	case w.Change != nil:
		_, err = r.Change(ctx, f.ID, *w.Change)
	case w.Renewal != nil:
		_, err = r.Renew(ctx, f.ID, *w.Renewal)
	case w.Begin != nil:
		_, err = r.Begin(ctx, f.ID, *w.Begin)
	case w.Promise != nil:
		_, err = r.Promise(ctx, f.ID, *w.Promise)
	case w.Sharing != nil:
		_, err = r.Share(ctx, f, *w.Sharing)
	case w.Retain != nil:
		_, err = r.Retain(ctx, f, *w.Retain)
	case w.Hold != nil:
		_, err = r.Hold(ctx, f, *w.Hold)
	case w.Settle != nil:
		err = r.Settle(ctx, *w.Settle)
	default:
		err = r.Postpone(ctx, *w.Postpone, w.To)
	}
	f, getErr := r.Get(ctx, f.ID)
	if getErr != nil {
		return file.File{}, getErr
	}
	return f, err
}

// illegal says what is wrong with a record's step from before to after.
func (m *Model) illegal(w *World, before, after file.File, by stepInput) string {
	switch {
	case before.Status != after.Status && !before.Status.CanBecome(after.Status):
		return fmt.Sprintf("the record went from %s to %s, which the table of transitions does not allow", before.Status, after.Status)
	case before.VersionID != "" && before.VersionID != after.VersionID:
		return fmt.Sprintf("the record pinned version %s, and then %s", before.VersionID, after.VersionID)
	case before.ChecksumSHA256 != "" && before.ChecksumSHA256 != after.ChecksumSHA256:
		return "a promised checksum was lost from the record"
	case before.Status == file.Ready && after.Status == file.Rejected && !m.rescans(by):
		return "a ready file was revoked by a step that is of no re-scan"
	case before.Status != after.Status && after.Status == file.Deleted && before.Hold != nil:
		return "a file on hold was deleted"
	case before.Status != after.Status && after.Status == file.Deleted && by.kind == kindSweep && !overdue(before):
		return "the sweeper deleted a file whose time is not over"
	case before.Status != after.Status && after.Status == file.Expired && w.current() >= 0 && !w.objects[w.current()].swapped:
		return "an upload that arrived in time has expired"
	case after.Status == file.Ready && (after.Verdict == nil || after.Verdict.Outcome != file.Clean || after.Receipt == ""):
		return "a ready record is without a verdict or a receipt"
	case after.Status != file.Ready && after.Receipt != "":
		return fmt.Sprintf("a record that is %s has a receipt", after.Status)
	}
	return ""
}

func (m *Model) rescans(by stepInput) bool {
	return by.kind >= kindValidate && m.tasks.get(by.arg).Rescan
}

// wrong says which invariant of a state w breaks, or nothing.
func (m *Model) wrong(w *World) string {
	f := m.files.get(w.record)
	if what := m.miscounted(w, f); what != "" {
		return what
	}
	pinned := version(f.VersionID)
	for i, o := range w.objects {
		if o.there && opens(o.tag) && int8(i) != pinned {
			return fmt.Sprintf("version %s has the tag %s, which opens it, and is not the one that is pinned", versionID(int8(i)), o.tag)
		}
		if o.there && opens(o.tag) && !o.scanned {
			return fmt.Sprintf("version %s has the tag %s, which opens it, and no scanner read that version and called it clean", versionID(int8(i)), o.tag)
		}
	}
	v := m.download(w.record)
	if v >= 0 && !w.objects[v].scanned {
		return fmt.Sprintf("a download URL is presigned for version %s, which no scanner read and called clean", versionID(v))
	}
	switch {
	case v >= 0 && f.Over(dueNow):
		return "a download URL is presigned for a file whose time is over"
	case v >= 0 && v != pinned:
		return fmt.Sprintf("a download URL is presigned for version %s, which is not the one that is pinned", versionID(v))
	case f.Status != file.Ready:
		return ""
	case v < 0 && !f.Over(dueNow) || !w.objects[pinned].there || !opens(w.objects[pinned].tag):
		return "the record is ready, and S3 does not give out its version"
	}
	return w.unlike(w.objects[pinned].content, m.bounds.Open)
}

// unsettled says what is wrong with a state in which nothing more will happen by
// itself.
func (m *Model) unsettled(w *World) string {
	f := m.files.get(w.record)
	if !f.Status.Final() {
		return fmt.Sprintf("all is quiet, and the file is %s for ever", f.Status)
	}
	pinned := version(f.VersionID)
	if what := w.leftOver(f); what != "" {
		return what
	}
	switch {
	case f.Status == file.Ready && !w.readyTold:
		return "all is quiet, the file is ready, and File Ready was never published"
	case f.Status == file.Rejected && !w.rejectedTold:
		return "all is quiet, the file is rejected, and File Rejected was never published"
	case f.Status == file.Rejected && pinned >= 0 && w.objects[pinned].there && opens(w.objects[pinned].tag):
		return fmt.Sprintf("all is quiet, the file is rejected, and its version still has the tag %s", w.objects[pinned].tag)
	}
	if what := w.unheld(f); what != "" {
		return what
	}
	for i, o := range w.objects {
		keeps := int8(i) == pinned && (f.Status == file.Ready || f.Status == file.Rejected && !f.Discarded)
		if o.there && !keeps {
			return fmt.Sprintf("all is quiet, the file is %s, and version %s stays for ever", f.Status, versionID(int8(i)))
		}
	}
	return ""
}
