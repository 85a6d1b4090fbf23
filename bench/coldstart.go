package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/vouch-s3/vouch/bench/ask"
	"github.com/vouch-s3/vouch/bench/results"
	"github.com/vouch-s3/vouch/local/emulator"
	"github.com/vouch-s3/vouch/local/samtemplate"
	"github.com/vouch-s3/vouch/local/stack"
	"github.com/vouch-s3/vouch/local/zips"
)

// The metrics of cold starts. Each start of a function follows one of hello, the least
// that a Go function can be.
const (
	initMS      = "init-ms"
	helloMS     = "hello-ms"         // of the start of hello before it
	oursMS      = "create-upload-ms" // of Python's row: of the start of what does the same
	binaryBytes = "binary-bytes"
	zipBytes    = "zip-bytes"
)

// What was aimed at.
var (
	startsLikeHello = results.AtMost(1.5)
	beatsPython     = results.AtLeast(5)
)

var coldStart = benchmark{name: "coldstart", measure: bench.coldStarts, write: writeColdStarts, draw: drawColdStarts}

// coldStarts measures how long each function takes from the start of its process to
// its first call for work, as AWS's Runtime Interface Emulator reports it, and how long
// the function in Python takes that does what create-upload does, if there is a Python
// with boto3.
func (b bench) coldStarts(ctx context.Context, t *results.Table) error {
	root, dir, runs := b.root, b.dir, 3*b.runs
	if b.quick {
		runs = 1
	}
	program, err := emulator.Install(ctx, dir)
	if err != nil {
		return err
	}
	binaries := filepath.Join(dir, "deployed") + string(filepath.Separator)
	if err := os.Mkdir(binaries, 0o755); err != nil {
		return err
	}
	if err := zips.Compile(filepath.Join(root, "bench"), binaries, runtime.GOARCH, "./hello/..."); err != nil {
		return err
	}
	if err := zips.Compile(root, binaries, runtime.GOARCH, "./functions/..."); err != nil {
		return err
	}
	functions, err := deployed(root)
	if err != nil {
		return err
	}
	hello := emulator.Function{Name: "hello", Binary: binaries + "hello", Timeout: time.Second, MemoryMB: 128}
	var ours emulator.Function
	for _, f := range functions {
		f.Binary = binaries + f.Name
		if f.Name == "create-upload" {
			ours = f
		}
		row := t.Row(f.Name, nil)
		if err := starts(ctx, program, row, runs, start{hello, helloMS}, start{f, initMS}); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		binary, zip, err := sizes(f.Binary)
		if err != nil {
			return err
		}
		row.Add(binaryBytes, float64(binary))
		row.Add(zipBytes, float64(zip))
	}
	path, version, err := ask.Python(ctx, root, dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, "coldstart: left out:", err)
		return nil
	}
	python := emulator.Function{Name: "create-upload", Binary: path, Env: ours.Env, Timeout: ours.Timeout, MemoryMB: ours.MemoryMB}
	python.Env["AWS_DEFAULT_REGION"] = stack.Region // Lambda sets it too, and boto3 asks for this one
	return starts(ctx, program, t.Row(version, map[string]string{"language": "Python"}), runs, start{hello, helloMS}, start{python, initMS}, start{ours, oursMS})
}

// start is a function that is to be started, and the metric of how long that takes.
type start struct {
	function emulator.Function
	metric   string
}

// starts starts functions in turns.
func starts(ctx context.Context, program string, row *results.Row, runs int, all ...start) error {
	for range runs {
		for _, one := range all {
			took, err := initOf(ctx, program, one.function)
			if err != nil {
				return err
			}
			row.AddTime(one.metric, took)
		}
	}
	return nil
}

// writeColdStarts writes the table: the median, the shortest and the longest start,
// and the ratios to hello's, by pairs and of the shortest, which other work on the
// machine disturbs least.
func writeColdStarts(m *results.Markdown, t results.Table) error {
	m.Head("function", "binary", "zip", "init", "this : hello", "of the shortest", startsLikeHello.String())
	shortest := func(row results.Row, a, b string) float64 { return row.Of(a).Lowest / row.Of(b).Lowest }
	var python *results.Row
	for i, row := range t.Rows {
		if row.Params["language"] != "" {
			python = &t.Rows[i]
			continue
		}
		ratios, err := results.Ratios(row.Samples[initMS], row.Samples[helloMS])
		if err != nil {
			return fmt.Errorf("%s: %w", row.Name, err)
		}
		mb := func(metric string) string { return fmt.Sprintf("%.1f MB", row.Of(metric).Median/1e6) }
		m.Row(row.Name, mb(binaryBytes), mb(zipBytes), row.Of(initMS).Times(), results.Of(ratios).String(),
			fmt.Sprintf("%.2f", shortest(row, initMS, helloMS)), startsLikeHello.Judge(results.Of(ratios).Median))
	}
	if python == nil {
		m.Text("There was no Python with boto3 to compare with.")
		m.Picture("coldstart", "how many times as long as hello each function takes to start")
		return nil
	}
	ratios, err := results.Ratios(python.Samples[initMS], python.Samples[oursMS])
	if err != nil {
		return fmt.Errorf("%s: %w", python.Name, err)
	}
	m.Head("what create-upload does", "init", "this : create-upload", "of the shortest", beatsPython.String())
	m.Row("create-upload", python.Of(oursMS).Times(), "1", "1", "")
	m.Row(python.Name, python.Of(initMS).Times(), results.Of(ratios).String(),
		fmt.Sprintf("%.1f", shortest(*python, initMS, oursMS)), beatsPython.Judge(results.Of(ratios).Median))
	m.Picture("coldstart", "how many times as long as hello each function takes to start")
	return nil
}

func drawColdStarts(t results.Table) (map[string]drawing, error) {
	d := results.Dots{Title: "Start of a function, times that of hello", Unit: "times", Goals: []float64{startsLikeHello.Bound()}}
	for _, row := range t.Rows {
		if row.Params["language"] != "" { // tens of times: it would leave the others no room
			continue
		}
		ratios, err := results.Ratios(row.Samples[initMS], row.Samples[helloMS])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", row.Name, err)
		}
		d.Of = append(d.Of, results.Dot{Name: row.Name, Spread: results.Of(ratios)})
	}
	return map[string]drawing{"coldstart": d}, nil
}

// deployed are the functions of the template that are zips, by the names of their
// folders, with all that they need to start and nobody who would answer them.
func deployed(root string) ([]emulator.Function, error) {
	template, err := samtemplate.Load(filepath.Join(root, "template.yaml"), samtemplate.Env{
		Region: stack.Region, AccountID: "000000000000", StackName: stack.Name, Parameters: map[string]string{
			"JwtIssuer": "http://127.0.0.1", "JwtAudience": stack.Audience, "AllowedOrigins": "http://127.0.0.1",
			"Scanners": "clamav+guardduty", "ClamdHost": "address", "ClamdAddress": "127.0.0.1:1",
		},
	})
	if err != nil {
		return nil, err
	}
	functions := []emulator.Function{
		{Name: "hello", Timeout: time.Second, MemoryMB: 128},
		{Name: "hello-dynamodb", Env: map[string]string{"AWS_REGION": stack.Region}, Timeout: time.Second, MemoryMB: 128},
	}
	for _, f := range template.Functions {
		env := f.Env
		env["AWS_REGION"], env["AWS_ENDPOINT_URL"] = stack.Region, "http://127.0.0.1:1"
		env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"] = "none", "none"
		functions = append(functions, emulator.Function{Name: filepath.Base(f.CodeURI), Env: env, Timeout: f.Timeout, MemoryMB: f.MemoryMB})
	}
	return functions, nil
}

// initOf starts a function in a new emulator, and returns how long that took it.
func initOf(ctx context.Context, program string, f emulator.Function) (time.Duration, error) {
	e, err := emulator.Start(ctx, program, f)
	if err != nil {
		return 0, err
	}
	defer e.Close()
	return e.Init(ctx)
}

// sizes are the bytes of a binary and of the zip that is deployed of it.
func sizes(path string) (binary, zip int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, 0, err
	}
	var packed counter
	if err := zips.Write(&packed, f); err != nil {
		return 0, 0, err
	}
	return info.Size(), int64(packed), nil
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
