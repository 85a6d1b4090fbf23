package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/vouch-s3/vouch/local/corpus"
	"github.com/vouch-s3/vouch/shared/file"
)

// script is what a client does with one file. The seed determines it whole.
type script struct {
	number  int
	subject string

	filename, contentType string
	content
	reason  string // why the file is to be rejected; empty for one that is to be ready
	promise bool   // of the checksum

	sends     bool
	sendsMore int           // further times, with the first one still under way
	others    bool          // first tries to send other bytes than were promised
	completes int           // how often it says that the bytes are there
	deletesIn time.Duration // after the upload was asked for; 0 for never
	asksIn    []time.Duration

	keeps keeping
	parts *inParts // how it is sent in parts; nil for one PUT
}

// subjects are whose the files are.
var subjects = []string{"alice", "bob", "carol", "dave"}

// tenants are whose they are in turn, so that two of them count in each.
var tenants = []string{"acme", "other"}

// scripts writes what the clients of a run do.
func scripts(seed uint64, files int) ([]*script, error) {
	samples, err := corpus.Samples()
	if err != nil {
		return nil, err
	}
	var all []*script
	for i := range files {
		rng := random(seed, fmt.Sprint("file ", i))
		s := &script{number: i, subject: subjects[rng.IntN(len(subjects))], promise: rng.IntN(2) == 0, sends: rng.IntN(16) > 0}
		if rng.IntN(100) < 45 {
			sample := samples[rng.IntN(len(samples))]
			if rng.IntN(4) == 0 {
				sample = samples[indexOf(samples, "eicar.com")]
			}
			data, err := sample.Bytes()
			if err != nil {
				return nil, err
			}
			s.filename, s.contentType, s.content, s.reason = sample.Name, sample.ContentType, contentOf(data), sample.Reason
		} else {
			s.filename, s.contentType, s.content = fmt.Sprintf("%d.bin", i), octets, contentOf(noise(rng, 1+rng.IntN(200_000)))
		}
		if rng.IntN(6) == 0 {
			s.sendsMore = 1 + rng.IntN(2)
		}
		s.others = rng.IntN(6) == 0
		s.completes = rng.IntN(4)
		if rng.IntN(6) == 0 {
			s.deletesIn = time.Duration(1 + rng.Int64N(int64(6*time.Second)))
		}
		for range rng.IntN(4) {
			s.asksIn = append(s.asksIn, time.Duration(rng.Int64N(int64(10*time.Second))))
		}
		if rng := random(seed, fmt.Sprint("parts of file ", i)); rng.IntN(100) < shareInParts {
			if err := s.inParts(rng, samples); err != nil {
				return nil, err
			}
		}
		s.keeping(random(seed, fmt.Sprint("keeping of file ", i)))
		all = append(all, s)
	}
	return all, nil
}

// octets is the media type of bytes that may be anything.
const octets = "application/octet-stream"

func indexOf(samples []corpus.Sample, name string) int {
	for i, s := range samples {
		if s.Name == name {
			return i
		}
	}
	return 0
}

// history is what a client knows of its file when it has done with it.
type history struct {
	*script

	mu       sync.Mutex
	id       string
	upload   instructions
	sent     bool // S3 has acknowledged the bytes
	maybe    bool // or may have them without having said so
	deleting bool // a deletion was asked for
	deleted  bool // and acknowledged
	links    []link
	faults   []fault
	kept     keptURL // where a part may be sent
	keptAs   kept
}

// fault is what must never happen, and the promise that it breaks.
type fault struct{ promise, what string }

// link is a download URL that was given out.
type link struct {
	url string
	at  time.Time
}

func (h *history) fault(format string, args ...any) { h.breaks(EveryAnswer, format, args...) }

func (h *history) breaks(promise, format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults = append(h.faults, fault{promise, fmt.Sprintf(format, args...)})
}

// play does what the script says. An error says that the run was stopped.
func (h *history) play(ctx context.Context, c client, seed uint64) error {
	rng := random(seed, fmt.Sprint("client ", h.number))
	in := map[string]any{"filename": h.filename, "contentType": h.contentType, "size": h.size}
	if h.promise {
		in["checksumSHA256"] = h.sum
	}
	if h.parts != nil {
		h.parts.ask(in)
	}
	var asked struct {
		ID     string
		Upload instructions
	}
	status, err := c.call(ctx, rng, http.MethodPost, "/files", in, &asked)
	if errors.Is(err, errGaveUp) {
		return nil // the file was never promised; a record without an owner who knows it expires
	}
	if err != nil {
		return err
	}
	if status != http.StatusCreated {
		h.fault("its upload was refused with %d", status)
		return nil
	}
	h.mu.Lock()
	h.id, h.upload = asked.ID, asked.Upload
	h.mu.Unlock()

	var side sync.WaitGroup
	defer side.Wait()
	if h.deletesIn > 0 {
		rng := rand.New(rand.NewPCG(rng.Uint64(), 1))
		side.Go(func() { h.after(ctx, h.deletesIn, func() { h.delete(ctx, c, rng) }) })
	}
	if h.keeps.setIn > 0 {
		rng := rand.New(rand.NewPCG(rng.Uint64(), 6))
		side.Go(func() { h.after(ctx, h.keeps.setIn, func() { h.end(ctx, c, rng) }) })
	}
	if h.keeps.holdIn > 0 {
		rng := rand.New(rand.NewPCG(rng.Uint64(), 7))
		side.Go(func() { h.holds(ctx, c, rng) })
	}
	for _, in := range h.asksIn {
		rng := rand.New(rand.NewPCG(rng.Uint64(), 2))
		side.Go(func() { h.after(ctx, in, func() { h.ask(ctx, c, rng) }) })
	}
	if h.parts != nil {
		h.sendParts(ctx, c, rng)
		return nil
	}
	for i := range h.completes {
		rng := rand.New(rand.NewPCG(rng.Uint64(), uint64(i)))
		side.Go(func() {
			h.after(ctx, time.Duration(rng.Int64N(int64(3*time.Second))), func() {
				c.call(ctx, rng, http.MethodPost, "/files/"+h.id+"/complete", nil, nil)
			})
		})
	}
	if h.others {
		h.sendOthers(ctx, c, rng)
	}
	if !h.sends {
		return nil
	}
	for range h.sendsMore {
		rng := rand.New(rand.NewPCG(rng.Uint64(), 3))
		side.Go(func() { h.send(ctx, c, rng) })
	}
	h.send(ctx, c, rng)
	return nil
}

func (h *history) after(ctx context.Context, d time.Duration, do func()) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
		do()
	}
}

// send sends the bytes until S3 says that it has them. The URL serves once: 412
// says that they are there, 409 that another request is bringing them.
func (h *history) send(ctx context.Context, c client, rng *rand.Rand) {
	data := h.bytes()
	for range attempts {
		status, err := c.put(ctx, h.upload, data)
		h.mu.Lock()
		h.maybe = h.maybe || err != nil || status >= 500
		h.sent = h.sent || status == http.StatusOK || status == http.StatusPreconditionFailed
		sent := h.sent
		h.mu.Unlock()
		if err == nil && status < 500 && status != http.StatusConflict {
			if !sent {
				h.fault("S3 refused its bytes with %d", status)
			}
			return
		}
		if wait(ctx, rng) != nil {
			return
		}
	}
}

// sendOthers tries to send what was not promised: S3 must refuse it, for the
// checksum or for the length.
func (h *history) sendOthers(ctx context.Context, c client, rng *rand.Rand) {
	other := bytes.Clone(h.bytes())
	if h.promise {
		other[rng.IntN(len(other))] ^= 1
	} else {
		other = append(other, 'x')
	}
	for range attempts {
		status, err := c.put(ctx, h.upload, other)
		switch {
		case err == nil && status == http.StatusOK:
			h.fault("S3 took other bytes than were promised")
			return
		case err == nil && status < 500:
			return
		}
		if wait(ctx, rng) != nil {
			return
		}
	}
}

func (h *history) delete(ctx context.Context, c client, rng *rand.Rand) {
	h.mu.Lock()
	h.deleting = true
	h.mu.Unlock()
	status, refused, err := c.ask(ctx, rng, http.MethodDelete, "/files/"+h.id, nil, nil)
	if err != nil {
		return
	}
	if refused.is(file.CodeOnHold) && h.holding() {
		return
	}
	if status != http.StatusNoContent {
		h.fault("its deletion answered %d", status)
		return
	}
	h.mu.Lock()
	h.deleted = true
	h.mu.Unlock()
}

// ask asks for a download, and keeps the URL if there is one. Bytes that are to
// be rejected must not have one at any moment, and neither has a deleted file.
func (h *history) ask(ctx context.Context, c client, rng *rand.Rand) {
	h.mu.Lock()
	deleted, until, asked := h.deleted, h.keptAs.until, time.Now()
	h.mu.Unlock()
	var given struct{ URL string }
	status, err := c.call(ctx, rng, http.MethodPost, "/files/"+h.id+"/download", nil, &given)
	switch {
	case err != nil:
		return
	case status == http.StatusConflict:
		return
	case status != http.StatusOK:
		h.fault("asking for its download answered %d", status)
		return
	case h.reason != "":
		h.fault("a URL was given out to bytes that are to be rejected")
	case deleted:
		h.fault("a URL was given out after its deletion")
	case !until.IsZero() && asked.After(until):
		h.breaks(NoneOverdue, "a URL was given out after its time")
	}
	h.mu.Lock()
	h.links = append(h.links, link{given.URL, time.Now()})
	h.mu.Unlock()
	code, body, err := c.get(ctx, rng, given.URL)
	switch {
	case err != nil:
	case code == http.StatusOK && checksum(body) != h.sum:
		h.fault("a URL gives other bytes than were sent")
	case code != http.StatusOK:
		h.mu.Lock()
		defer h.mu.Unlock()
		if !h.deleting && !h.keptAs.ending {
			h.faults = append(h.faults, fault{EveryAnswer, fmt.Sprintf("a URL that was just given out answers %d", code)})
		}
	}
}

// calmScripts is a load of good files, all at once, each sent as it should be.
func calmScripts(seed uint64, files int) []*script {
	var all []*script
	for i := range files {
		rng := random(seed, fmt.Sprint("file ", i))
		all = append(all, &script{
			number: i, subject: subjects[rng.IntN(len(subjects))], promise: true, sends: true,
			filename: fmt.Sprintf("%d.bin", i), contentType: octets, content: contentOf(noise(rng, 1+rng.IntN(50_000))),
		})
	}
	return all
}
