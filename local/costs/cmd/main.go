// Command cmd counts what the lives of files use on the local stack, and writes
// the counts and the tables of docs/costs.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/vouch-s3/vouch/local/costs"
)

func main() {
	root := flag.String("root", "..", "the folder of the project")
	tables := flag.Bool("tables", false, "count nothing: write the tables of the counts that are there")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := costs.Write(ctx, *root, *tables, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "costs:", err)
		stop()
		os.Exit(1)
	}
}
