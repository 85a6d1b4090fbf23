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
	"math"
	"os"
	"slices"
	"strconv"
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
	dimensions := slices.Sorted(maps.Keys(e.Dimensions))
	for i, v := range values {
		_, taken := e.Dimensions[v.Name]
		if taken || slices.ContainsFunc(values[:i], func(other Value) bool { return other.Name == v.Name }) {
			return fmt.Errorf("emit the metric %s: the name is taken", v.Name)
		}
	}
	// Written by hand, for every call that hands out a URL writes one.
	line := make([]byte, 0, 512)
	line = strconv.AppendInt(append(line, `{"_aws":{"Timestamp":`...), e.Now().UnixMilli(), 10)
	line = append(appendText(append(line, `,"CloudWatchMetrics":[{"Namespace":`...), e.Namespace), `,"Dimensions":[[`...)
	for i, name := range dimensions {
		line = appendText(comma(line, i), name)
	}
	line = append(line, `]],"Metrics":[`...)
	for i, v := range values {
		line = appendText(append(comma(line, i), `{"Name":`...), v.Name)
		line = append(appendText(append(line, `,"Unit":`...), string(v.Unit)), '}')
	}
	line = append(line, `]}]}`...)
	for _, name := range dimensions {
		line = appendText(append(appendText(append(line, ','), name), ':'), e.Dimensions[name])
	}
	for _, v := range values {
		if math.IsNaN(v.Value) || math.IsInf(v.Value, 0) {
			return fmt.Errorf("emit the metric %s: %v is no value", v.Name, v.Value)
		}
		line = strconv.AppendFloat(append(appendText(append(line, ','), v.Name), ':'), v.Value, 'f', -1, 64)
	}
	if _, err := e.Out.Write(append(line, "}\n"...)); err != nil {
		return fmt.Errorf("write metrics: %w", err)
	}
	return nil
}

// comma goes before every element but the first.
func comma(line []byte, i int) []byte {
	if i == 0 {
		return line
	}
	return append(line, ',')
}

// appendText appends s as JSON.
func appendText(line []byte, s string) []byte {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\' {
			quoted, _ := json.Marshal(s) // of a string it never fails
			return append(line, quoted...)
		}
	}
	return append(append(append(line, '"'), s...), '"')
}
