package sim

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"strings"
	"time"
)

// The quotas that a run is held to, by their names in quotas.json, and the limits that
// are the project's own, by the resource of template.yaml that sets them.
const (
	apiRequests       = "api-requests"
	lambdaConcurrency = "lambda-concurrency"
	lambdaGrowth      = "lambda-growth"
	warmWrites        = "dynamodb-warm-writes"
	tableWrites       = "dynamodb-table-writes"
	keyWrites         = "dynamodb-key-writes"
	s3Writes          = "s3-writes"
	s3Reads           = "s3-reads"
	s3Partitions      = "s3-partitions"
	busInvocations    = "eventbridge-invocations"
	putEvents         = "eventbridge-put-events"
	startExecution    = "sfn-start"
	transitions       = "sfn-transitions"
	openExecutions    = "sfn-open"
	signatures        = "kms-sign"
	fargateCPUs       = "fargate-vcpus"

	scanConcurrency = "ScanObjectFunction"
	clamdTasks      = "ClamdScaling"
	routePrefix     = "route "
)

// Quota is a limit of AWS's, of one account in one region.
type Quota struct {
	Name, Service, Quota string
	Value                *float64 // nil where there is none
	Burst                float64  // of a token bucket; 0 for as much as a second's
	Unit                 string
	Adjustable           string
	Region               string // where it differs
	Page                 string // AWS's, by name
	Checked              string // how, or that it was not
	Raised               float64
	RaisedBurst          float64
	How                  string // it is raised; empty where 10,000 uploads a second need no more
}

//go:embed quotas.json
var quotaFile []byte

// Quotas returns those of quotas.json.
func Quotas() ([]Quota, error) {
	var q []Quota
	if err := json.Unmarshal(quotaFile, &q); err != nil {
		return nil, fmt.Errorf("read the quotas: %w", err)
	}
	return q, nil
}

// Limit is how much of something there is: at once, or a second, with a burst.
type Limit struct{ Value, Burst float64 }

// Limits are those that a run is held to, by name.
type Limits map[string]Limit

// Default returns the quotas of AWS as they are without a word to anybody, and the
// limits of the template.
func (p *Parts) Default() (Limits, error) {
	quotas, err := Quotas()
	if err != nil {
		return nil, err
	}
	l := Limits{}
	for _, q := range quotas {
		if q.Value != nil {
			l[q.Name] = Limit{*q.Value, q.Burst}
		}
	}
	for name, r := range p.Design.Routes {
		l[routePrefix+name] = Limit{r.Rate, r.Burst}
	}
	l[scanConcurrency] = Limit{Value: float64(p.Design.Reserved[scanConcurrency])}
	l[clamdTasks] = Limit{Value: float64(p.Design.TasksAtMost)}
	return l, nil
}

// Open returns l without the limits of the API's routes, to see what stands behind them.
func (l Limits) Open() Limits {
	out := maps.Clone(l)
	for name := range l {
		if strings.HasPrefix(name, routePrefix) {
			out[name] = Limit{Value: math.Inf(1)}
		}
	}
	return out
}

// Raised returns l with everything raised that quotas.json says is to be, and the
// template's own limits as docs/scale.md has them for so many uploads a second.
func (p *Parts) Raised(l Limits, rate float64) (Limits, error) {
	out := l.Open()
	quotas, err := Quotas()
	if err != nil {
		return nil, err
	}
	for _, q := range quotas {
		if q.Raised != 0 {
			out[q.Name] = Limit{q.Raised, q.RaisedBurst}
		}
	}
	for name, of := range map[string]Limit{
		"POST /files": {1.5 * rate, 3 * rate}, "POST /files/{id}/complete": {1.5 * rate, 3 * rate}, "": {6 * rate, 6 * rate},
	} {
		out[routePrefix+name] = of
	}
	out[clamdTasks] = Limit{Value: p.tasksFor(rate)}
	out[scanConcurrency] = Limit{Value: 4 * p.tasksFor(rate)}
	return out, nil
}

// Lifted returns limits that hold nothing back.
func (l Limits) Lifted() Limits {
	out := Limits{}
	for name := range l {
		out[name] = Limit{Value: math.Inf(1)}
	}
	return out
}

func (l Limits) bucket(name string) *Bucket {
	limit, ok := l[name]
	if !ok {
		panic("sim: there is no limit " + name)
	}
	return NewBucket(limit.Value, limit.Burst)
}

// Scenario is what comes, and what there is for it.
type Scenario struct {
	Name      string
	Seed      uint64
	Rate      float64       // uploads a second
	For       time.Duration // how long they come
	AtOnce    int           // in place of both: so many at one moment
	Owners    int           // who ask, each as often as any other
	Completes float64       // the share whose client calls complete
	Limits    Limits

	PausedFrom, PausedTo time.Duration // EventBridge delivers nothing
	Lost                 bool          // nor later: a rule that somebody has disabled

	// What the code does, for comparing it with what it could.
	Shards        int  // of the sweeper's index, and of re-scans'
	AccountShards int  // items that an account is counted in; 0 for the one that it is
	SweepLimit    int  // files that one run of the sweeper looks after; 0 for as many as it has time for
	SweepLanes    int  // at a time
	StartsOnce    bool // a file that is verifying is not started once more
	Impatient     bool // the workflow as it was: Definition.Impatient

	OneTenant bool // all owners count in one account
}
