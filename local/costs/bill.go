package costs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// What is billed besides what was counted here.
const (
	ScheduledRuns    Dimension = "scheduled-invocations" // by EventBridge Scheduler
	ZoneBytes        Dimension = "zone-bytes"            // from one zone to another
	GuardDutyObjects Dimension = "guardduty-objects"
	GuardDutyBytes   Dimension = "guardduty-bytes"
	LambdaX86        Dimension = "lambda-x86-gb-seconds" // of another's design, as those that follow
	InstanceHours    Dimension = "instance-hours"
	QueueRequests    Dimension = "queue-requests"
	Notifications    Dimension = "notifications"
)

// half of what is streamed to clamd goes to a task in the other one of two zones,
// for a function takes any task.
const half = 0.5

// billed is what one file of a stage is billed for: what was counted, what follows
// from it elsewhere, and not what a client's download costs on the internet, which
// is the same whoever has verified the file, nor traces, which are off by default.
func (s Stage) billed() Usage {
	u := s.Usage.per(float64(s.Files))
	scanned := u[ScannedBytes]
	delete(u, ScannedBytes)
	delete(u, DownloadedBytes)
	delete(u, Traces) // made with Tracing=Active only
	switch {
	case s.Name == UploadGuardDuty:
		u.Add(GuardDutyObjects, 1)
		u.Add(GuardDutyBytes, float64(s.Bytes))
		u.Add(StoreGets, 1) // GuardDuty's own read is billed to the bucket's account
	case scanned > 0:
		u.Add(ZoneBytes, half*scanned)
	}
	return u
}

// bill is what something costs, in USD, by dimension.
type bill map[Dimension]float64

func (l PriceList) bill(u map[Dimension]float64) (bill, error) {
	b := bill{}
	for d, n := range u {
		usd, err := l.of(d, n)
		if err != nil {
			return nil, err
		}
		b[d] = usd
	}
	return b, nil
}

// sum adds up some dimensions, or all if none is named, always in the same order, so
// that it is always rounded alike.
func (b bill) sum(of ...Dimension) (usd float64) {
	for _, d := range slices.Sorted(maps.Keys(b)) {
		if len(of) == 0 || slices.Contains(of, d) {
			usd += b[d]
		}
	}
	return usd
}

// group is a column: a service, and what is billed of it.
type group struct {
	name string
	of   []Dimension
}

var groups = []group{
	{"API Gateway", []Dimension{APIRequests}},
	{"Lambda", []Dimension{LambdaRequests, LambdaTime}},
	{"Step Functions", []Dimension{Transitions}},
	{"DynamoDB", []Dimension{WriteUnits, ReadUnits}},
	{"S3", []Dimension{StorePuts, StoreGets, StoreDeletes}},
	{"EventBridge", []Dimension{StoreEvents, BusEvents, ScheduledRuns}},
	{"KMS", []Dimension{Signatures}},
	{"logs", []Dimension{LogBytes}},
	{"between zones", []Dimension{ZoneBytes}},
	{"GuardDuty", []Dimension{GuardDutyObjects, GuardDutyBytes}},
}

// monthly is what a schedule uses a month.
func (s Schedule) monthly() Usage {
	runs := hours * 3600 / s.EverySeconds
	u := Usage{}
	for d, n := range s.billed() {
		u[d] = n * runs
	}
	u.Add(ScheduledRuns, runs)
	return u
}

// fixedMonth is what a deployment costs a month without a file: what stands there,
// the metrics, and the schedules.
func (c Counts) fixedMonth(l PriceList, stands map[Dimension]float64) (float64, error) {
	b, err := l.bill(stands)
	if err != nil {
		return 0, err
	}
	metrics, err := l.of(Metrics, float64(len(c.Metrics)))
	if err != nil {
		return 0, err
	}
	total := b.sum() + metrics
	for _, s := range c.Schedules {
		b, err := l.bill(s.monthly())
		if err != nil {
			return 0, err
		}
		total += b.sum()
	}
	return total, nil
}

// design is a way to have uploads scanned: what it costs a month, and a file.
type design struct {
	name        string
	month, file float64
}

// scan is what cdk-serverless-clamscan is taken to need for any file: clamscan
// loads all signatures anew for each ("20 to 30 seconds for 68 bytes", its issue
// 1395), in a function of 10,240 MB on x86 (src/index.ts).
const (
	clamscanSeconds = 20
	clamscanGB      = 10
)

// designs are Vouch's and others', for files of 1 MB from the upload to the verdict.
func (c Counts) designs(l PriceList) ([]design, error) {
	price := func(u Usage) (float64, error) {
		b, err := l.bill(u)
		return b.sum(), err
	}
	var all []design
	for _, d := range []struct {
		name, stage string
		stands      map[Dimension]float64
	}{
		{"Vouch, ClamAV on Fargate", UploadMB, c.ClamAV},
		{"Vouch, GuardDuty alone", UploadGuardDuty, c.GuardDuty},
	} {
		s, ok := c.Stage(d.stage)
		if !ok {
			return nil, fmt.Errorf("nobody has counted the %s", d.stage)
		}
		month, err := c.fixedMonth(l, d.stands)
		if err != nil {
			return nil, err
		}
		file, err := price(s.billed())
		if err != nil {
			return nil, err
		}
		all = append(all, design{d.name, month, file})
	}
	for _, d := range []struct {
		name        string
		month, file Usage
	}{
		// The PUT, GuardDuty's read, and the tag that says what it found.
		{"GuardDuty Malware Protection for S3, by itself", nil, Usage{StorePuts: 2, StoreGets: 1, GuardDutyObjects: 1, GuardDutyBytes: megabyte}},
		// The PUT; two tags set, the old ones read before each and before all; the
		// download's HEAD and GET (assets/lambda/code/scan/lambda.py); the result's event.
		{"cdk-serverless-clamscan", nil, Usage{StorePuts: 3, StoreGets: 5, LambdaRequests: 1, LambdaX86: clamscanGB * clamscanSeconds, BusEvents: 1}},
		// One machine for as long as the month. The PUT, S3's message to the queue, its
		// receipt and its deletion, the GET, the tag, the finding (bucketAV's concepts).
		{"bucketAV, without its own price", Usage{InstanceHours: hours}, Usage{StorePuts: 2, StoreGets: 1, QueueRequests: 3, Notifications: 1}},
	} {
		month, err := price(d.month)
		if err != nil {
			return nil, err
		}
		file, err := price(d.file)
		if err != nil {
			return nil, err
		}
		all = append(all, design{d.name, month, file})
	}
	return all, nil
}

// saving is what could be left out.
type saving struct {
	what string
	usd  float64 // a million files of 1 MB that are uploaded
}

// savings are computed from what a file of 1 MB uses on its way to ready.
func (c Counts) savings(l PriceList) ([]saving, error) {
	s, ok := c.Stage(UploadMB)
	if !ok {
		return nil, fmt.Errorf("nobody has counted the %s", UploadMB)
	}
	n := million / float64(s.Files)
	var all []saving
	for _, state := range []struct{ name, what string }{
		{"IsClean", "no state `IsClean` (Choice): one function for both ends"},
	} {
		if s.States[state.name] == 0 {
			continue
		}
		usd, err := l.of(Transitions, n*float64(s.States[state.name]))
		if err != nil {
			return nil, err
		}
		all = append(all, saving{state.what, usd})
	}
	usd, err := l.of(ZoneBytes, n*s.Usage[ScannedBytes]*half)
	if err != nil {
		return nil, err
	}
	all = append(all, saving{"scans by a task in the function's own zone; as much of each TB, whatever its files", usd})
	for name, use := range s.Indexes {
		if use.Units == use.KeysOnly {
			continue
		}
		usd, err := l.of(WriteUnits, n*(use.Units-use.KeysOnly))
		if err != nil {
			return nil, err
		}
		table, index, _ := strings.Cut(strings.TrimPrefix(name, "vouch-"), " ")
		all = append(all, saving{fmt.Sprintf("the index `%s` of %s with keys only", index, table), usd})
	}
	slices.SortFunc(all, func(a, b saving) int {
		if a.usd != b.usd {
			return int(1e6 * (b.usd - a.usd))
		}
		return strings.Compare(a.what, b.what)
	})
	return all, nil
}
