package costs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
)

// eventOverhead is what CloudWatch Logs adds to the bytes of each event
// ("PutLogEvents", Amazon CloudWatch Logs API Reference). That it is billed too is
// not documented: this errs on the dear side.
const eventOverhead = 26

// What Lambda writes of each invocation by itself, with tracing, in the text
// format ("Viewing CloudWatch logs for Lambda functions").
var platformLines = []string{
	"START RequestId: 8f507cfc-example-4697-b07a-ac58fc914c95 Version: $LATEST\n",
	"END RequestId: 8f507cfc-example-4697-b07a-ac58fc914c95\n",
	"REPORT RequestId: 8f507cfc-example-4697-b07a-ac58fc914c95\tDuration: 15.74 ms\tBilled Duration: 16 ms\tMemory Size: 256 MB\tMax Memory Used: 56 MB\t\n" +
		"XRAY TraceId: 1-5d9d007f-0a8c7fd02example480aed55\tSegmentId: 1d5e1a6d2example\tSampled: true\t\n",
}

// platformLog is how many bytes are billed of them.
var platformLog = func() (n float64) {
	for _, event := range platformLines {
		n += float64(len(event) + eventOverhead)
	}
	return n
}()

// billedLog is how many bytes are billed of lines, each an event.
func billedLog(lines []byte) int { return len(lines) + bytes.Count(lines, []byte("\n"))*eventOverhead }

// logTail reads what was written to a file since an offset.
func logTail(path string, from int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the functions' log: %w", err)
	}
	defer f.Close()
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read the functions' log: %w", err)
	}
	return io.ReadAll(f)
}

// metricsIn lists the metrics that lines in the embedded metric format hold, each
// with the values of its dimensions: each is billed by itself.
func metricsIn(lines []byte) (all []string) {
	for line := range bytes.Lines(lines) {
		var entry struct {
			AWS struct {
				CloudWatchMetrics []struct {
					Namespace  string
					Dimensions [][]string
					Metrics    []struct{ Name string }
				}
			} `json:"_aws"`
		}
		var fields map[string]any
		if json.Unmarshal(line, &entry) != nil || json.Unmarshal(line, &fields) != nil {
			continue // functions print what is no JSON when they panic
		}
		for _, d := range entry.AWS.CloudWatchMetrics {
			for _, set := range d.Dimensions {
				var at []string
				for _, name := range set {
					at = append(at, fmt.Sprint(fields[name]))
				}
				for _, m := range d.Metrics {
					all = append(all, d.Namespace+"/"+m.Name+" of "+strings.Join(at, ", "))
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

var logVariable = regexp.MustCompile(`\$context\.[A-Za-z.]+`)

// accessLog is how many bytes are billed of the line that the HTTP API writes of a
// call, in the template's format.
func accessLog(format, route, subject string) int {
	line := logVariable.ReplaceAllStringFunc(format, func(name string) string {
		switch name {
		case "$context.requestId":
			return "JKJaXmPLvHcESHA="
		case "$context.requestTime":
			return "10/Jul/2021:04:14:35 +0000"
		case "$context.routeKey":
			return route
		case "$context.status":
			return "200"
		case "$context.responseLatency":
			return "120"
		case "$context.authorizer.claims.sub":
			return subject
		}
		return "-"
	})
	return billedLog([]byte(line + "\n"))
}
