package chaos

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/vouch-s3/vouch/local/corpus"
	"github.com/vouch-s3/vouch/shared/file"
)

// shareInParts is how many of a hundred files are sent in parts.
const shareInParts = 15

// partSize is the least that S3 takes, so that a run has many parts of few bytes.
const partSize = file.MinPartSize

// inParts is what a client does with a file that it sends in parts. The seed
// determines it whole.
type inParts struct {
	order []int // the parts, by the order in which they are sent
	binds bool  // their URLs to their checksums

	twice     int // the part that is sent twice at the same time; 0 for none
	breaksOff int // and the one that is broken off in the middle first
	forgets   int // and the one that is sent only after the end was refused without it
	tries     int // and the one whose URLs are tried with other bytes first

	handsOver int  // how many parts are sent before somebody goes on who has only S3's list
	abandons  bool // after that many parts
	returns   bool // when the upload has expired

	lie    lie
	lists  bool // the parts, when it says that it is done
	whole  bool // and the CRC-64/NVME of all of them
	late   bool // and the SHA-256
	atOnce int  // how often it says so at the same time
}

// lie is what a client says wrong of what it has sent.
type lie int

const (
	noLie      lie = iota
	promisesIt     // a false SHA-256, before
	endsWithIt     // a false SHA-256, at the end
	changesIt      // another SHA-256 at the end than it promised before: refused
	wrongCRC       // a false CRC-64/NVME at the end, at first: refused
	wrongETag      // the ETag of another part at the end, at first: refused
)

// falseSum is the SHA-256 of no file.
var falseSum = checksum([]byte("these are other bytes"))

// believed reports whether the record has a false checksum then.
func (l lie) believed() bool { return l == promisesIt || l == endsWithIt }

// inParts has the script send a file of its own in parts.
func (s *script) inParts(rng *rand.Rand, samples []corpus.Sample) error {
	count := 2
	switch at := rng.IntN(100); {
	case at < 8:
		count = 4
	case at < 25:
		count = 3
	}
	size, seed := (count-1)*partSize+1+rng.IntN(60_000), rng.Uint64()
	p := &inParts{order: rng.Perm(count), binds: rng.IntN(2) == 0}
	for i := range p.order {
		p.order[i]++
	}
	some := func(of int) int { // one of the parts, in one of so many cases
		n := 1 + rng.IntN(count)
		if rng.IntN(of) > 0 {
			return 0
		}
		return n
	}
	p.twice, p.breaksOff, p.forgets, p.tries = some(4), some(4), some(5), some(3)
	if rng.IntN(4) == 0 {
		p.handsOver = 1 + rng.IntN(count)
	}
	if slices.Contains(p.order[:p.handsOver], p.forgets) {
		p.forgets = 0 // it was sent before it could be forgotten
	}
	if rng.IntN(7) == 0 {
		p.abandons, p.returns, p.handsOver, p.forgets = true, rng.IntN(2) == 0, rng.IntN(count+1), 0
	}
	if rng.IntN(3) == 0 {
		p.lie = promisesIt + lie(rng.IntN(5))
	}
	p.lists, p.whole, p.late, p.atOnce = rng.IntN(2) == 0, rng.IntN(2) == 0, rng.IntN(2) == 0, 1
	if rng.IntN(3) == 0 {
		p.atOnce = 2 + rng.IntN(2)
	}
	s.filename, s.contentType, s.reason, s.parts = fmt.Sprintf("%d-in-parts.bin", s.number), octets, "", p
	s.content = made(func() []byte { return muchNoise(seed, size) })
	switch {
	case p.lie.believed():
		s.reason = string(file.ChecksumMismatch)
	case rng.IntN(8) == 0:
		malware, err := samples[indexOf(samples, "eicar.com")].Bytes()
		if err != nil {
			return err
		}
		border := partSize * (1 + rng.IntN(count-1))
		if _, err := across(malware, seed, border, size); err != nil {
			return err
		}
		s.filename, s.contentType, s.reason = fmt.Sprintf("%d-in-parts.zip", s.number), "application/zip", string(file.MalwareDetected)
		s.content = made(func() []byte {
			data, _ := across(malware, seed, border, size) // as above
			return data
		})
	}
	switch p.lie {
	case promisesIt, changesIt:
		s.promise = true
	case endsWithIt:
		s.promise = false
	}
	return nil
}

// ask adds to the call that asks for an upload how it is to be sent.
func (p *inParts) ask(in map[string]any) {
	in["method"], in["partSize"] = file.Multipart, partSize
	if p.lie == promisesIt {
		in["checksumSHA256"] = falseSum
	}
}

// does lists what the client does that not every client does, for the report.
func (p *inParts) does() []Fault {
	var all []Fault
	for what, does := range map[Fault]bool{
		"sent a part twice at once":              p.twice > 0,
		"broke off in a part":                    p.breaksOff > 0,
		"forgot a part at first":                 p.forgets > 0,
		"tried other bytes":                      p.tries > 0,
		"handed over to another client":          p.handsOver > 0 && !p.abandons,
		"never ended it":                         p.abandons,
		"came back after its end":                p.returns,
		"ended it several times at once":         p.atOnce > 1 && !p.abandons,
		"promised a false SHA-256":               p.lie == promisesIt && !p.abandons,
		"ended it with a false SHA-256":          p.lie == endsWithIt && !p.abandons,
		"ended it with another SHA-256":          p.lie == changesIt && !p.abandons,
		"ended it with a false CRC-64/NVME":      p.lie == wrongCRC && !p.abandons,
		"ended it with the ETag of another part": p.lie == wrongETag && !p.abandons,
	} {
		if does {
			all = append(all, what)
		}
	}
	return all
}
