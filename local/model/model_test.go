package model

import (
	"log/slog"
	"os"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
)

const statemachines = "../../statemachines"

// TestMain keeps what the store logs of each write out of what the tests say.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// Every state within the bounds keeps every invariant, and the bounds are large
// enough to come to every transition of the table and to every kind of call.
func TestModel(t *testing.T) {
	type step struct{ from, to file.Status }
	taken := map[step]bool{}
	made := map[op]bool{}
	for _, b := range Default() {
		m, err := New(b, statemachines)
		if err != nil {
			t.Fatal(err)
		}
		r, err := m.Check()
		t.Log(r)
		if err != nil {
			t.Errorf("%s: %v", b.Name, err)
		}
		for before, after := range m.written {
			taken[step{m.files.get(before.record).Status, m.files.get(after.record).Status}] = true
		}
		for _, n := range m.program.nodes {
			made[n.call.op] = true
		}
	}
	for _, to := range file.Statuses() {
		for _, from := range to.From() {
			if !taken[step{from, to}] {
				t.Errorf("no record went from %s to %s", from, to)
			}
		}
	}
	for o := opGet; o <= opPublish; o++ {
		if !made[o] {
			t.Errorf("no step made a call of kind %d", o)
		}
	}
	for i, line := range Invariants() {
		t.Logf("%2d. %s", i+1, line)
	}
}
