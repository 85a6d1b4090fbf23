package sim

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// Parts are what a run is made of, apart from its scenario and the limits.
type Parts struct {
	Design    *Design
	Workflow  *Definition
	Functions map[string]*Function
	Times     *Times
	PerFile   float64 // USD that AWS would bill for an upload (docs/costs.md)
	PerTask   float64 // USD an hour, of a task of clamd
}

// The stages of local/costs that uploads are made of.
const (
	readyStage    = "upload of 1 MB to ready"
	smallStage    = "upload of 1 KB to ready"
	rejectedStage = "upload of EICAR, rejected"
)

// ReadParts reads them from the project's folder.
func ReadParts(root string) (*Parts, error) {
	p := &Parts{}
	var err error
	if p.Design, err = ReadDesign(filepath.Join(root, "template.yaml")); err != nil {
		return nil, err
	}
	definition, err := os.ReadFile(filepath.Join(root, "statemachines", "verify-file.asl.json"))
	if err != nil {
		return nil, fmt.Errorf("read the workflow: %w", err)
	}
	if p.Workflow, err = ParseDefinition(definition); err != nil {
		return nil, err
	}
	var counts Counts
	if err := readJSON(filepath.Join(root, "local", "costs", "counts.json"), &counts); err != nil {
		return nil, err
	}
	if p.Functions, err = Functions(counts, readyStage); err != nil {
		return nil, err
	}
	small, err := Functions(counts, smallStage)
	if err != nil {
		return nil, err
	}
	// What scan-object takes for itself; a file's scan is Times.ScanTime.
	p.Functions["ScanObjectFunction"].Own = small["ScanObjectFunction"].Own
	rejected, err := Functions(counts, rejectedStage)
	if err != nil {
		return nil, err
	}
	p.Functions["MarkRejectedFunction"] = rejected["MarkRejectedFunction"]
	for _, s := range p.Workflow.States {
		if f := s.function(); s.Type == "Task" && p.Functions[f] == nil && f != "AwaitGuardDutyFunction" {
			return nil, fmt.Errorf("the workflow invokes %s, of which the counts know nothing", f)
		}
	}
	if err := p.price(filepath.Join(root, "local", "costs", "prices.json"), counts); err != nil {
		return nil, err
	}
	p.Times, err = ReadTimes()
	return p, err
}

// price puts the list prices of local/costs to an upload and to a task.
func (p *Parts) price(path string, counts Counts) error {
	var list struct {
		Prices map[string]struct{ USD, Per float64 }
	}
	if err := readJSON(path, &list); err != nil {
		return err
	}
	of := func(dimension string, n float64) float64 {
		price, ok := list.Prices[dimension]
		if !ok || price.Per == 0 {
			panic("sim: there is no price of " + dimension)
		}
		return n * price.USD / price.Per
	}
	s := counts.Stages[counts.stage(readyStage)]
	for dimension, n := range s.Usage {
		switch dimension {
		case "xray-traces": // the parameter Tracing is Disabled, unless somebody sets it
		case "scanned-bytes": // half of them go to the other zone, and are paid for
			p.PerFile += of("zone-bytes", n/2) / float64(s.Files)
		default:
			p.PerFile += of(dimension, n) / float64(s.Files)
		}
	}
	p.PerTask = of("fargate-vcpu-hours", 2) + of("fargate-gb-hours", 8) + of("fargate-storage-gb-hours", 60)
	return nil
}

// Times are how long things take, and how large files are: times.json.
type Times struct {
	Latencies            map[string]*Latency
	Sizes                Sizes
	Malware              float64 // the share of files
	ScanFixed            Milliseconds
	ScanBytesPerSecond   float64
	ClientBytesPerSecond float64
	Sources              map[string]string // of the others
}

// Milliseconds are how times.json has times.
type Milliseconds float64

// Duration returns them as a duration.
func (m Milliseconds) Duration() time.Duration {
	return time.Duration(float64(m) * float64(time.Millisecond))
}

// Latency is a lognormal distribution, by its median and its 99th percentile.
type Latency struct {
	P50, P99 Milliseconds
	Source   string
}

func (l *Latency) typical() time.Duration { return l.P50.Duration() }

func (l *Latency) draw(random *rand.Rand) time.Duration {
	if l.P50 == l.P99 {
		return l.typical()
	}
	return time.Duration(float64(l.P50) * math.Exp(l.sigma()*random.NormFloat64()) * float64(time.Millisecond))
}

// sigma is that of the normal distribution of the logarithm; 2.326 of it lie between
// the median and the 99th percentile.
func (l *Latency) sigma() float64 { return math.Log(float64(l.P99/l.P50)) / 2.326 }

// Sizes are how many bytes files have: lognormal, as sizes of files are found to be
// ("A Large-Scale Study of File-System Contents", Douceur and Bolosky, 1999).
type Sizes struct{ Median, Mean, Largest float64 }

func (s Sizes) draw(random *rand.Rand) float64 {
	return s.Median * math.Exp(math.Sqrt(2*math.Log(s.Mean/s.Median))*random.NormFloat64())
}

//go:embed times.json
var timesFile []byte

// ReadTimes returns the times of times.json.
func ReadTimes() (*Times, error) {
	var t Times
	if err := json.Unmarshal(timesFile, &t); err != nil {
		return nil, fmt.Errorf("read the times: %w", err)
	}
	return &t, nil
}

// Latency returns the distribution of the name, which must be there.
func (t *Times) Latency(name string) *Latency {
	l := t.Latencies[name]
	if l == nil {
		panic("sim: times.json has no " + name)
	}
	return l
}

// ScanTime is how long clamd works on a file.
func (t *Times) ScanTime(size float64) time.Duration {
	return t.ScanFixed.Duration() + time.Duration(size/t.ScanBytesPerSecond*float64(time.Second))
}

// MeanScan is that of the mean file.
func (p *Parts) MeanScan() time.Duration { return p.Times.ScanTime(p.Times.Sizes.Mean) }
