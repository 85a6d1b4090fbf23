package lambda

import (
	"io"
	"slices"
	"sync"
	"time"
)

// pool is a function with its environments. Whoever holds one of its slots may
// use one environment, so there are never more than slots.
type pool struct {
	Function
	output *lineWriter
	slots  chan struct{}
	queue  chan struct{} // as long as the asynchronous invocations under way

	mu   sync.Mutex
	idle []*environment // the one used last comes last
}

func (p *pool) put(e *environment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e.idleSince = time.Now()
	p.idle = append(p.idle, e)
}

// take returns an environment that waits for work, or nil, and those it found ended.
func (p *pool) take() (e *environment, ended []*environment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 {
		e := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		select {
		case <-e.process.Exited():
			ended = append(ended, e)
		default:
			return e, ended
		}
	}
	return nil, ended
}

// takeOlder removes the environments that have been idle for longer than d.
func (p *pool) takeOlder(d time.Duration) []*environment {
	p.mu.Lock()
	defer p.mu.Unlock()
	var old []*environment
	p.idle = slices.DeleteFunc(p.idle, func(e *environment) bool {
		isOld := time.Since(e.idleSince) > d
		if isOld {
			old = append(old, e)
		}
		return isOld
	})
	return old
}

// reapIdle ends environments that had nothing to do for a while.
func (s *Service) reapIdle() {
	tick := time.NewTicker(max(s.opts.IdleLife/5, 10*time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		s.mu.Lock()
		var old []*environment
		for _, p := range s.pools {
			old = append(old, p.takeOlder(s.opts.IdleLife)...)
		}
		s.mu.Unlock()
		for _, e := range old {
			s.discard(e)
		}
	}
}

// lineWriter lets the processes of a function share a writer without mixing
// their lines: each process writes through a line of its own.
type lineWriter struct {
	mu sync.Mutex
	w  io.Writer
}

// line returns a writer that passes on whole lines, and the rest when it is closed.
func (l *lineWriter) line() *line { return &line{to: l} }

type line struct {
	to   *lineWriter
	mu   sync.Mutex
	rest []byte
}

// maxLine bounds what a function can make this process keep; a longer line is passed on in pieces.
const maxLine = 256 << 10

func (l *line) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	end := lastLineEnd(l.rest)
	if end == 0 && len(l.rest) > maxLine {
		end = len(l.rest)
	}
	l.flush(end)
	return len(p), nil // a full disk must not fail the function
}

func (l *line) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.rest) > 0 {
		l.rest = append(l.rest, '\n')
	}
	l.flush(len(l.rest))
}

func (l *line) flush(n int) {
	if n == 0 {
		return
	}
	l.to.mu.Lock()
	l.to.w.Write(l.rest[:n])
	l.to.mu.Unlock()
	l.rest = append(l.rest[:0], l.rest[n:]...)
}

func lastLineEnd(p []byte) int {
	for i := len(p); i > 0; i-- {
		if p[i-1] == '\n' {
			return i
		}
	}
	return 0
}
