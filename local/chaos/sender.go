package chaos

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// sender sends the file of a history in parts.
type sender struct {
	*history
	client client
	data   []byte
	count  int // of the parts

	have  sync.Mutex
	etags map[int]string // the ETags of the parts that S3 has acknowledged
}

// keptURL is where a part may be sent, as long as its upload lives.
type keptURL struct {
	number int
	to     instructions
}

// sendParts does what the script says of a file that is sent in parts.
func (h *history) sendParts(ctx context.Context, c client, rng *rand.Rand) {
	p := h.parts
	for _, what := range p.does() {
		c.count(what)
	}
	s := &sender{history: h, client: c, data: h.bytes(), count: file.Parts(int64(h.size), partSize), etags: map[int]string{}}
	if p.abandons {
		s.each(ctx, rng, p.order[:min(p.handsOver, s.count)])
		if p.returns {
			s.comeBack(ctx, rng)
		}
		return
	}
	var side sync.WaitGroup
	defer side.Wait()
	for i := range h.completes {
		rng := rand.New(rand.NewPCG(rng.Uint64(), uint64(i)))
		side.Go(func() {
			h.after(ctx, time.Duration(rng.Int64N(int64(6*time.Second))), func() { s.complete(ctx, rng, s.word()) })
		})
	}
	first := min(p.handsOver, s.count)
	s.each(ctx, rng, p.order[:first])
	if first > 0 {
		s.etags = map[int]string{} // whoever goes on knows the id and nothing else
		s.look(ctx, rng)
	}
	s.each(ctx, rng, slices.DeleteFunc(slices.Clone(p.order[first:]), func(n int) bool { return n == p.forgets }))
	if p.forgets > 0 {
		s.refused(ctx, rng, nil, file.CodePartsMismatch, EveryAnswer, "without one of its parts")
		s.send(ctx, rng, p.forgets)
	}
	s.lie(ctx, rng)
	var ends sync.WaitGroup
	for range p.atOnce {
		rng := rand.New(rand.NewPCG(rng.Uint64(), 4))
		ends.Go(func() { s.end(ctx, rng) })
	}
	ends.Wait()
}

// each sends the parts with the numbers, with what the script says of them.
func (s *sender) each(ctx context.Context, rng *rand.Rand, numbers []int) {
	for _, n := range numbers {
		if n == s.parts.tries {
			s.tryOthers(ctx, rng, n)
		}
		if n == s.parts.breaksOff {
			s.breakOff(ctx, rng, n)
		}
		var twin sync.WaitGroup
		if n == s.parts.twice {
			rng := rand.New(rand.NewPCG(rng.Uint64(), 5))
			twin.Go(func() { s.send(ctx, rng, n) })
		}
		s.send(ctx, rng, n)
		twin.Wait()
	}
}

func (s *sender) part(n int) []byte { return s.data[(n-1)*partSize : min(n*partSize, len(s.data))] }

// send sends a part until S3 says that it has it, or cannot have it any more.
func (s *sender) send(ctx context.Context, rng *rand.Rand, n int) {
	data := s.part(n)
	for range attempts {
		to, ok := s.sign(ctx, rng, n, s.parts.binds)
		if !ok {
			return
		}
		status, etag, err := s.client.send(ctx, to, bytes.NewReader(data), len(data))
		switch {
		case err == nil && status == http.StatusOK:
			s.have.Lock()
			s.etags[n] = etag
			s.have.Unlock()
			return
		case err == nil && status < 500 && status != http.StatusNotFound:
			s.fault("S3 refused part %d with %d", n, status)
			return
		case err == nil && status == http.StatusNotFound && s.over(ctx, rng):
			return
		}
		if wait(ctx, rng) != nil {
			return
		}
	}
}

// sign asks where a part is sent, and reports whether it may be sent at all.
func (s *sender) sign(ctx context.Context, rng *rand.Rand, n int, binds bool) (to instructions, ok bool) {
	in := map[string]any{"partNumbers": []int{n}}
	if binds {
		in["checksums"] = []string{crc64nvme(s.part(n))}
	}
	var signed struct{ Parts []instructions }
	status, refused, err := s.client.ask(ctx, rng, http.MethodPost, "/files/"+s.id+"/parts", in, &signed)
	switch {
	case err != nil:
		return to, false
	case status != http.StatusOK:
		s.mayRefuse(ctx, rng, "asking where to send a part", status, refused)
		return to, false
	case len(signed.Parts) != 1:
		s.fault("there are %d URLs for one part", len(signed.Parts))
		return to, false
	}
	to = signed.Parts[0]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept.number < n {
		s.kept = keptURL{n, to}
	}
	return to, true
}

// mayRefuse notes a refusal, unless the file has gone on or is being deleted.
func (s *sender) mayRefuse(ctx context.Context, rng *rand.Rand, what string, status int, refused problem) {
	if (status == http.StatusNotFound || refused.is(file.CodeClosed)) && s.over(ctx, rng) {
		return
	}
	s.fault("%s answered %d, %s %s", what, status, refused.Type, refused.Detail)
}

// over reports whether no part may be sent any more: the file was put together,
// has expired or is being deleted. A call of the API that fails says nothing.
func (s *sender) over(ctx context.Context, rng *rand.Rand) bool {
	s.mu.Lock()
	deleting := s.deleting
	s.mu.Unlock()
	if deleting {
		return true
	}
	var f struct{ Status file.Status }
	_, err := s.client.call(ctx, rng, http.MethodGet, "/files/"+s.id, nil, &f)
	return err != nil || f.Status != file.Pending
}

// tryOthers tries to send other bytes than a part's URL is for: S3 must refuse
// them for the length or for the checksum.
func (s *sender) tryOthers(ctx context.Context, rng *rand.Rand, n int) {
	data := s.part(n)
	other := bytes.Clone(data)
	other[rng.IntN(len(other))] ^= 1
	for _, t := range []struct {
		what  string
		binds bool
		data  []byte
	}{
		{"another checksum", true, other},
		{"a byte more", false, append(bytes.Clone(data), 'x')},
		{"a byte less", true, data[:len(data)-1]},
	} {
		for range attempts {
			to, ok := s.sign(ctx, rng, n, t.binds)
			if !ok {
				return
			}
			status, err := s.client.put(ctx, to, t.data)
			if err == nil && status == http.StatusOK {
				s.breaks(NoneUnsigned, "S3 took part %d with %s", n, t.what)
			}
			if err == nil && status < 500 {
				break
			}
			if wait(ctx, rng) != nil {
				return
			}
		}
	}
	s.look(ctx, rng)
}

// breakOff goes away in the middle of a part.
func (s *sender) breakOff(ctx context.Context, rng *rand.Rand, n int) {
	to, ok := s.sign(ctx, rng, n, s.parts.binds)
	if !ok {
		return
	}
	if status, _, err := s.client.send(ctx, to, brokenOff(s.part(n)), len(s.part(n))); err == nil && status == http.StatusOK {
		s.breaks(NoneUnsigned, "S3 took part %d, which was broken off", n)
	}
}

// heldPart is a part as the API lists it.
type heldPart struct {
	PartNumber        int    `json:"partNumber"`
	Size              int    `json:"size"`
	ETag              string `json:"etag"`
	ChecksumCRC64NVME string `json:"checksumCRC64NVME,omitempty"`
}

// look goes through the parts that S3 holds: each as it was signed and sent, and
// every one that S3 has acknowledged.
func (s *sender) look(ctx context.Context, rng *rand.Rand) {
	s.have.Lock()
	acknowledged := make([]int, 0, s.count)
	for n := range s.etags {
		acknowledged = append(acknowledged, n)
	}
	s.have.Unlock()
	var list struct{ Parts []heldPart }
	status, refused, err := s.client.ask(ctx, rng, http.MethodGet, "/files/"+s.id+"/parts", nil, &list)
	if err != nil {
		return
	}
	if status != http.StatusOK {
		s.mu.Lock()
		ending := s.maybe
		s.mu.Unlock()
		if !ending || !refused.is(file.CodeClosed) { // S3 does not have the upload while it is put together
			s.mayRefuse(ctx, rng, "the list of the parts", status, refused)
		}
		return
	}
	held := map[int]bool{}
	for _, p := range list.Parts {
		held[p.PartNumber] = true
		if p.PartNumber < 1 || p.PartNumber > s.count || p.Size != len(s.part(p.PartNumber)) || p.ChecksumCRC64NVME != crc64nvme(s.part(p.PartNumber)) {
			s.breaks(NoneUnsigned, "S3 holds part %d of %d bytes with the checksum %s", p.PartNumber, p.Size, p.ChecksumCRC64NVME)
			continue
		}
		s.have.Lock()
		s.etags[p.PartNumber] = p.ETag
		s.have.Unlock()
	}
	for _, n := range acknowledged {
		if !held[n] && !s.over(ctx, rng) {
			s.fault("S3 does not hold part %d, which it had acknowledged", n)
		}
	}
}

// word is what the client says of its file at every end: the lie that it tells
// to the last, or nothing.
func (s *sender) word() map[string]any {
	if s.parts.lie == endsWithIt {
		return map[string]any{"checksumSHA256": falseSum}
	}
	return nil
}

// completion is what the client says of the file that it ends.
func (s *sender) completion() map[string]any {
	said := map[string]any{}
	switch {
	case s.parts.lie == endsWithIt:
		said = s.word()
	case s.parts.late && s.parts.lie != promisesIt:
		said["checksumSHA256"] = s.sum
	}
	if s.parts.whole {
		said["checksumCRC64NVME"] = crc64nvme(s.data)
	}
	if list := s.list(); s.parts.lists && len(list) == s.count {
		said["parts"] = list
	}
	return said
}

// list lists the parts that S3 has acknowledged.
func (s *sender) list() []map[string]any {
	s.have.Lock()
	defer s.have.Unlock()
	var list []map[string]any
	for n := 1; n <= s.count; n++ {
		if etag, ok := s.etags[n]; ok {
			list = append(list, map[string]any{"partNumber": n, "etag": etag, "checksumCRC64NVME": crc64nvme(s.part(n))})
		}
	}
	return list
}

// complete says once that the file is whole. What it is not told of may have
// happened.
func (s *sender) complete(ctx context.Context, rng *rand.Rand, said map[string]any) (status int, refused problem, err error) {
	s.mu.Lock()
	s.maybe = true
	s.mu.Unlock()
	var f struct{ Status file.Status }
	var in any
	if said != nil {
		in = said
	}
	status, refused, err = s.client.ask(ctx, rng, http.MethodPost, "/files/"+s.id+"/complete", in, &f)
	if err == nil && status == http.StatusAccepted && f.Status != file.Expired && f.Status != file.Deleted {
		s.mu.Lock()
		s.sent = true
		s.mu.Unlock()
	}
	return status, refused, err
}

// end says that the file is whole until that is taken.
func (s *sender) end(ctx context.Context, rng *rand.Rand) {
	last := ""
	said := s.completion()
	for range attempts {
		status, refused, err := s.complete(ctx, rng, said)
		switch {
		case err != nil || status == http.StatusAccepted:
			return
		case refused.is(file.CodeNotUploaded): // S3 is at it for another call
		case refused.is(file.CodePartsMismatch):
			s.look(ctx, rng)
			for n := 1; n <= s.count; n++ {
				s.have.Lock()
				_, there := s.etags[n]
				s.have.Unlock()
				if !there {
					s.send(ctx, rng, n)
				}
			}
			said = s.completion()
		case refused.is(file.CodeInvalidChecksum) && s.parts.late && s.completes > 0:
			delete(said, "checksumSHA256") // another call of this client, without it, was quicker
		default:
			s.mayRefuse(ctx, rng, "its end", status, refused)
			return
		}
		last = refused.Detail
		if wait(ctx, rng) != nil {
			return
		}
	}
	if !s.over(ctx, rng) {
		s.fault("it could not be put together: %s", last)
	}
}

// lie says first what is not true and would not be taken.
func (s *sender) lie(ctx context.Context, rng *rand.Rand) {
	said := map[string]any{}
	code := file.CodePartsMismatch
	switch list := s.list(); {
	case s.parts.lie == wrongCRC:
		said["checksumCRC64NVME"] = crc64nvme([]byte("other bytes"))
	case s.parts.lie == wrongETag && len(list) == s.count:
		list[0]["etag"] = list[1]["etag"]
		said["parts"] = list
	case s.parts.lie == changesIt:
		said["checksumSHA256"], code = falseSum, file.CodeInvalidChecksum
	default:
		return
	}
	s.refused(ctx, rng, said, code, NoneFalse, fmt.Sprint("with what is not true: ", said))
}

// refused says that the file is whole, which must not be taken; unless another
// call of this client has put it together before, which this one then confirms.
func (s *sender) refused(ctx context.Context, rng *rand.Rand, said map[string]any, code file.Code, promise, what string) {
	for range attempts {
		status, refused, err := s.complete(ctx, rng, said)
		switch {
		case err != nil || refused.is(code):
			return
		case refused.is(file.CodeNotUploaded): // S3 is at it for another call, or for this one before it was cut off
			if wait(ctx, rng) != nil {
				return
			}
			continue
		case status == http.StatusAccepted && code == file.CodePartsMismatch && promise == NoneFalse && s.completes > 0:
		case status == http.StatusAccepted:
			s.breaks(promise, "it was put together %s", what)
		default:
			s.mayRefuse(ctx, rng, "its end "+what, status, refused)
		}
		return
	}
}

// comeBack is of a client that goes on when the upload has expired. Nothing that
// it does may count any more.
func (s *sender) comeBack(ctx context.Context, rng *rand.Rand) {
	if err := s.client.lapse(ctx, s.id); err != nil {
		s.fault("its time cannot be made to pass: %v", err)
		return
	}
	sum := s.sum
	if s.parts.lie == promisesIt {
		sum = falseSum // another one would be refused for being another
	}
	for _, call := range []struct {
		method, path string
		in           any
	}{
		{http.MethodPost, "/parts", map[string]any{"partNumbers": []int{1}}},
		{http.MethodGet, "/parts", nil},
		{http.MethodPost, "/complete", nil},
		{http.MethodPost, "/complete", map[string]any{"checksumSHA256": sum}},
	} {
		status, refused, err := s.client.ask(ctx, rng, call.method, "/files/"+s.id+call.path, call.in, nil)
		if err == nil && !refused.is(file.CodeClosed) {
			s.mayRefuse(ctx, rng, call.method+" "+call.path+" after its end", status, refused)
		}
	}
	if s.kept.number > 0 { // until the sweeper has aborted the upload S3 takes it, for nothing
		s.client.put(ctx, s.kept.to, s.part(s.kept.number))
	}
}
