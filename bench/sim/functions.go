package sim

import "time"

// failure is what an invocation failed of.
type failure int

const (
	none failure = iota
	failed
)

// How functions try calls again: shared/settings has the SDK make three attempts, with
// up to two seconds between them, and shared/dynamo twelve of a write that meets
// another, or whose transaction is throttled.
const (
	sdkAttempts      = 3
	sdkBackoff       = 2 * time.Second
	conflictAttempts = 12
	firstWait        = 20 * time.Millisecond
	longestWait      = time.Second
)

// run carries out an invocation that has begun, and calls done when it has ended.
func (w *World) run(function string, u *Upload, cold time.Duration, done func(failure)) {
	f := w.Parts.Functions[function]
	begun := w.Clock.Now()
	finish := func(err failure) {
		w.account.end(function, w.Clock.Now()-begun)
		done(err)
	}
	var step func(i, times int, waited time.Duration)
	step = func(i, times int, waited time.Duration) {
		// What nothing can hold back is summed up, and passes as one event.
		for {
			if i == len(f.Calls) {
				w.Clock.After(waited, func() { finish(none) })
				return
			}
			if times < 0 {
				times = w.times(f.Calls[i].Times)
			}
			if times == 0 || w.skips(function, f.Calls[i].Operation, u) {
				i, times = i+1, -1
				continue
			}
			if quotaOf[f.Calls[i].Operation] != "" || f.Calls[i].Writes != nil {
				break
			}
			waited += w.latency(f.Calls[i].Operation)
			times--
		}
		c := &f.Calls[i]
		w.Clock.After(waited, func() {
			w.attempt(function, c, u, 1, firstWait, func(err failure) {
				if err != none {
					finish(err)
					return
				}
				w.did(function, c, u)
				step(i, times-1, 0)
			})
		})
	}
	if function == "ScanObjectFunction" {
		w.Clock.After(cold+f.Own+w.latency("GetItem")+w.latency("GetObject"), func() {
			w.scan(u, func() { finish(none) })
		})
		return
	}
	step(0, -1, cold+f.Own)
}

// times is a whole number of calls whose mean is n.
func (w *World) times(n float64) int {
	whole := int(n)
	if w.random.Float64() < n-float64(whole) {
		whole++
	}
	return whole
}

// quotaOf are the calls that a quota may refuse, by the quota.
var quotaOf = map[string]string{
	"StartExecution": startExecution, "Sign": signatures, "PutEvents": putEvents,
	"PutObjectTagging": s3Writes, "HeadObject": s3Reads, "GetObject": s3Reads,
}

// skips reports whether a function leaves a call out, for another has made it: what the
// record says is done is not done again.
func (w *World) skips(function, operation string, u *Upload) bool {
	switch function {
	case "StartVerificationFunction", "CompleteUploadFunction":
		switch operation {
		case "TransactWriteItems", "HeadObject":
			return u.pinned
		case "StartExecution":
			return u.final != Unfinished || u.verifying && w.Scenario.StartsOnce
		}
	case "ValidateObjectFunction":
		return operation == "TransactWriteItems" && u.verifying
	case "MarkReadyFunction":
		return u.final == Ready && operation != "GetItem" && operation != "PutEvents" && operation != "UpdateItem"
	case "MarkRejectedFunction":
		return u.final != Unfinished
	}
	return false
}

// did notes what a call has brought about.
func (w *World) did(function string, c *Calls, u *Upload) {
	switch c.Operation {
	case "TransactWriteItems":
		for _, write := range c.Writes {
			if write.Place == "HistoryTable" {
				w.recorded(u, w.times(write.Items))
			}
		}
		switch function {
		case "StartVerificationFunction", "CompleteUploadFunction":
			u.pinned = true
		case "ValidateObjectFunction":
			u.verifying = true
		case "MarkReadyFunction":
			w.end(u, Ready)
		}
	case "StartExecution":
		w.execute(u)
	}
}

// attempt makes one attempt of a call, and others where it is refused.
func (w *World) attempt(function string, c *Calls, u *Upload, attempt int, wait time.Duration, done func(failure)) {
	w.Clock.After(w.latency(c.Operation), func() {
		now := w.Clock.Now()
		if c.Writes != nil && c.Operation != "PutEvents" {
			switch out := w.tables.write(now, u, c.Writes); {
			case out == written:
				done(none)
			case c.Operation == "TransactWriteItems" || out == conflict:
				if attempt == conflictAttempts {
					done(failed)
					return
				}
				w.Retried["dynamo: "+c.Operation]++
				w.Clock.After(w.uniform(wait), func() {
					w.attempt(function, c, u, attempt+1, min(2*wait, longestWait), done)
				})
			default:
				w.onceMore(c, attempt, done, func() { w.attempt(function, c, u, attempt+1, wait, done) })
			}
			return
		}
		if w.buckets[quotaOf[c.Operation]].Take(now, 1) {
			done(none)
			return
		}
		w.onceMore(c, attempt, done, func() { w.attempt(function, c, u, attempt+1, wait, done) })
	})
}

// onceMore is the SDK's standard retry mode: the first pause is up to two seconds, and
// those after it are as long as they may be.
func (w *World) onceMore(c *Calls, attempt int, done func(failure), try func()) {
	if attempt == sdkAttempts {
		done(failed)
		return
	}
	w.Retried["SDK: "+c.Operation]++
	pause := sdkBackoff
	if attempt == 1 {
		pause = w.uniform(sdkBackoff)
	}
	w.Clock.After(pause, try)
}

// scan streams a file to one task of clamd, whichever DNS named first, and waits there
// for a thread.
func (w *World) scan(u *Upload, done func()) {
	begun := w.Clock.Now()
	service := w.Parts.Times.ScanTime(u.size)
	w.Scanned += u.size
	w.tasks[w.random.IntN(len(w.tasks))].Serve(service, func() {
		w.Scans.Add(w.Clock.Now() - begun)
		w.busyTasks += service
		done()
	})
}
