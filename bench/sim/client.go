package sim

import "time"

// How the client tries again (client/retry.go): full jitter of up to firstDelay, doubled
// from try to try.
const (
	clientRetries = 8
	firstDelay    = 200 * time.Millisecond
	longestDelay  = 20 * time.Second

	// The API says Retry-After: 1 until a file is final (shared/api). A client that has
	// waited for pollsAtMost answers is taken to come back another time.
	pollEvery   = time.Second
	pollsAtMost = 60
)

// again has the client try once more after a pause, or gives up.
func (w *World) again(what string, try int, do func(try int), giveUp func()) {
	if try == clientRetries {
		giveUp()
		return
	}
	w.Retried["client: "+what]++
	w.Clock.After(w.uniform(min(firstDelay<<try, longestDelay)), func() { do(try + 1) })
}

// call makes a call of the API: through its route and the account's own limit, to the
// function. What is throttled or fails is false.
func (w *World) call(route, function string, u *Upload, done func(ok bool)) {
	w.Clock.After(w.latency("network")/2, func() {
		now := w.Clock.Now()
		bucket := w.routes[route]
		if bucket == nil {
			bucket = w.routes[""]
		}
		// The account's limit stands before the route's.
		if !w.api.Take(now, 1) || !bucket.Take(now, 1) {
			done(false)
			return
		}
		cold, ok := w.account.begin(function)
		if !ok {
			done(false)
			return
		}
		w.run(function, u, cold, func(err failure) {
			w.Clock.After(w.latency("network")/2, func() { done(err == none) })
		})
	})
}

// ask is POST /files.
func (w *World) ask(u *Upload, try int) {
	w.call("POST /files", "CreateUploadFunction", u, func(ok bool) {
		if ok {
			w.put(u, 0)
			return
		}
		w.again("POST /files", try, func(try int) { w.ask(u, try) }, func() { w.end(u, Refused) })
	})
}

// put sends the bytes to S3.
func (w *World) put(u *Upload, try int) {
	if !w.buckets[s3Writes].Take(w.Clock.Now(), 1) {
		w.again("PUT", try, func(try int) { w.put(u, try) }, func() { w.end(u, Refused) })
		return
	}
	sent := w.latency("PutObject") + time.Duration(u.size/w.Parts.Times.ClientBytesPerSecond*float64(time.Second))
	w.Clock.After(sent, func() {
		u.stored = w.Clock.Now()
		w.announce(u)
		if u.completes {
			w.complete(u, 0)
		}
	})
}

// complete is POST /files/{id}/complete. A client that gives up has its file verified
// by the event all the same.
func (w *World) complete(u *Upload, try int) {
	w.call("POST /files/{id}/complete", "CompleteUploadFunction", u, func(ok bool) {
		if ok {
			w.Clock.After(0, func() { w.poll(u) })
			return
		}
		w.again("POST /files/{id}/complete", try, func(try int) { w.complete(u, try) }, func() {})
	})
}

// poll is GET /files/{id}, until it says an end state.
func (w *World) poll(u *Upload) {
	u.polls++
	w.call("GET /files/{id}", "GetFileFunction", u, func(ok bool) {
		if ok && u.final != Unfinished || u.polls >= pollsAtMost {
			return
		}
		w.Clock.After(pollEvery, func() { w.poll(u) })
	})
}
