// Command chaos puts the local stack under load while its parts fail, and exits
// with 1 if a promise was broken. docs/chaos.md says what it does.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/vouch-s3/vouch/local/chaos"
)

func main() {
	chaos.RunChild()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		stop()
		os.Exit(1)
	}
}

var errBroken = errors.New("a promise was broken")

func run(ctx context.Context) error {
	o := chaos.Options{Progress: os.Stderr}
	flag.StringVar(&o.Template, "template", "template.yaml", "the SAM template")
	flag.StringVar(&o.Functions, "functions", ".vouch/bin/functions", "the folder of the functions' binaries")
	seed := flag.Uint64("seed", 1, "what determines the load and the faults")
	flag.IntVar(&o.Files, "files", 500, "how many files a run has")
	duration := flag.Duration("duration", 0, "go on with the next seed until this has passed; 0 for one run")
	without := flag.String("without", "", "services without faults, with commas between: clamd, S3, DynamoDB, …")
	parallel := flag.Int("parallel", 0, "no faults, but this many uploads at the same moment")
	keep := flag.String("dir", "", "where the stack of each run keeps its data; empty for a folder that is removed if all went well")
	flag.Parse()
	if *without != "" {
		o.Without = strings.Split(*without, ",")
	}
	if *parallel > 0 {
		o.Calm, o.Files = true, *parallel
	}
	if o.Files < 1 {
		return fmt.Errorf("%d files are not enough", o.Files)
	}
	for until := time.Now().Add(*duration); ; *seed++ {
		o.Seed = *seed
		if err := one(ctx, o, *keep); err != nil {
			return err
		}
		if !time.Now().Before(until) {
			return nil
		}
	}
}

// one does one run. The folder of one that broke a promise is kept.
func one(ctx context.Context, o chaos.Options, keep string) (err error) {
	if keep != "" {
		o.Dir = filepath.Join(keep, fmt.Sprint("seed-", o.Seed))
		if err := os.RemoveAll(o.Dir); err != nil {
			return err
		}
	} else {
		if o.Dir, err = os.MkdirTemp("", "vouch-chaos-"); err != nil {
			return err
		}
		defer func() {
			if err == nil {
				err = os.RemoveAll(o.Dir)
			}
		}()
	}
	report, err := chaos.Run(ctx, o)
	if err != nil {
		return fmt.Errorf("seed %d: %w", o.Seed, err)
	}
	if err := report.Write(os.Stdout); err != nil {
		return err
	}
	if !report.Held() {
		return fmt.Errorf("seed %d: %w; its logs are in %s", o.Seed, errBroken, o.Dir)
	}
	return nil
}
