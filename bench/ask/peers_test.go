package ask

import (
	"context"
	"os"
	"testing"
)

// The peers are installed for this, so it is only done where that is asked for.
func TestPeersAnswer(t *testing.T) {
	root := os.Getenv("VOUCH_BENCH_PEERS")
	if root == "" {
		t.Skip("VOUCH_BENCH_PEERS is not the project's folder")
	}
	peers, missing := Prepare(context.Background(), root)
	for _, err := range missing {
		t.Error(err)
	}
	err := RunPeers(context.Background(), Options{Runs: 2, Calls: 500}, peers, func(row string, params map[string]string, metric string, v float64) {
		t.Logf("%s %s %s %.0f", row, params["of"], metric, v)
	})
	if err != nil {
		t.Error(err)
	}
}
