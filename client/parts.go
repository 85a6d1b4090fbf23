package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minio/crc64nvme"
)

const (
	maxParts     = 10_000   // of a file ("Amazon S3 multipart upload limits")
	presignAhead = 16       // parts a call: few calls, and few URLs that run out before their turn
	readAhead    = 1 << 20  // bytes that are read, and hashed while they are in the cache
	maxBuffers   = 64 << 20 // bytes of a part above which fewer are in flight, unless it is said how many
	maxRenewals  = 3        // of a part's URL, for one try
	urlMargin    = 2 * time.Second
)

// sending is a file that is sent in parts. One goroutine reads the source in order,
// one hashes what it has read, one gets URLs for what is ready, and several send:
//
//	read ─┬─ ready ─ presign ─ signed ─┬─ send
//	      └─ toHash ─ hash             ├─ send …
//
// A part's buffer goes back to the reader when it is both hashed and sent, so that
// the buffers are all the memory there is, whatever the file's size.
type sending struct {
	u        *uploading
	partSize int64
	count    int
	parallel int
	held     map[int]HeldPart

	free   chan []byte
	ready  chan *part
	toHash chan piece
	signed chan ticket

	parts  []SentPart // by number; each is written by one goroutine
	crc    uint64     // of what has been read
	sha256 hash.Hash  // nil where it was promised
}

// part is one part in memory.
type part struct {
	number int
	at     int64 // where it begins in the source
	data   []byte
	crc    string
	users  atomic.Int32 // of data
}

// piece is a stretch of a part that is to be hashed.
type piece struct {
	data []byte
	of   *part // whose last piece it is, or nil
}

// ticket is a part that may be sent.
type ticket struct {
	*part
	to    presigned
	until time.Time
}

// inParts returns how the file is sent in parts, but for those that are held.
func (u *uploading) inParts(terms Multipart, held []HeldPart) (func(context.Context) (Completion, error), error) {
	if terms.PartSize < 1 || terms.PartCount < 1 || terms.PartCount > maxParts || int64(terms.PartCount) != (u.size-1)/terms.PartSize+1 {
		return nil, fmt.Errorf("file %s of %d bytes cannot be sent in %d parts of %d", u.id, u.size, terms.PartCount, terms.PartSize)
	}
	s := &sending{
		u: u, partSize: min(terms.PartSize, u.size), count: terms.PartCount, parallel: u.o.Parallel, held: map[int]HeldPart{},
		parts: make([]SentPart, terms.PartCount),
	}
	if s.parallel == 0 {
		s.parallel = int(max(1, min(4, 4*maxBuffers/s.partSize)))
	}
	s.parallel = min(s.parallel, s.count)
	for _, h := range held {
		s.held[h.PartNumber] = h
	}
	u.report.change(func(p *Progress) {
		p.Parts, p.PartsSent, p.PartsResumed, p.Done, p.Resumed = s.count, 0, 0, 0, 0
	})
	return s.send, nil
}

// send sends the parts, and returns what the server is to compare.
func (s *sending) send(ctx context.Context) (Completion, error) {
	buffers := s.parallel + 1
	s.free = make(chan []byte, buffers)
	s.ready = make(chan *part, buffers)
	s.toHash = make(chan piece, 4)
	s.signed = make(chan ticket, buffers)
	if s.u.sha256 == "" {
		s.sha256 = sha256.New()
	}
	g := newGroup(ctx)
	defer g.cancel(nil)
	reading := make(chan struct{})
	go func() {
		defer close(reading)
		g.failed(s.read(g.ctx, buffers))
	}()
	g.run(func() error { return s.hash(g.ctx) })
	g.run(func() error { return s.presign(g.ctx) })
	for range s.parallel {
		g.run(func() error { return s.work(g.ctx) })
	}
	err := g.wait()
	if _, once := s.u.src.(forwardOnly); err == nil || !once {
		<-reading // a file's Read returns; a reader's may wait for somebody to type
	}
	if err = g.wait(); err != nil {
		return Completion{}, err
	}
	if s.sha256 != nil {
		s.u.sha256 = base64.StdEncoding.EncodeToString(s.sha256.Sum(nil))
	}
	return Completion{Parts: s.parts, ChecksumCRC64NVME: encodeCRC(s.crc), ChecksumSHA256: s.u.sha256}, nil
}

// read reads the source in order.
func (s *sending) read(ctx context.Context, buffers int) error {
	defer close(s.ready)
	defer close(s.toHash)
	for n := 1; n <= s.count; n++ {
		buffer, err := s.buffer(ctx, &buffers)
		if err != nil {
			return err
		}
		p := &part{number: n, at: int64(n-1) * s.partSize}
		p.data = buffer[:min(s.partSize, s.u.size-p.at)]
		p.users.Store(1)
		if s.sha256 != nil {
			p.users.Store(2)
		}
		var crc uint64
		for at := 0; at < len(p.data); at += readAhead {
			stretch := p.data[at:min(at+readAhead, len(p.data))]
			if err := readFull(s.u.src, stretch, p.at+int64(at)); err != nil {
				return err
			}
			if s.sha256 != nil {
				next := piece{data: stretch}
				if at+readAhead >= len(p.data) {
					next.of = p
				}
				select {
				case s.toHash <- next:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
			crc = crc64nvme.Update(crc, stretch)
		}
		p.crc = encodeCRC(crc)
		s.crc = combineCRC(s.crc, crc, int64(len(p.data)))
		s.ready <- p // as long as there are buffers there is room
	}
	return nil
}

// buffer returns a buffer for a part: one that is free, or one of the left that have
// not been made yet.
func (s *sending) buffer(ctx context.Context, left *int) ([]byte, error) {
	select {
	case b := <-s.free:
		return b, nil
	default:
	}
	if *left > 0 {
		*left--
		return make([]byte, s.partSize), nil
	}
	select {
	case b := <-s.free:
		return b, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// release gives up p's buffer, for one of its users.
func (s *sending) release(p *part) {
	if p.users.Add(-1) == 0 {
		s.free <- p.data[:cap(p.data)]
	}
}

// hash hashes the source in order.
func (s *sending) hash(ctx context.Context) error {
	for {
		select {
		case next, more := <-s.toHash:
			if !more {
				return nil
			}
			s.sha256.Write(next.data)
			if next.of != nil {
				s.release(next.of)
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// presign gets URLs for the parts, some ahead of what has been read: those say how
// many bytes S3 is to take, but not which. What S3 answers does, and complete has
// it compare all of them.
func (s *sending) presign(ctx context.Context) error {
	defer close(s.signed)
	ahead := map[int]ticket{}
	for {
		select {
		case p, more := <-s.ready:
			if !more {
				return nil
			}
			if s.isHeld(p) {
				continue
			}
			t, ok := ahead[p.number]
			if !ok {
				var err error
				if ahead, err = s.urlsFrom(ctx, p.number); err != nil {
					return err
				}
				t = ahead[p.number]
			}
			delete(ahead, p.number)
			t.part = p
			select {
			case s.signed <- t:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// urlsFrom gets URLs for part n and those behind it that S3 does not hold, up to
// presignAhead of them.
func (s *sending) urlsFrom(ctx context.Context, n int) (map[int]ticket, error) {
	numbers := []int{n}
	for next := n + 1; next <= s.count && len(numbers) < presignAhead; next++ {
		if _, held := s.held[next]; !held {
			numbers = append(numbers, next)
		}
	}
	presignedParts, until, _, err := s.u.c.presignParts(ctx, s.u.id, numbers, nil)
	if problem, ok := errors.AsType[*Problem](err); ok && problem.Code() == "invalid-parts" && len(numbers) > 1 {
		// The server's policy gives out fewer at a time.
		presignedParts, until, _, err = s.u.c.presignParts(ctx, s.u.id, numbers[:1], nil)
	}
	if err != nil {
		return nil, err
	}
	urls := make(map[int]ticket, len(presignedParts))
	for _, to := range presignedParts {
		if want := min(s.partSize, s.u.size-int64(to.PartNumber-1)*s.partSize); to.Size != want {
			return nil, s.otherSize(to, want)
		}
		urls[to.PartNumber] = ticket{to: presigned{to.Method, to.URL, to.Headers}, until: until}
	}
	return urls, nil
}

func (s *sending) otherSize(to PresignedPart, want int64) error {
	return fmt.Errorf("part %d of file %s is to have %d bytes, and has %d", to.PartNumber, s.u.id, to.Size, want)
}

// isHeld passes over a part that S3 holds already with these very bytes.
func (s *sending) isHeld(p *part) bool {
	h, ok := s.held[p.number]
	if !ok || h.Size != int64(len(p.data)) || h.ChecksumCRC64NVME != p.crc || h.ETag == "" {
		return false
	}
	s.parts[p.number-1] = SentPart{PartNumber: p.number, ETag: h.ETag, ChecksumCRC64NVME: p.crc}
	s.u.report.change(func(now *Progress) {
		now.PartsResumed++
		now.Resumed += h.Size
		now.Done += h.Size
	})
	s.release(p)
	return true
}

// renewed gets another URL for a part, one that holds S3 to its bytes.
func (s *sending) renewed(ctx context.Context, p *part) (ticket, error) {
	presignedParts, until, _, err := s.u.c.presignParts(ctx, s.u.id, []int{p.number}, []string{p.crc})
	if err != nil {
		return ticket{}, err
	}
	to := presignedParts[0]
	if to.Size != int64(len(p.data)) {
		return ticket{}, s.otherSize(to, int64(len(p.data)))
	}
	return ticket{p, presigned{to.Method, to.URL, to.Headers}, until}, nil
}

// work sends parts until there are none left.
func (s *sending) work(ctx context.Context) error {
	for {
		select {
		case t, more := <-s.signed:
			if !more {
				return nil
			}
			if err := s.sendPart(ctx, t); err != nil {
				return err
			}
			s.u.report.change(func(p *Progress) { p.PartsSent++ })
			s.release(t.part)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// sendPart sends one part. A URL that has run out is replaced, which is no failure.
func (s *sending) sendPart(ctx context.Context, t ticket) error {
	doing := fmt.Sprintf("send part %d of %d of file %s", t.number, s.count, s.u.id)
	return s.u.c.again(ctx, doing, func() error {
		old := !time.Now().Add(urlMargin).Before(t.until)
		for renewals := 0; ; renewals++ {
			if old || renewals > 0 {
				renewed, err := s.renewed(ctx, t.part)
				if err != nil {
					return err
				}
				t, old = renewed, false
			}
			header, err := s.u.c.put(ctx, t.to, bytes.NewReader(t.data), 0, int64(len(t.data)), s.u.report.moved)
			if err == nil {
				if err = s.acknowledged(t.part, header); err != nil {
					s.u.report.moved(-int64(len(t.data)))
				}
				return err
			}
			e, ok := errors.AsType[*StorageError](err)
			if ranOut := ok && (e.ranOut() || e.StatusCode == http.StatusForbidden && !time.Now().Before(t.until)); !ranOut || renewals == maxRenewals {
				return err
			}
			s.u.c.log.Debug("a part's URL has run out", "file", s.u.id, "part", t.number)
		}
	})
}

// acknowledged notes what S3 answers to a part.
func (s *sending) acknowledged(p *part, header http.Header) error {
	etag := etagOf(header)
	if etag == "" {
		return errors.New("S3 answers without an ETag")
	}
	if crc := header.Get("X-Amz-Checksum-Crc64nvme"); crc != "" && crc != p.crc {
		return &connectionError{fmt.Errorf("S3 has the checksum %s of what has %s", crc, p.crc)} // it was bent on the way
	}
	s.parts[p.number-1] = SentPart{PartNumber: p.number, ETag: etag, ChecksumCRC64NVME: p.crc}
	return nil
}

// group is goroutines that end together: the first error ends the others.
type group struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	all    sync.WaitGroup
}

func newGroup(ctx context.Context) *group {
	g := &group{}
	g.ctx, g.cancel = context.WithCancelCause(ctx)
	return g
}

// failed ends the others if err is an error.
func (g *group) failed(err error) {
	if err != nil {
		g.cancel(err)
	}
}

func (g *group) run(f func() error) { g.all.Go(func() { g.failed(f()) }) }

// wait waits for all, and returns the first error.
func (g *group) wait() error {
	g.all.Wait()
	return context.Cause(g.ctx)
}
