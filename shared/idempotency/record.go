// Package idempotency lets a call be made again without its being carried out
// again: a client that had no answer sends the same request with the same key,
// and gets the answer that it missed
// (draft-ietf-httpapi-idempotency-key-header; docs/idempotency.md).
package idempotency

import "time"

// Life is how long a key is remembered, from the first call with it.
const Life = 24 * time.Hour

// Record is what is remembered of the calls with one key.
type Record struct {
	ID   string // of ID
	Body string // the Fingerprint of the body that the key came with first

	// Attempt names the attempt that may carry the call out until LockedUntil,
	// after which it has ended, whether or not it got anywhere.
	Attempt     string
	LockedUntil time.Time

	// Resource is the id of what the call makes, if it makes anything: the same
	// in every attempt, so that two of them make one.
	Resource string

	// Answer is the answer, nil until there is one to keep.
	Answer *Answer

	ExpiresAt time.Time // when the key is forgotten
}

// Answer is an answer of the API.
type Answer struct {
	Status int               `json:"status"`
	Header map[string]string `json:"header,omitempty"`
	Body   string            `json:"body,omitempty"`
}

// Decision is what becomes of a call.
type Decision string

// The decisions.
const (
	Start      Decision = "start"       // carry it out: nothing is remembered
	Resume     Decision = "resume"      // carry it out: an attempt has ended without an answer to keep
	Replay     Decision = "replay"      // answer as before
	InProgress Decision = "in-progress" // another attempt is carrying it out
	Mismatch   Decision = "mismatch"    // the key is that of another request
)

// Decide is the rule: what becomes at now of a call with the key of r, whose body
// has the Fingerprint body.
func (r Record) Decide(body string, now time.Time) Decision {
	switch {
	case !now.Before(r.ExpiresAt):
		return Start // whoever keeps records may be late to delete them
	case body != r.Body:
		return Mismatch
	case r.Answer != nil:
		return Replay
	case now.Before(r.LockedUntil):
		return InProgress
	}
	return Resume
}
