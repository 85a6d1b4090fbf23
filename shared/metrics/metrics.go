// Package metrics publishes numbers by writing them to the log, as lines that
// CloudWatch Logs turns into metrics ("Specification: Embedded metric format",
// Amazon CloudWatch User Guide). It needs no permission, makes no call, and can
// fail no request.
package metrics

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Unit is a unit of CloudWatch ("MetricDatum", Amazon CloudWatch API Reference).
type Unit string

// The units in use.
const (
	Seconds        Unit = "Seconds"
	Count          Unit = "Count"
	Bytes          Unit = "Bytes"
	BytesPerSecond Unit = "Bytes/Second"
)

// Value is one value of a metric.
type Value struct {
	Name  string
	Unit  Unit
	Value float64
}

// Emitter writes values as metrics of one namespace, all with the same
// dimensions.
type Emitter struct {
	Out        io.Writer // the function's standard output
	Namespace  string
	Dimensions map[string]string // at most 30
	Now        func() time.Time
}

// OfFunction returns the Emitter of the function that runs: in the project's one
// namespace, by the function's name.
func OfFunction() Emitter {
	return Emitter{
		Out:        os.Stdout,
		Namespace:  "Vouch",
		Dimensions: map[string]string{"FunctionName": lambdacontext.FunctionName},
		Now:        time.Now,
	}
}

// By returns e with one dimension more. CloudWatch keeps, and charges, a metric for
// every value that a dimension has: it must be one of few.
func (e Emitter) By(dimension, value string) Emitter {
	dimensions := maps.Clone(e.Dimensions)
	if dimensions == nil {
		dimensions = map[string]string{}
	}
	dimensions[dimension] = value
	e.Dimensions = dimensions
	return e
}

// Emit writes the values as one line of JSON, in a single write.
func (e Emitter) Emit(values ...Value) error {
	type definition struct {
		Name string
		Unit Unit
	}
	type directive struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []definition
	}
	line := map[string]any{}
	for name, value := range e.Dimensions {
		line[name] = value
	}
	d := directive{Namespace: e.Namespace, Dimensions: [][]string{slices.Sorted(maps.Keys(e.Dimensions))}}
	for _, v := range values {
		if _, taken := line[v.Name]; taken {
			return fmt.Errorf("emit the metric %s: the name is taken", v.Name)
		}
		line[v.Name] = v.Value
		d.Metrics = append(d.Metrics, definition{v.Name, v.Unit})
	}
	line["_aws"] = map[string]any{"Timestamp": e.Now().UnixMilli(), "CloudWatchMetrics": []directive{d}}
	data, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("encode metrics: %w", err)
	}
	if _, err := e.Out.Write(append(data, '\n')); err != nil {
		return fmt.Errorf("write metrics: %w", err)
	}
	return nil
}
