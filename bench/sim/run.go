package sim

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/vouch-s3/vouch/bench/results"
	"github.com/vouch-s3/vouch/shared/dynamo"
)

// TheName is that of the results' file, and Command makes it again.
const (
	TheName = "scale"
	Command = "make sim"
)

// Groups of runs, each a table.
const (
	asItStands = "as it stands"
	openDoor   = "routes open"
	asItWas    = "as it was"
	raised     = "raised"
	oneOwner   = "one owner"
	oneTenant  = "one tenant"
	pause      = "EventBridge pauses"
	losses     = "events are lost"
	losing     = "events are lost, as it was"
	lifted     = "nothing limited"
)

// manyOwners are so many that hardly two files of one meet.
const manyOwners = 1_000_000

// Scenarios lists the runs of docs/scale.md, by group.
func Scenarios(p *Parts) (all []Scenario, err error) {
	def, err := p.Default()
	if err != nil {
		return nil, err
	}
	add := func(group string, limits Limits, rate float64, length time.Duration, change ...func(*Scenario)) {
		s := Scenario{
			Name: group, Seed: uint64(len(all) + 1), Rate: rate, For: length, Owners: manyOwners, Completes: 1, Limits: limits,
			Shards: len(dynamo.Shards()), SweepLanes: 16, StartsOnce: true,
		}
		for _, c := range change {
			c(&s)
		}
		all = append(all, s)
	}
	was := func(s *Scenario) {
		s.Shards, s.SweepLimit, s.SweepLanes, s.StartsOnce, s.Impatient = 16, 500, 1, false, true
	}
	const minute = time.Minute

	add(lifted, def.Lifted(), 1000, 30*time.Second)
	for _, r := range []struct {
		rate float64
		len  time.Duration
	}{{10, 2 * minute}, {100, minute}, {200, minute}, {1000, 30 * time.Second}, {10_000, 10 * time.Second}} {
		add(asItStands, def, r.rate, r.len)
	}
	for _, r := range []struct {
		rate float64
		len  time.Duration
	}{{100, minute}, {200, minute}, {300, minute}, {1000, 30 * time.Second}, {10_000, 10 * time.Second}} {
		add(openDoor, def.Open(), r.rate, r.len)
	}
	for _, r := range []float64{100, 1000, 10_000} {
		limits, err := p.Raised(def, r)
		if err != nil {
			return nil, err
		}
		add(raised, limits, r, 20*time.Second)
		if r == 10_000 {
			add(raised, limits, r, 0, func(s *Scenario) { s.AtOnce = 10_000 })
		}
	}
	add(asItWas, def.Open(), 300, minute, was)
	add(asItWas, def.Open(), 1000, 30*time.Second, was)
	most, err := p.Raised(def, 10_000)
	if err != nil {
		return nil, err
	}
	add(asItWas, most, 10_000, 10*time.Second, was)

	for _, rate := range []float64{5, 10, 20, 50, 100} {
		add(oneOwner, most, rate, minute, func(s *Scenario) { s.Owners = 1 })
	}
	for _, rate := range []float64{10, 20, 100, 1000} {
		add(oneTenant, most, rate, minute, func(s *Scenario) { s.OneTenant = true })
	}
	for _, shards := range []int{64, 1024} {
		add(oneTenant, most, 1000, 20*time.Second, func(s *Scenario) { s.OneTenant, s.AccountShards = true, shards })
	}
	for _, completes := range []float64{1, 0.5, 0} {
		add(pause, most, 500, 7*minute, func(s *Scenario) {
			s.Completes, s.PausedFrom, s.PausedTo = completes, minute, 6*minute
		})
	}
	add(pause, def.Open(), 100, 7*minute, func(s *Scenario) {
		s.Completes, s.PausedFrom, s.PausedTo = 0, minute, 6*minute
	})
	lose := func(s *Scenario) { s.Completes, s.Lost, s.PausedTo = 0, true, 5*minute }
	add(losses, def.Open(), 100, 6*minute, lose)
	add(losing, def.Open(), 100, 6*minute, was, lose)
	add(losses, most, 500, 6*minute, lose)
	add(losing, most, 500, 6*minute, was, lose)
	return all, nil
}

// params tell a run from the others of its group.
func (s Scenario) params() map[string]string {
	p := map[string]string{"rate": strconv.FormatFloat(s.Rate, 'f', -1, 64), "for": s.For.String(), "completes": strconv.FormatFloat(s.Completes, 'f', -1, 64)}
	if s.AtOnce > 0 {
		p["rate"], p["for"] = fmt.Sprintf("%d at once", s.AtOnce), "0s"
	}
	if s.AccountShards > 0 {
		p["shards"] = strconv.Itoa(s.AccountShards)
	}
	if s.Name == pause && s.Limits[startExecution].Value < 1000 {
		p["quotas"] = "default"
	}
	if s.Lost {
		p["lost"] = s.PausedTo.String()
	}
	return p
}

// Add runs the scenario and adds what came of it to the table.
func Add(t *results.Table, p *Parts, s Scenario) (*World, error) {
	w, err := NewWorld(p, s)
	if err != nil {
		return nil, err
	}
	w.Run()
	r := t.Row(s.Name, s.params())
	r.Add("uploads", float64(w.Arrived))
	for name, e := range map[string]End{"ready": Ready, "refused": Refused, "rejected": Rejected, "broken": Broken, "unfinished": Unfinished} {
		r.Add(name, float64(w.Ends[e]))
	}
	if w.Ends[Unfinished] = w.Arrived - w.Ends[Ready] - w.Ends[Refused] - w.Ends[Rejected] - w.Ends[Broken]; w.Ends[Unfinished] != 0 {
		return nil, fmt.Errorf("%s at %v: %d uploads have no end", s.Name, s.Rate, w.Ends[Unfinished])
	}
	r.Add("ready-p50-s", w.ToReady.Quantile(0.5).Seconds())
	r.Add("ready-p99-s", w.ToReady.Quantile(0.99).Seconds())
	r.Add("drained-s", w.lastReady.Seconds())
	r.Add("executions", float64(w.PeakOpen))
	r.Add("concurrency", float64(w.account.peak))
	r.Add("tasks", float64(len(w.tasks)))
	r.Add("trail-p99-s", w.TrailLate.Quantile(0.99).Seconds())
	r.Add("conflicts", float64(w.tables.Conflicts))
	r.Add("swept", float64(w.Swept))
	r.Add("dead-letters", float64(w.DeadLetter))
	r.Add("write-units", w.writes()/float64(max(w.Arrived, 1)))
	_, hot := w.tables.hottest()
	r.Add("hottest-key", hot)
	r.Add("usd-an-hour", s.Rate*3600*p.PerFile+float64(len(w.tasks))*p.PerTask)
	r.Add("events", float64(w.Clock.fired))
	for name, c := range w.Throttles() {
		r.Add("throttled "+name, float64(c))
	}
	return w, nil
}

// writes are the write units of all tables and indexes.
func (w *World) writes() (units float64) {
	for _, p := range w.tables.places {
		units += p.whole.meter.total
	}
	return units
}

// Throttles are how often each limit refused something, or had it wait.
func (w *World) Throttles() map[string]int {
	refusals := map[string]int{}
	note := func(name string, n int) {
		if n > 0 {
			refusals[name] += n
		}
	}
	for name, b := range w.buckets {
		note(name, b.meter.refused)
	}
	for name, b := range w.routes {
		note(routePrefix+name, b.meter.refused)
	}
	for name, c := range w.account.fns {
		if _, own := w.Parts.Design.Reserved[name]; own {
			note(name, c.throttled)
		} else {
			note(lambdaConcurrency, c.throttled)
		}
	}
	for name, n := range w.tables.whose {
		note("DynamoDB "+name, n)
	}
	return refusals
}

// AddUses adds what each upload takes of each resource, as a run has it in which nothing
// is limited, and what there is of it.
func AddUses(t *results.Table, p *Parts, w *World) error {
	def, err := p.Default()
	if err != nil {
		return err
	}
	most, err := p.Raised(def, 10_000)
	if err != nil {
		return err
	}
	n := float64(w.Arrived)
	add := func(name, limit string, perUpload float64) {
		r := t.Row("use", map[string]string{"of": name, "limit": limit})
		r.Add("per-upload", perUpload)
		r.Add("default", def[limit].Value)
		r.Add("raised", most[limit].Value)
	}
	for _, name := range []string{apiRequests, s3Writes, s3Reads, busInvocations, putEvents, startExecution, transitions, signatures} {
		add(name, name, w.buckets[name].meter.total/n)
	}
	// In order, so that the same runs are saved as the same file.
	for _, name := range slices.Sorted(maps.Keys(w.routes)) {
		if b := w.routes[name]; b.meter.total > 0 {
			add(routePrefix+name, routePrefix+name, b.meter.total/n)
		}
	}
	seconds := 0.0
	for name, c := range w.account.fns {
		if name != scanConcurrency {
			seconds += c.busy.Seconds()
		}
	}
	add(lambdaConcurrency, lambdaConcurrency, seconds/n)
	add(scanConcurrency, scanConcurrency, w.account.fns[scanConcurrency].busy.Seconds()/n)
	add(clamdTasks, clamdTasks, w.busyTasks.Seconds()/cpusOfTask/n)
	add(fargateCPUs, fargateCPUs, w.busyTasks.Seconds()/n)
	for _, name := range slices.Sorted(maps.Keys(w.tables.places)) {
		place := w.tables.places[name]
		each := place.whole.meter.total / n
		if each == 0 {
			continue
		}
		add(name, tableWrites, each)
		if name == "FilesTable" {
			add(name, warmWrites, each)
		}
		if place.kind == ofShard {
			add(name, keyWrites, each/float64(w.Scenario.Shards))
		}
	}
	// What S3 takes grows with the prefixes that it has split.
	for _, name := range []string{s3Writes, s3Reads} {
		t.Row("use", map[string]string{"of": name, "limit": name}).Samples["raised"][0] *= most[s3Partitions].Value
	}
	return nil
}

// MakeResults runs everything.
func MakeResults(p *Parts, progress func(format string, args ...any)) (results.Table, error) {
	t := results.New(TheName, Command)
	scenarios, err := Scenarios(p)
	if err != nil {
		return t, err
	}
	for i, s := range scenarios {
		begun := time.Now()
		w, err := Add(&t, p, s)
		if err != nil {
			return t, err
		}
		if i == 0 {
			if err := AddUses(&t, p, w); err != nil {
				return t, err
			}
		}
		progress("%-20s %8.0f a second: %d of %d ready, %d refused, %d good ones rejected (%.1f s)\n",
			s.Name, s.Rate, w.Ends[Ready], w.Arrived, w.Ends[Refused], w.Ends[Broken], time.Since(begun).Seconds())
	}
	return t, nil
}
