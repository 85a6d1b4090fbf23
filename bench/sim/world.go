package sim

import (
	"math"
	"math/rand/v2"
	"time"
)

// Upload is one file on its way.
type Upload struct {
	owner, account, shard int
	size                  float64 // bytes
	clean                 bool
	completes             bool // its client says that the bytes are sent

	asked, stored time.Duration
	pinned        bool // its bytes are known of
	executing     bool
	verifying     bool
	final         End
	polls         int
	asleep        bool // on the sweeper's list alone
}

// End is how an upload ended.
type End int

// The ends. Every upload has one when a run is over.
const (
	Unfinished End = iota
	Ready
	Refused  // at the door, all the client's retries included: the client was told
	Rejected // for what it is
	Broken   // a good file, rejected as verification-failed: what must not be
)

// World is one run: the parts of AWS that uploads go through, and the uploads.
type World struct {
	Clock    Clock
	Scenario Scenario
	Parts    *Parts

	random   *rand.Rand
	workflow *Definition
	tables   *Tables
	account  *Account
	routes   map[string]*Bucket
	api      *Bucket
	buckets  map[string]*Bucket // by the name of their quota
	tasks    []*Servers
	lanes    []*lane
	asleep   []*Upload // which nothing but the sweeper will go on with

	Ends       [Broken + 1]int
	Arrived    int
	open       int // executions
	PeakOpen   int
	ToReady    Histogram // from the last byte to ready
	TrailLate  Histogram // from a change to its event on the bus
	Scans      Histogram // a scan with its wait in clamd
	Swept      int       // what the sweeper went on with
	DeadLetter int
	Scanned    float64 // bytes
	Retried    map[string]int
	lastReady  time.Duration
	busyTasks  time.Duration
}

// NewWorld returns a world in which nothing has happened yet.
func NewWorld(p *Parts, s Scenario) (*World, error) {
	w := &World{
		Scenario: s, Parts: p, random: rand.New(rand.NewPCG(s.Seed, 0x766f756368)),
		routes: map[string]*Bucket{}, buckets: map[string]*Bucket{}, Retried: map[string]int{},
	}
	w.workflow = p.Workflow
	if s.Impatient {
		w.workflow = p.Workflow.Impatient()
	}
	l := s.Limits
	for name := range p.Design.Routes {
		w.routes[name] = l.bucket("route " + name)
	}
	for _, name := range []string{apiRequests, s3Writes, s3Reads, busInvocations, putEvents, startExecution, transitions, signatures} {
		w.buckets[name] = l.bucket(name)
	}
	if n := l[s3Partitions].Value; !math.IsInf(n, 1) {
		w.buckets[s3Writes].scale(n)
		w.buckets[s3Reads].scale(n)
	}
	w.api = w.buckets[apiRequests]
	reserved := map[string]int{}
	for name, n := range p.Design.Reserved {
		reserved[name] = n
	}
	if n := l[scanConcurrency].Value; math.IsInf(n, 1) {
		delete(reserved, "ScanObjectFunction")
	} else {
		reserved["ScanObjectFunction"] = int(n)
	}
	delete(reserved, "ScanObjectImageFunction") // takes the other's place with ClamdHost=lambda
	growth := l[lambdaGrowth]
	w.account = NewAccount(&w.Clock, l[lambdaConcurrency].Value, reserved, growth.Value, growth.Burst, p.Times.Latency("cold start").typical(), p.Functions)
	warm := math.Min(l[warmWrites].Value, l[tableWrites].Value)
	var err error
	if w.tables, err = NewTables(p.Design.Keys, warm, l[keyWrites].Value, p.Times.Latency("transaction holds").typical()); err != nil {
		return nil, err
	}
	tasks := l[clamdTasks].Value
	if !math.IsInf(l[fargateCPUs].Value, 1) {
		tasks = math.Min(tasks, math.Floor(l[fargateCPUs].Value/cpusOfTask))
	}
	if math.IsInf(tasks, 1) {
		tasks = p.tasksFor(math.Max(s.Rate, 1))
	}
	for range int(tasks) {
		w.tasks = append(w.tasks, NewServers(&w.Clock, cpusOfTask))
	}
	lanes := p.Design.Parallel * int(math.Min(math.Max(warm/1000, 1), 10000)) // a shard of the stream for each partition
	if math.IsInf(warm, 1) {
		lanes = p.Design.Parallel * int(math.Max(4, s.Rate/100))
	}
	for range lanes {
		w.lanes = append(w.lanes, &lane{})
	}
	return w, nil
}

// cpusOfTask is how many scans a task of clamd really works on at once: its four
// threads share two vCPUs, and a scan is mostly computing.
const cpusOfTask = 2

// tasksFor is how many tasks scan so many files a second at the utilisation that
// template.yaml scales for.
func (p *Parts) tasksFor(rate float64) float64 {
	return math.Max(2, math.Ceil(rate*p.MeanScan().Seconds()/cpusOfTask/0.6))
}

// Run carries out the scenario until every upload has its end.
func (w *World) Run() {
	w.arrivals()
	w.Clock.After(sweepEvery, w.sweep)
	w.Clock.Run(3 * 24 * time.Hour)
}

// arrivals plans them: at random at the rate (a Poisson process), or all at one moment.
func (w *World) arrivals() {
	if n := w.Scenario.AtOnce; n > 0 {
		for range n {
			w.arrive()
		}
		return
	}
	var next func()
	next = func() {
		gap := time.Duration(w.random.ExpFloat64() / w.Scenario.Rate * float64(time.Second))
		if w.Clock.Now()+gap > w.Scenario.For {
			return
		}
		w.Clock.After(gap, func() {
			w.arrive()
			next()
		})
	}
	next()
}

func (w *World) arrive() {
	p := w.Parts.Times
	owner := w.random.IntN(w.Scenario.Owners)
	u := &Upload{
		owner: owner, account: owner*max(w.Scenario.AccountShards, 1) + w.random.IntN(max(w.Scenario.AccountShards, 1)),
		shard: w.random.IntN(w.Scenario.Shards),
		size:  math.Min(p.Sizes.draw(w.random), p.Sizes.Largest), asked: w.Clock.Now(),
		clean: w.random.Float64() >= p.Malware, completes: w.random.Float64() < w.Scenario.Completes,
	}
	if w.Scenario.OneTenant {
		u.account = w.random.IntN(max(w.Scenario.AccountShards, 1))
	}
	w.Arrived++
	w.ask(u, 0)
}

func (w *World) over() bool {
	ended := 0
	for _, n := range w.Ends {
		ended += n
	}
	return ended == w.Arrived && (w.Clock.Now() >= w.Scenario.For || w.Scenario.AtOnce > 0)
}

// end gives an upload its end, once.
func (w *World) end(u *Upload, e End) {
	if u.final != Unfinished {
		return
	}
	u.final = e
	w.Ends[e]++
	if e == Ready {
		w.ToReady.Add(w.Clock.Now() - u.stored)
		w.lastReady = w.Clock.Now()
	}
}

// latency draws how long a call of the kind takes.
func (w *World) latency(kind string) time.Duration {
	return w.Parts.Times.Latency(kind).draw(w.random)
}

func (w *World) uniform(d time.Duration) time.Duration {
	return time.Duration(w.random.Float64() * float64(d))
}
