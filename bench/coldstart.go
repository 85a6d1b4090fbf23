package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/vouch-s3/vouch/local/emulator"
	"github.com/vouch-s3/vouch/local/samtemplate"
	"github.com/vouch-s3/vouch/local/stack"
	"github.com/vouch-s3/vouch/local/zips"
)

// coldStarts prints the table of how long each function takes from the start of its
// process to its first call for work, as AWS's Runtime Interface Emulator reports
// it, against the least that a Go function can be. Each start of a function follows
// one of that.
func coldStarts(ctx context.Context, root, dir string, runs int, out io.Writer) error {
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
	fmt.Fprintln(out, "| function | binary | zip | init: median | init, this : hello | of the shortest |")
	fmt.Fprintln(out, "| --- | --- | --- | --- | --- | --- |")
	for _, f := range functions {
		f.Binary = binaries + f.Name
		if err := coldStart(ctx, program, f, emulator.Function{Name: "hello", Binary: binaries + "hello", Timeout: time.Second, MemoryMB: 128}, runs, out); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
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

// coldStart starts f and hello in turns, and prints a row: the median, the shortest
// and the longest start, and the ratios of the medians and of the shortest, which
// other work on the machine disturbs least.
func coldStart(ctx context.Context, program string, f, hello emulator.Function, runs int, out io.Writer) error {
	var least, own []time.Duration
	for range runs {
		for _, one := range []struct {
			function emulator.Function
			took     *[]time.Duration
		}{{hello, &least}, {f, &own}} {
			took, err := initOf(ctx, program, one.function)
			if err != nil {
				return err
			}
			*one.took = append(*one.took, took)
		}
	}
	slices.Sort(least)
	slices.Sort(own)
	binary, zip, err := sizes(f.Binary)
	if err != nil {
		return err
	}
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	fmt.Fprintf(out, "| %s | %.1f MB | %.1f MB | %.1f ms (%.1f to %.1f) | %.2f | %.2f |\n", f.Name, float64(binary)/1e6, float64(zip)/1e6,
		ms(own[runs/2]), ms(own[0]), ms(own[runs-1]), ms(own[runs/2])/ms(least[runs/2]), ms(own[0])/ms(least[0]))
	return nil
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
