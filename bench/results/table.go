// Package results keeps what bench measures: the raw figures of every run, as files
// that are committed, and from them alone the tables and plots of the documents. A
// figure that stands in a document can so be looked up, and a table written in
// another way without measuring anew.
package results

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Table is what one benchmark has measured, in one go and on one machine.
type Table struct {
	Name    string    `json:"name"`    // of the file, and between which marks it stands in its document
	Command string    `json:"command"` // what measures it again
	Machine Machine   `json:"machine"`
	At      time.Time `json:"at"` // when it was begun, in UTC
	Rows    []Row     `json:"rows"`
}

// Machine is where it was measured.
type Machine struct {
	CPU   string  `json:"cpu"` // as the processor calls itself, and the architecture where it does not say
	Cores int     `json:"cores"`
	OS    string  `json:"os"`
	Go    string  `json:"go"`
	Load  float64 `json:"load"` // the load average of the minute before, 0 where nothing tells it
}

// Row is what was measured of one thing, which Name and Params together say.
type Row struct {
	Name   string            `json:"name"`
	Params map[string]string `json:"params,omitempty"`

	// Samples are the figures by metric, whose name ends with its unit (latency-ms,
	// cpu-us, rate-MB/s, allocs): one of each run, in the order of the runs, so that
	// the same place in two rows is the same run.
	Samples map[string][]float64 `json:"samples"`
}

// New returns a table without rows, of this machine and this moment.
func New(name, command string) Table {
	return Table{Name: name, Command: command, Machine: here(), At: time.Now().UTC().Truncate(time.Second)}
}

// Row returns the row of that name and those parameters, which it adds if there is
// none yet. It is valid until the next one is added.
func (t *Table) Row(name string, params map[string]string) *Row {
	for i := range t.Rows {
		if t.Rows[i].Is(name, params) {
			return &t.Rows[i]
		}
	}
	t.Rows = append(t.Rows, Row{Name: name, Params: params, Samples: map[string][]float64{}})
	return &t.Rows[len(t.Rows)-1]
}

// Find returns the samples of a metric of a row, or an error that says which is not
// there.
func (t Table) Find(name string, params map[string]string, metric string) ([]float64, error) {
	for _, r := range t.Rows {
		if s := r.Samples[metric]; len(s) > 0 && r.Is(name, params) {
			return s, nil
		}
	}
	return nil, fmt.Errorf("the results of %s have no %s of %s %v", t.Name, metric, name, params)
}

// Is says whether a row has this name and, of its parameters, these.
func (r Row) Is(name string, params map[string]string) bool {
	for k, v := range params {
		if r.Params[k] != v {
			return false
		}
	}
	return r.Name == name
}

// Add adds a run's figure.
func (r *Row) Add(metric string, v float64) {
	r.Samples[metric] = append(r.Samples[metric], v)
}

// AddTime adds a run's time in milliseconds, to a metric that ends with -ms.
func (r *Row) AddTime(metric string, d time.Duration) {
	r.Add(metric, float64(d)/float64(time.Millisecond))
}

// Of returns the spread of a metric; the zero Spread if it was not measured.
func (r Row) Of(metric string) Spread { return Of(r.Samples[metric]) }

// Where says in half a sentence what it was measured on, as the documents do.
func (t Table) Where() string {
	return fmt.Sprintf("%s, %d cores, %s, %s, load %.1f, %s", t.Machine.CPU, t.Machine.Cores, t.Machine.OS, t.Machine.Go, t.Machine.Load, t.At.Format(time.DateOnly))
}

// numbers are lists of them, as encoding/json indents them.
var numbers = regexp.MustCompile(`\[\n\s+[-0-9.e+]+(?:,\n\s+[-0-9.e+]+)*\n\s+\]`)

// Save writes the table to dir/NAME.json, with a metric a line. Figures are kept to
// six digits, which is more than any of them is exact to.
func (t Table) Save(dir string) error {
	rounded := t
	rounded.Rows = nil
	for _, r := range t.Rows {
		samples := map[string][]float64{}
		for metric, s := range r.Samples {
			kept := make([]float64, len(s))
			for i, v := range s {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					return fmt.Errorf("save the results of %s: %s of %s is %v", t.Name, metric, r.Name, v)
				}
				text := strconv.FormatFloat(v, 'g', 6, 64)
				kept[i], _ = strconv.ParseFloat(text, 64) // what FormatFloat writes can be parsed
			}
			samples[metric] = kept
		}
		rounded.Rows = append(rounded.Rows, Row{Name: r.Name, Params: r.Params, Samples: samples})
	}
	data, err := json.MarshalIndent(rounded, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the results of %s: %w", t.Name, err)
	}
	data = numbers.ReplaceAllFunc(data, func(list []byte) []byte {
		return []byte(strings.Join(strings.Fields(string(list)), ""))
	})
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder of the results: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, t.Name+".json"), append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the results of %s: %w", t.Name, err)
	}
	return nil
}

// Load reads dir/NAME.json.
func Load(dir, name string) (t Table, err error) {
	data, err := os.ReadFile(filepath.Join(dir, name+".json"))
	if err != nil {
		return t, fmt.Errorf("read the results of %s: %w", name, err)
	}
	if err := json.Unmarshal(data, &t); err != nil {
		return t, fmt.Errorf("read the results of %s: %w", name, err)
	}
	if t.Name != name {
		return t, fmt.Errorf("read the results of %s: they are those of %q", name, t.Name)
	}
	return t, nil
}

// here describes this machine (proc(5), where there is one).
func here() Machine {
	m := Machine{CPU: runtime.GOARCH, Cores: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	if data, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		lines := strings.Split(string(data), "\n")
		if i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "model name") }); i >= 0 {
			_, name, _ := strings.Cut(lines[i], ":")
			m.CPU = strings.TrimSpace(name)
		}
	}
	if data, err := os.ReadFile("/proc/loadavg"); err == nil {
		first, _, _ := strings.Cut(string(data), " ")
		m.Load, _ = strconv.ParseFloat(first, 64) // proc(5) says that it is a number
	}
	return m
}
