package main

import (
	"os"
	"testing"

	"github.com/vouch-s3/vouch/bench/results"
)

// Set to write the tables of docs/performance.md anew from the figures that are there.
const renew = "VOUCH_RENEW"

func TestTheTableOfColdStartsFollowsFromItsFigures(t *testing.T) {
	figures, err := results.Load("results/data", "coldstart")
	if err != nil {
		t.Fatal(err)
	}
	text, err := renderColdStarts(figures)
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile("../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	want, err := results.Renew(string(document), "coldstart", text)
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
		t.Error("docs/performance.md has another table of cold starts than its figures make: VOUCH_RENEW=1 go test -run ColdStarts .")
	}
}
