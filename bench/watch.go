package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/vouch-s3/vouch/local/lambdas"
	"github.com/vouch-s3/vouch/local/stack"
)

// watch is told of each invocation of a function that ends, and so knows when a file
// is ready: when mark-ready has ended, which wrote that. Nobody has to ask for it, which
// would take its share of the machine.
type watch struct {
	mu          sync.Mutex
	invocations []invoked
	ready       map[string]time.Time // by the file's id
	rejected    map[string]bool
	changed     chan struct{} // closed at the next change of them
}

// invoked is an invocation that has ended.
type invoked struct {
	function string
	from, to time.Time
}

func newWatch() *watch {
	return &watch{ready: map[string]time.Time{}, rejected: map[string]bool{}, changed: make(chan struct{})}
}

// invocation is for stack.Options.
func (w *watch) invocation(i lambdas.Invocation) {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	name := strings.TrimPrefix(i.Function, stack.Name+"-")
	w.invocations = append(w.invocations, invoked{name, now.Add(-i.Took), now})
	if name != "MarkReadyFunction" && name != "MarkRejectedFunction" {
		return
	}
	var job struct{ FileID string }
	if json.Unmarshal(i.Payload, &job) != nil || i.Result.FunctionError != "" {
		return // the workflow tries again
	}
	if name == "MarkReadyFunction" {
		w.ready[job.FileID] = now
	} else {
		w.rejected[job.FileID] = true
	}
	close(w.changed)
	w.changed = make(chan struct{})
}

// until waits until the file is ready, at most for within, and returns when that was.
func (w *watch) until(id string, within time.Duration) (time.Time, error) {
	for give := time.After(within); ; {
		w.mu.Lock()
		at, ready := w.ready[id]
		rejected, changed := w.rejected[id], w.changed
		w.mu.Unlock()
		switch {
		case ready:
			return at, nil
		case rejected:
			return time.Time{}, fmt.Errorf("file %s is rejected", id)
		}
		select {
		case <-changed:
		case <-give:
			return time.Time{}, fmt.Errorf("file %s is not ready after %v", id, within)
		}
	}
}

// forget begins anew with what has been invoked.
func (w *watch) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.invocations = nil
}

// all returns what has been invoked since.
func (w *watch) all() []invoked {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]invoked(nil), w.invocations...)
}
