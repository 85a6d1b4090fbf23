package ask

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// The metrics, by their units.
const (
	CPU    = "cpu-us"          // microseconds of a processor for each call
	Allocs = "allocs"          // for each call
	Bytes  = "bytes"           // allocated for each call
	Rate   = "rate-requests/s" // of one client that waits for each answer
)

// Options say how much is measured.
type Options struct {
	Runs  int // in which everything is measured in turns
	Works int // how often each is done in a run, within this process
	Calls int // how many each program answers in a run
}

// Run measures everything, and gives each figure to add: within this process under
// limit, presign and handler, and of programs under url or record.
func Run(ctx context.Context, o Options, add func(row string, params map[string]string, metric string, v float64)) error {
	groups, err := groups()
	if err != nil {
		return err
	}
	for range o.Runs {
		for _, g := range groups {
			for _, w := range g.works {
				cost, err := Measure(w, o.Works)
				if err != nil {
					return err
				}
				params := map[string]string{"of": g.of}
				add(w.Name, params, CPU, float64(cost.CPU)/float64(time.Microsecond))
				add(w.Name, params, Allocs, cost.Allocs)
				add(w.Name, params, Bytes, cost.Bytes)
			}
		}
	}
	return nil
}

type group struct {
	of    string
	works []Work
}

func groups() ([]group, error) {
	limits, err := Limits()
	if err != nil {
		return nil, err
	}
	signers, err := Presigners()
	if err != nil {
		return nil, err
	}
	handlers, err := Handlers()
	return []group{{"limit", limits}, {"presign", signers}, {"handler", handlers}}, err
}

// RunPeers measures the peers likewise. Each is started once, so that whatever learns
// as it runs has learned; while one is measured the others wait.
func RunPeers(ctx context.Context, o Options, peers []Peer, add func(row string, params map[string]string, metric string, v float64)) error {
	dir, err := os.MkdirTemp("", "vouch-ask-")
	if err != nil {
		return fmt.Errorf("make a folder for the peers: %w", err)
	}
	defer os.RemoveAll(dir)
	type started struct {
		Peer
		*running
		call func(context.Context) error
	}
	var all []started
	for i, p := range peers {
		own := filepath.Join(dir, strconv.Itoa(i))
		if err := os.Mkdir(own, 0o755); err != nil {
			return fmt.Errorf("make a folder for %s: %w", p.Name, err)
		}
		r, call, err := p.start(ctx, own)
		if r != nil {
			defer r.Close()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		all = append(all, started{p, r, call})
	}
	for range o.Runs {
		for _, p := range all {
			each, rate, err := p.loop(ctx, o.Calls, p.call)
			if err != nil {
				return err
			}
			params := map[string]string{"of": "url"}
			if p.Keeping {
				params["of"] = "record"
			}
			add(p.Name, params, CPU, float64(each)/float64(time.Microsecond))
			add(p.Name, params, Rate, rate)
		}
	}
	return nil
}
