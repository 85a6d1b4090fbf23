package client

import (
	"sync"
	"time"
)

// Phase is what an upload or a download is at.
type Phase string

// The phases, an upload's first.
const (
	PhaseStarting   Phase = "starting"   // what is there already is being found out
	PhaseSending    Phase = "sending"    // bytes go to S3
	PhaseCompleting Phase = "completing" // the parts are being put together
	PhaseVerifying  Phase = "verifying"  // the verdict is awaited
	PhaseReceiving  Phase = "receiving"  // bytes come from S3
	PhaseChecking   Phase = "checking"   // the last of them are being hashed
	PhaseDone       Phase = "done"
)

// Progress is how far an upload or a download is.
type Progress struct {
	Phase  Phase
	FileID string // empty until there is one

	// Total are the bytes of the file. Done are those that are there: Resumed ones,
	// which need not be moved since an earlier run did, and those of this run. A part
	// that must be sent again takes its bytes out of Done again.
	Total, Done, Resumed int64

	// Parts are those of the file, 0 for one that is sent by one PUT; of them
	// PartsSent by this run, and PartsResumed by an earlier one.
	Parts, PartsSent, PartsResumed int

	// File is the file as it was last seen, nil until it was.
	File *File
}

// progressEvery is how often Progress is reported while only bytes move.
const progressEvery = 100 * time.Millisecond

// reporter tells of progress, to one goroutine at a time. A nil function is told
// nothing.
type reporter struct {
	tell func(Progress)
	mu   sync.Mutex
	p    Progress
	next time.Time
}

// change changes the progress and tells of it.
func (r *reporter) change(by func(p *Progress)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	by(&r.p)
	if r.tell != nil {
		r.next = time.Now().Add(progressEvery)
		r.tell(r.p)
	}
}

// phase changes the phase.
func (r *reporter) phase(to Phase) { r.change(func(p *Progress) { p.Phase = to }) }

// moved adds n bytes to those that are there, and tells of it now and then.
func (r *reporter) moved(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.p.Done += n
	if r.tell == nil {
		return
	}
	if now := time.Now(); !now.Before(r.next) {
		r.next = now.Add(progressEvery)
		r.tell(r.p)
	}
}

// saw notes the file as it is, and tells of it.
func (r *reporter) saw(f File) {
	r.change(func(p *Progress) { p.File, p.FileID = &f, f.ID })
}
