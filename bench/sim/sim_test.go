package sim

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

const root = "../.."

func parts(t *testing.T) *Parts {
	t.Helper()
	p, err := ReadParts(root)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func defaults(t *testing.T, p *Parts) Limits {
	t.Helper()
	l, err := p.Default()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// now is a scenario of the code as it is.
func now(limits Limits, rate float64, length time.Duration) Scenario {
	return Scenario{Seed: 1, Rate: rate, For: length, Owners: manyOwners, Completes: 1, Limits: limits, Shards: 256, SweepLanes: 16, StartsOnce: true}
}

func simulate(t *testing.T, p *Parts, s Scenario) *World {
	t.Helper()
	w, err := NewWorld(p, s)
	if err != nil {
		t.Fatal(err)
	}
	w.Run()
	return w
}

// The servers are an M/M/c queue, whose waits are known (Erlang's C formula), and like
// everything that is stable they hold as many as come in a second for as long as each
// stays (Little's law).
func TestTheServersWaitAsErlangAndLittleSay(t *testing.T) {
	for _, tt := range []struct {
		c           int
		utilisation float64
	}{{1, 0.5}, {2, 0.8}, {4, 0.7}, {20, 0.9}} {
		const service = 0.04 // seconds, in the mean
		rate := tt.utilisation * float64(tt.c) / service
		random := rand.New(rand.NewPCG(1, 2))
		var clock Clock
		servers := NewServers(&clock, tt.c)
		var waited, stayed, area, inside float64
		var last time.Duration
		const n = 400_000
		change := func(by float64) {
			area += inside * (clock.Now() - last).Seconds()
			last = clock.Now()
			inside += by
		}
		left := n
		var arrive func()
		arrive = func() {
			begun, takes := clock.Now(), random.ExpFloat64()*service
			change(1)
			servers.Serve(time.Duration(takes*float64(time.Second)), func() {
				stay := (clock.Now() - begun).Seconds()
				stayed += stay
				waited += stay - takes
				change(-1)
			})
			if left--; left > 0 {
				clock.After(time.Duration(random.ExpFloat64()/rate*float64(time.Second)), arrive)
			}
		}
		arrive()
		clock.Run(math.MaxInt64)

		want := erlangC(tt.c, rate*service) / (float64(tt.c)/service - rate)
		if got := waited / n; math.Abs(got-want) > 0.06*want {
			t.Errorf("%d servers at %v: a wait of %v, and Erlang says %v", tt.c, tt.utilisation, got, want)
		}
		seconds := clock.Now().Seconds()
		if mean, little := area/seconds, n/seconds*stayed/n; math.Abs(mean-little) > 0.001*little {
			t.Errorf("%d servers: %v are inside in the mean, and Little says %v", tt.c, mean, little)
		}
	}
}

// erlangC is how likely one that comes has to wait for one of c servers, of which load
// are busy in the mean.
func erlangC(c int, load float64) float64 {
	b := 1.0
	for k := 1; k <= c; k++ {
		b = load * b / (float64(k) + load*b)
	}
	return b / (1 - load/float64(c)*(1-b))
}

func TestABucketGivesNoMoreThanItsBurstAndItsRate(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, b := range []*Bucket{NewBucket(300, 400), NewBucket(1000, 0), NewBucket(5, 1)} {
		type taking struct {
			at time.Duration
			n  float64
		}
		var taken []taking
		at := time.Duration(0)
		for range 2000 {
			at += time.Duration(random.ExpFloat64() / b.Rate / 2 * float64(time.Second))
			switch random.IntN(3) {
			case 0:
				taken = append(taken, taking{at + b.Wait(at, 1), 1})
			default:
				if b.Take(at, 1) {
					taken = append(taken, taking{at, 1})
				}
			}
		}
		if len(taken) < 500 || b.meter.refused == 0 {
			t.Fatalf("%d were taken, %d refused", len(taken), b.meter.refused)
		}
		for i := range taken {
			sum := 0.0
			for _, x := range taken[i:] {
				sum += x.n
				if most := b.Burst + b.Rate*(x.at-taken[i].at).Seconds(); sum > most+1e-3 {
					t.Fatalf("%v within %v, and no more than %v may be", sum, x.at-taken[i].at, most)
				}
			}
		}
	}
}

// Whatever is too little, and whatever is held back for it, no upload is forgotten, no
// good file is rejected, and no more is used than there is.
func TestEveryUploadHasAnEndAndNoLimitIsExceeded(t *testing.T) {
	p := parts(t)
	def := defaults(t, p)
	raised, err := p.Raised(def, 1000)
	if err != nil {
		t.Fatal(err)
	}
	with := func(l Limits, name string, limit Limit) Limits {
		out := Limits{}
		for n, v := range l {
			out[n] = v
		}
		out[name] = limit
		return out
	}
	for name, s := range map[string]Scenario{
		"as it stands":         now(def, 300, 10*time.Second),
		"routes open":          now(def.Open(), 500, 10*time.Second),
		"few functions":        now(with(raised, lambdaConcurrency, Limit{Value: 300}), 500, 5*time.Second),
		"few signatures":       now(with(raised, signatures, Limit{Value: 50}), 300, 5*time.Second),
		"few transitions":      now(with(raised, transitions, Limit{Value: 300}), 300, 5*time.Second),
		"small tables":         now(with(raised, warmWrites, Limit{Value: 1000}), 300, 5*time.Second),
		"one owner":            {Seed: 2, Rate: 100, For: 10 * time.Second, Owners: 1, Limits: raised, Shards: 256, StartsOnce: true},
		"EventBridge pauses":   {Seed: 3, Rate: 100, For: 20 * time.Second, Owners: 1000, Limits: def.Open(), Shards: 256, PausedTo: 10 * time.Second},
		"events are lost":      {Seed: 4, Rate: 100, For: 20 * time.Second, Owners: 1000, Limits: def.Open(), Shards: 256, SweepLanes: 16, PausedTo: 10 * time.Second, Lost: true},
		"all at one moment":    {Seed: 5, AtOnce: 3000, Owners: 3000, Completes: 1, Limits: def.Open(), Shards: 256, SweepLanes: 16, StartsOnce: true},
		"nothing is limited":   now(def.Lifted(), 500, 5*time.Second),
		"little of everything": now(with(with(def, startExecution, Limit{Value: 20}), putEvents, Limit{Value: 100}), 150, 10*time.Second),
	} {
		w := simulate(t, p, s)
		ended := w.Ends[Ready] + w.Ends[Refused] + w.Ends[Rejected] + w.Ends[Broken]
		if ended != w.Arrived || w.Arrived == 0 || w.Ends[Broken] != 0 || w.open != 0 || w.account.inUse != 0 {
			t.Errorf("%s: %d of %d have an end (%v), %d executions and %d functions are left", name, ended, w.Arrived, w.Ends, w.open, w.account.inUse)
		}
		if most := s.Limits[lambdaConcurrency].Value; float64(w.account.peak) > most {
			t.Errorf("%s: %d functions at a time of %v", name, w.account.peak, most)
		}
		if most := s.Limits[scanConcurrency].Value; w.account.fns[scanConcurrency].peak > most {
			t.Errorf("%s: %v scans at a time of %v", name, w.account.fns[scanConcurrency].peak, most)
		}
		within := func(what string, b *Bucket) {
			if b.meter.peak > b.Burst+b.Rate+1 || b.meter.total > b.Burst+b.Rate*(w.Clock.Now().Seconds()+1) {
				t.Errorf("%s: %s gave %v in a second, and %v altogether", name, what, b.meter.peak, b.meter.total)
			}
		}
		for n, b := range w.buckets {
			within(n, b)
		}
		for n, b := range w.routes {
			within(n, b)
		}
		for n, place := range w.tables.places {
			within(n, place.whole)
			for _, b := range place.keys {
				within("a key of "+n, b)
			}
		}
	}
}

func TestARunIsTheSameBySeed(t *testing.T) {
	p := parts(t)
	s := now(defaults(t, p), 250, 10*time.Second)
	a, b := simulate(t, p, s), simulate(t, p, s)
	if a.Ends != b.Ends || a.Clock.fired != b.Clock.fired || a.ToReady != b.ToReady || a.tables.Conflicts != b.tables.Conflicts {
		t.Errorf("%v after %d events, and %v after %d", a.Ends, a.Clock.fired, b.Ends, b.Clock.fired)
	}
	s.Seed++
	if c := simulate(t, p, s); c.Clock.fired == a.Clock.fired {
		t.Error("another seed makes the same run")
	}
}

// With nothing limited, and nothing left to chance, an upload takes what its parts take.
func TestWithoutLimitsTheTimeToReadyIsTheSumOfTheParts(t *testing.T) {
	p := parts(t)
	p.Times.Malware = 0
	p.Times.Sizes = Sizes{Median: 1e6, Mean: 1e6, Largest: 1e9}
	p.Times.Latencies["cold start"] = &Latency{}
	for name, l := range p.Times.Latencies {
		p.Times.Latencies[name] = &Latency{P50: l.P50, P99: l.P50}
	}
	for _, f := range p.Functions {
		for i := range f.Calls {
			f.Calls[i].Times = math.Ceil(f.Calls[i].Times)
		}
	}
	s := now(defaults(t, p).Lifted(), 0.1, 10*time.Minute) // hardly two at a time
	s.Completes = 0
	w := simulate(t, p, s)
	of := func(name string) time.Duration { return p.Times.Latency(name).typical() }
	until := func(function, last string) time.Duration {
		f := p.Functions[function]
		d := f.Own
		for _, c := range f.Calls {
			d += time.Duration(c.Times) * of(c.Operation)
			if c.Operation == last {
				break
			}
		}
		return d
	}
	want := of("S3 event") + until("StartVerificationFunction", "StartExecution") +
		of("state") + until("ValidateObjectFunction", "") +
		of("state") + p.Functions["ScanObjectFunction"].Own + of("GetItem") + of("GetObject") + p.MeanScan() +
		of("state") + // IsClean
		of("state") + until("MarkReadyFunction", "TransactWriteItems")
	if w.Ends[Ready] < 40 || w.Ends[Ready] != w.Arrived {
		t.Fatalf("%v of %d", w.Ends, w.Arrived)
	}
	if got := w.ToReady.Mean(); got < want-time.Millisecond || got > want+want/100 {
		t.Errorf("%v to ready, and the parts are %v", got, want)
	}
}

// Of the transactions on one item, as many meet another at their first attempt as the
// item is busy: the rate times how long each holds it, which is what docs/quotas.md has.
func TestTransactionsOnOneItemMeetAsOftenAsItIsBusy(t *testing.T) {
	const hold = 10 * time.Millisecond
	for _, rate := range []float64{10, 30, 50} {
		tables, err := NewTables(map[string]string{"UsageTable": "account"}, math.Inf(1), math.Inf(1), hold)
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(5, 6))
		var clock Clock
		met, n := 0, 50_000
		u := &Upload{}
		var try func(attempt int, wait time.Duration)
		try = func(attempt int, wait time.Duration) {
			if tables.write(clock.Now(), u, []Write{{"UsageTable", 2, 1}}) == written {
				return
			}
			if attempt == 1 {
				met++
			}
			if attempt < conflictAttempts {
				clock.After(time.Duration(random.Float64()*float64(wait)), func() { try(attempt+1, min(2*wait, longestWait)) })
			}
		}
		at := time.Duration(0)
		for range n {
			at += time.Duration(random.ExpFloat64() / rate * float64(time.Second))
			clock.After(at, func() { try(1, firstWait) })
		}
		clock.Run(math.MaxInt64)
		if got, want := float64(met)/float64(n), rate*hold.Seconds(); math.Abs(got-want) > 0.02 {
			t.Errorf("%v a second: %.3f meet another, and the item is busy for %.3f", rate, got, want)
		}
	}
}

// A run in which nothing is limited uses what local/costs has counted.
func TestAnUploadUsesWhatWasCounted(t *testing.T) {
	p := parts(t)
	var counts Counts
	if err := readJSON(root+"/local/costs/counts.json", &counts); err != nil {
		t.Fatal(err)
	}
	s := counts.Stages[counts.stage(readyStage)]
	w := simulate(t, p, now(defaults(t, p).Lifted(), 200, 20*time.Second))
	n := float64(w.Arrived)
	for name, tt := range map[string]struct{ got, counted, tolerance float64 }{
		// Refused attempts of the race between the client and the event are counted too,
		// and not simulated.
		"write units":       {w.writes() / n, s.Usage["dynamodb-write-units"], 0.12},
		"state transitions": {w.buckets[transitions].meter.total / n, s.Usage["state-transitions"], 0.01},
		"signatures":        {w.buckets[signatures].meter.total / n, s.Usage["kms-asymmetric-requests"], 0.01},
		"calls of the API":  {w.buckets[apiRequests].meter.total / n, s.Usage["api-requests"], 0.1},
	} {
		want := tt.counted / float64(s.Files)
		if math.Abs(tt.got-want) > tt.tolerance*want {
			t.Errorf("%s: %v for each upload, and %v were counted", name, tt.got, want)
		}
	}
}

func TestAHistogramsQuantilesAreRightToOnePercent(t *testing.T) {
	var h Histogram
	for i := range 10_000 {
		h.Add(time.Duration(i+1) * time.Millisecond)
	}
	for q, want := range map[float64]time.Duration{0.5: 5 * time.Second, 0.99: 9900 * time.Millisecond, 1: 10 * time.Second} {
		if got := h.Quantile(q); math.Abs(float64(got-want)) > 0.01*float64(want) {
			t.Errorf("%v: %v", q, got)
		}
	}
}
