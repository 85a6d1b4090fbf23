package chaos

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Fault is one kind of fault.
type Fault string

// The faults. Those between a function and a service are chosen by a Plan; the
// last ones happen to processes.
const (
	None          Fault = ""
	Delay         Fault = "delayed"
	ServerError   Fault = "answered with a server error" // 500, or S3's 503 SlowDown
	Throttle      Fault = "throttled"                    // DynamoDB's two errors, and the other services' one
	CutBefore     Fault = "cut before the request"
	CutInRequest  Fault = "cut in the request"
	CutAfter      Fault = "cut after it was carried out" // and before the answer
	CutInAnswer   Fault = "cut in the answer"
	ErrorIn200    Fault = "answered 200 with an error in the body" // as S3 may, once it has begun to answer
	Silence       Fault = "never answered"
	WrongAnswer   Fault = "answered with nonsense"
	EventLost     Fault = "lost"
	EventDoubled  Fault = "doubled"
	EventLate     Fault = "late and out of order"
	ProcessKilled Fault = "killed -9"
)

// The services that faults stand before. S3 has several: what the functions ask
// of it, each operation on an upload in parts by itself, and what clients do by
// presigned URLs.
const (
	S3         = "S3"
	Begin      = "S3 CreateMultipartUpload"
	Held       = "S3 ListParts"
	Assemble   = "S3 CompleteMultipartUpload"
	Abort      = "S3 AbortMultipartUpload"
	Uploads    = "S3 ListMultipartUploads"
	Presigned  = "presigned URLs"
	PartURLs   = "presigned URLs of parts"
	DynamoDB   = "DynamoDB"
	Workflow   = "Step Functions"
	EventBus   = "EventBridge"
	KMS        = "KMS"
	Clamd      = "clamd"
	News       = "Object Created events"
	Function   = "function processes"
	ClamdAlive = "clamd's process"
	Everything = "the whole stack"
	Clients    = "clients of files in parts"
)

// rates are how many of a thousand requests have a fault, by service.
var rates = map[string]map[Fault]int{
	S3:        {Delay: 40, ServerError: 30, CutBefore: 15, CutAfter: 15, CutInAnswer: 15},
	Begin:     {Delay: 40, ServerError: 60, CutBefore: 40, CutAfter: 120, CutInAnswer: 60},
	Held:      {Delay: 40, ServerError: 60, CutBefore: 30, CutAfter: 30, CutInAnswer: 40},
	Assemble:  {Delay: 60, ServerError: 50, ErrorIn200: 60, CutBefore: 30, CutInRequest: 20, CutAfter: 120, CutInAnswer: 40},
	Abort:     {Delay: 40, ServerError: 80, CutBefore: 40, CutAfter: 80, CutInAnswer: 20},
	Uploads:   {Delay: 40, ServerError: 60, CutBefore: 30, CutAfter: 30, CutInAnswer: 40},
	Presigned: {Delay: 40, ServerError: 30, CutBefore: 15, CutInRequest: 20, CutAfter: 20, CutInAnswer: 10},
	PartURLs:  {Delay: 40, ServerError: 40, CutBefore: 20, CutInRequest: 50, CutAfter: 40, CutInAnswer: 10},
	DynamoDB:  {Delay: 40, ServerError: 15, Throttle: 30, CutBefore: 15, CutAfter: 25, CutInAnswer: 5},
	Workflow:  {Delay: 40, ServerError: 20, Throttle: 20, CutBefore: 20, CutAfter: 40, CutInAnswer: 10},
	EventBus:  {Delay: 40, ServerError: 40, Throttle: 20, CutBefore: 20, CutAfter: 40, CutInAnswer: 10},
	KMS:       {Delay: 40, ServerError: 40, Throttle: 20, CutBefore: 20, CutAfter: 20, CutInAnswer: 10},
	Clamd:     {Delay: 30, CutBefore: 20, CutInRequest: 25, CutInAnswer: 15, Silence: 10, WrongAnswer: 20},
	News:      {EventLost: 150, EventDoubled: 150, EventLate: 300},
}

// Plan decides which request meets which fault. For each service it is one
// sequence that the seed determines: the nth request to it meets the same fault
// in every run. Which request is the nth is up to the machine.
type Plan struct {
	mu        sync.Mutex
	seed      uint64
	without   map[string]bool
	sequences map[string]*rand.Rand
	met       map[string]map[Fault]int
	over      bool
}

// NewPlan returns the plan of a seed that leaves the services named alone.
func NewPlan(seed uint64, without ...string) *Plan {
	p := &Plan{seed: seed, without: map[string]bool{}, sequences: map[string]*rand.Rand{}, met: map[string]map[Fault]int{}}
	for _, service := range without {
		p.without[service] = true
	}
	return p
}

// random returns the sequence of a seed that bears a name.
func random(seed uint64, name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// Next returns what the next request to a service meets, and a share of 0 to 1
// that says how much of it: of the longest delay, or of the bytes that pass.
func (p *Plan) Next(service string) (Fault, float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over || p.without[service] {
		return None, 0
	}
	sequence, ok := p.sequences[service]
	if !ok {
		sequence = random(p.seed, service)
		p.sequences[service] = sequence
	}
	at, share := sequence.IntN(1000), sequence.Float64()
	for _, fault := range slices.Sorted(maps.Keys(rates[service])) {
		if at -= rates[service][fault]; at < 0 {
			p.count(service, fault)
			return fault, share
		}
	}
	return None, 0
}

// Count notes a fault that somebody else has made.
func (p *Plan) Count(service string, fault Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count(service, fault)
}

func (p *Plan) count(service string, fault Fault) {
	if p.met[service] == nil {
		p.met[service] = map[Fault]int{}
	}
	p.met[service][fault]++
}

// End ends the faults.
func (p *Plan) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
}

// Met returns how often each service met each fault.
func (p *Plan) Met() map[string]map[Fault]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	met := map[string]map[Fault]int{}
	for service, faults := range p.met {
		met[service] = maps.Clone(faults)
	}
	return met
}

// longestDelay is what a share of 1 delays a request by.
const longestDelay = 1500 * time.Millisecond

func delay(share float64) time.Duration { return time.Duration(share * float64(longestDelay)) }

// errFault is what the reader or writer of a connection that is cut sees.
type errFault struct{ fault Fault }

func (e errFault) Error() string { return fmt.Sprintf("fault: %s", e.fault) }
