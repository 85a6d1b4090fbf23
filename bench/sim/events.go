package sim

import (
	"math"
	"time"
)

// What Lambda does with an asynchronous invocation ("How Lambda handles errors and
// retries with asynchronous invocation", AWS Lambda Developer Guide): one that is
// throttled goes back to its queue, for pauses from a second to five minutes, as long as
// it is not too old; one that fails is tried again after one minute and after two.
const (
	oldest      = 6 * time.Hour // MaximumEventAgeInSeconds of start-verification
	firstPause  = time.Second
	longestHold = 5 * time.Minute
)

// announce is S3's event, by way of EventBridge, whose quota of invocations delays and
// loses nothing ("EventBridge quotas", Amazon EventBridge User Guide).
func (w *World) announce(u *Upload) {
	w.Clock.After(w.latency("S3 event"), func() {
		now := w.Clock.Now()
		if s := w.Scenario; now >= s.PausedFrom && now < s.PausedTo {
			if s.Lost {
				w.sleep(u)
				return
			}
			w.Clock.After(s.PausedTo-now, func() { w.deliver(u) })
			return
		}
		w.deliver(u)
	})
}

func (w *World) deliver(u *Upload) {
	w.Clock.After(w.buckets[busInvocations].Wait(w.Clock.Now(), 1), func() { w.start(u, w.Clock.Now(), 0, 0) })
}

// start is an attempt of start-verification.
func (w *World) start(u *Upload, since time.Duration, failures, throttles int) {
	cold, ok := w.account.begin("StartVerificationFunction")
	if !ok {
		pause := time.Duration(math.Min(float64(firstPause)*math.Pow(2, float64(throttles)), float64(longestHold)))
		if w.Clock.Now()+pause-since > oldest {
			w.sleep(u)
			return
		}
		w.Retried["Lambda: start-verification, throttled"]++
		w.Clock.After(pause, func() { w.start(u, since, failures, throttles+1) })
		return
	}
	w.run("StartVerificationFunction", u, cold, func(err failure) {
		switch {
		case err == none:
		case failures < w.Parts.Design.AsyncRetries:
			w.Retried["Lambda: start-verification, failed"]++
			w.Clock.After(time.Duration(failures+1)*time.Minute, func() { w.start(u, since, failures+1, throttles) })
		default:
			w.sleep(u)
		}
	})
}

// sleep leaves an upload to the sweeper, unless something else goes on with it.
func (w *World) sleep(u *Upload) {
	w.DeadLetter++
	if !u.executing && u.final == Unfinished && !u.asleep {
		u.asleep = true
		w.asleep = append(w.asleep, u)
	}
}

// The sweeper's times (template.yaml, shared/policy).
const (
	sweepEvery   = 5 * time.Minute
	sweepFor     = 210 * time.Second // of its 240, less what a look may still take
	uploadLife   = 15 * time.Minute
	arrivalGrace = time.Hour
	verifyWithin = 30 * time.Minute
	giveUpAfter  = 24 * time.Hour
)

// due is when the sweeper looks at an upload.
func (u *Upload) due() time.Duration {
	if u.pinned {
		return u.stored + verifyWithin
	}
	return u.asked + uploadLife + arrivalGrace
}

// sweep is a run of the sweeper: it looks after what is due, SweepLimit of it at the
// most, SweepLanes at a time.
func (w *World) sweep() {
	if w.over() {
		return
	}
	w.Clock.After(sweepEvery, w.sweep)
	begun, now := w.Clock.Now(), w.Clock.Now()
	var due, rest []*Upload
	for _, u := range w.asleep {
		switch {
		case u.executing || u.final != Unfinished:
			u.asleep = false
		case u.due() <= now && (w.Scenario.SweepLimit == 0 || len(due) < w.Scenario.SweepLimit):
			due = append(due, u)
		default:
			rest = append(rest, u)
		}
	}
	w.asleep = rest
	var look func()
	look = func() {
		if len(due) == 0 {
			return
		}
		if w.Clock.Now()-begun > sweepFor {
			w.asleep = append(w.asleep, due...)
			due = nil
			return
		}
		u := due[0]
		due = due[1:]
		w.Clock.After(w.latency("HeadObject")+w.latency("TransactWriteItems")+w.latency("StartExecution"), func() {
			if w.Clock.Now()-u.stored > giveUpAfter {
				w.end(u, Broken)
			} else if w.buckets[startExecution].Take(w.Clock.Now(), 1) {
				u.pinned = true
				w.Swept++
				w.execute(u)
			} else {
				w.asleep = append(w.asleep, u) // it stays due
			}
			look()
		})
	}
	for range max(w.Scenario.SweepLanes, 1) {
		look()
	}
}

// lane is what works off one shard of the trail's stream, a batch at a time.
type lane struct {
	waiting []time.Duration
	busy    bool
}

// recorded puts n events of a file to the trail, whose stream takes them to the bus.
func (w *World) recorded(u *Upload, n int) {
	l := w.lanes[w.random.IntN(len(w.lanes))]
	for range n {
		l.waiting = append(l.waiting, w.Clock.Now())
	}
	if !l.busy {
		l.busy = true
		w.Clock.After(w.latency("stream"), func() { w.relay(l) })
	}
}

// entriesAtOnce is how many events PutEvents takes in one request.
const entriesAtOnce = 10

func (w *World) relay(l *lane) {
	if len(l.waiting) == 0 {
		l.busy = false
		return
	}
	const publisher = "PublishHistoryFunction"
	cold, ok := w.account.begin(publisher)
	if !ok {
		w.Clock.After(time.Second, func() { w.relay(l) })
		return
	}
	n := min(len(l.waiting), w.Parts.Design.Batch)
	took := cold + w.Parts.Functions[publisher].Own
	refused := false
	for range (n + entriesAtOnce - 1) / entriesAtOnce {
		took += w.latency("PutEvents")
		refused = refused || !w.buckets[putEvents].Take(w.Clock.Now(), 1)
	}
	w.Clock.After(took, func() {
		w.account.end(publisher, took)
		if refused { // the batch is read again, and its events are told by their ids
			w.Clock.After(w.uniform(time.Second), func() { w.relay(l) })
			return
		}
		for _, at := range l.waiting[:n] {
			w.TrailLate.Add(w.Clock.Now() - at)
		}
		l.waiting = append(l.waiting[:0], l.waiting[n:]...)
		w.relay(l)
	})
}
