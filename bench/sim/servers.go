package sim

import "time"

// Servers are c servers before one queue, first come first served: the threads of one
// clamd.
type Servers struct {
	clock *Clock
	c     int
	busy  int
	queue []job
	used  time.Duration // busy time of all servers
}

type job struct {
	service time.Duration
	done    func()
}

// NewServers returns c idle servers.
func NewServers(clock *Clock, c int) *Servers { return &Servers{clock: clock, c: c} }

// Serve has a server work for the time of service as soon as one is free, and calls
// done then.
func (s *Servers) Serve(service time.Duration, done func()) {
	if s.busy == s.c {
		s.queue = append(s.queue, job{service, done})
		return
	}
	s.busy++
	s.begin(job{service, done})
}

func (s *Servers) begin(j job) {
	s.used += j.service
	s.clock.After(j.service, func() {
		if len(s.queue) > 0 {
			next := s.queue[0]
			s.queue[0] = job{}
			s.queue = s.queue[1:]
			s.begin(next)
		} else {
			s.busy--
		}
		j.done()
	})
}
