// Package costs counts what AWS would bill for the lives of files, from the calls
// that the local stack really makes, and puts list prices to it.
//
// Proxies before DynamoDB, S3 and the other services write down each request of
// the functions, and of clients by presigned URLs; the client's transport each
// call of the API; Lambda each invocation; and each workflow is walked through its
// own definition by what its tasks answered. What has no price here is an error,
// never nothing. docs/costs.md is written from the counts that a run has left in
// counts.json and from the list in prices.json.
package costs

import (
	"maps"
	"slices"
)

// Dimension is something that AWS bills by the unit. It is the name of a price.
type Dimension string

// What is billed by use.
const (
	APIRequests     Dimension = "api-requests"            // of an HTTP API, each up to 512 KB
	LambdaRequests  Dimension = "lambda-requests"         // invocations
	LambdaTime      Dimension = "lambda-gb-seconds"       // memory of the function × milliseconds, rounded up
	Transitions     Dimension = "state-transitions"       // of Standard workflows
	WriteUnits      Dimension = "dynamodb-write-units"    // write request units, those of indexes included
	ReadUnits       Dimension = "dynamodb-read-units"     // read request units
	StorePuts       Dimension = "s3-put-requests"         // PUT, COPY, POST and LIST
	StoreGets       Dimension = "s3-get-requests"         // GET, HEAD and all others
	StoreDeletes    Dimension = "s3-delete-requests"      // of objects and of uploads in parts
	StoreEvents     Dimension = "s3-events"               // data events that S3 sends to EventBridge
	BusEvents       Dimension = "eventbridge-events"      // custom events, each 64 KB
	Signatures      Dimension = "kms-asymmetric-requests" // on P-256
	LogBytes        Dimension = "log-bytes"               // taken in by CloudWatch Logs
	Traces          Dimension = "xray-traces"             // recorded, if none is left out
	ScannedBytes    Dimension = "scanned-bytes"           // that scan-object read from S3
	DownloadedBytes Dimension = "downloaded-bytes"        // that S3 sent to clients
)

// Usage is how much of what was used.
type Usage map[Dimension]float64

// Add adds n of d.
func (u Usage) Add(d Dimension, n float64) { u[d] += n }

// Dimensions are those of which there is something, in order.
func (u Usage) Dimensions() []Dimension { return slices.Sorted(maps.Keys(u)) }

// per returns u by each of n.
func (u Usage) per(n float64) Usage {
	out := Usage{}
	for d, v := range u {
		out[d] = v / n
	}
	return out
}

// Stage is a part of the life of some files, and what it used.
type Stage struct {
	Name  string
	Files int   // that went through it; of a schedule, its runs
	Bytes int64 // of each file

	// Usage is what all of them used together.
	Usage Usage

	// Calls are what Usage comes from, by who asked and what.
	Calls map[string]Call

	// Indexes are the write units of each index.
	Indexes map[string]IndexUse `json:",omitempty"`

	// States counts the states that workflows have entered.
	States map[string]int `json:",omitempty"`
}

// Call is how often something was asked, and the units of it that are billed.
type Call struct {
	Times int
	Units float64
}

// IndexUse is what an index was written with, and would be if it held no more than
// keys.
type IndexUse struct{ Units, KeysOnly float64 }

// Counts are what a run has counted.
type Counts struct {
	// Machine says where durations were measured, and how busy it was.
	Machine string

	Stages    []Stage
	Schedules []Schedule

	// Metrics are the names of the metrics that the functions' logs hold, with
	// their dimensions.
	Metrics []string

	// ClamAV and GuardDuty are what stands in the template and is billed by the hour
	// or the month, used or not, with clamd on Fargate and with GuardDuty alone: how
	// many of each price, a month. Tasks of Fargate are part of it.
	ClamAV, GuardDuty map[Dimension]float64
}

// Schedule is what a run of a scheduled function used that found nothing to do.
type Schedule struct {
	Stage
	EverySeconds float64
}

// Stage returns the stage of that name.
func (c Counts) Stage(name string) (Stage, bool) {
	i := slices.IndexFunc(c.Stages, func(s Stage) bool { return s.Name == name })
	if i < 0 {
		return Stage{}, false
	}
	return c.Stages[i], true
}
