// Command cmd checks the model within the bounds of the tests and then within
// larger ones, prints what was explored, and fails with the shortest way to what
// is broken.
//
//	go run ./model/cmd [-small] [-statemachines ../statemachines]
package main

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"slices"

	"github.com/vouch-s3/vouch/local/model"
)

func main() {
	dir := flag.String("statemachines", "../statemachines", "the folder of the state machines")
	small := flag.Bool("small", false, "check the bounds of the tests only")
	flag.Parse()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the store logs each of its writes
	all := model.Default()
	if !*small {
		all = slices.Concat(all, model.Large())
	}
	for i, line := range model.Invariants() {
		fmt.Printf("%2d. %s\n", i+1, line)
	}
	broken := false
	for _, b := range all {
		m, err := model.New(b, *dir)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		r, err := m.Check()
		fmt.Println(r)
		if err != nil {
			broken = true
			fmt.Println(err)
		}
	}
	if broken {
		os.Exit(1)
	}
}
