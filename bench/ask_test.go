package main

import (
	"os"
	"testing"

	"github.com/vouch-s3/vouch/bench/results"
)

func TestTheTablesOfAsksFollowFromTheirFigures(t *testing.T) {
	figures, err := results.Load("results/data", "ask")
	if err != nil {
		t.Fatal(err)
	}
	text, err := renderAsks(figures)
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile("../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	want, err := results.Renew(string(document), "ask", text)
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv(renew) != "" {
		if err := os.WriteFile("../docs/performance.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(document) {
		t.Error("docs/performance.md has other tables of asks than their figures make: VOUCH_RENEW=1 go test -run Asks .")
	}
}
