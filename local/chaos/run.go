// Package chaos puts the whole local stack under load while what it is made of
// fails: a proxy before S3, AWS and clamd delays, refuses and cuts requests;
// events are lost, doubled and late; functions, clamd and the stack itself are
// killed. Then it lets everything settle and holds what is there to what Vouch
// promises. The seed determines what clients do and which request meets which
// fault, so that a failure can be looked for again.
package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/vouch-s3/vouch/local/stack"
	"github.com/vouch-s3/vouch/local/tokens"
	"github.com/vouch-s3/vouch/shared/canary"
	"github.com/vouch-s3/vouch/shared/file"
)

// Options say what a run does.
type Options struct {
	Template  string // the path of template.yaml
	Functions string // the folder of the functions' binaries
	Dir       string // of the run's own; everything that the stack writes

	Seed  uint64
	Files int

	// Calm makes no faults, and lets every client bring one good file at the same
	// moment.
	Calm bool

	// Without names services that get no faults of a Plan: S3, Clamd and so on.
	Without []string

	Progress io.Writer // what happens, a line each
}

const (
	urlLife = 5 * time.Minute // of download URLs

	// clients are how many files are under way at a time.
	clients = 48

	// settleWithin is how long the system may take, once the faults are over, to
	// bring every file to its end. It is more than the retries of a workflow's
	// step, which wait for two minutes when all of them fail.
	settleWithin = 4 * time.Minute

	// unverifiedShare is how many of the good files may be rejected because no
	// verdict could be had while the scanner was failing.
	unverifiedShare = 0.02
)

// policyDocument is the policy of a run: times as short as a policy may have
// them, a scan that gives up on a silent scanner soon, and tenants that are counted.
const policyDocument = `maxSize: 20000000
uploadLife: 5m
downloadLife: 5m
arrivalGrace: 1s
verifyWithin: 10s
giveUpAfter: 6m
scan: { timeout: 15s }
quotas: { tenant: {} }
`

// run is a run under way.
type run struct {
	Options
	plan      *Plan
	process   *process
	admin     *admin
	api       string
	tokens    map[string]string
	http      *http.Client
	histories []*history
	saying    sync.Mutex
}

// Run starts a stack, runs the load on it, and reports. An error says that the
// run could not be made; what the run found out is in the report.
func Run(ctx context.Context, o Options) (*Report, error) {
	r := &run{Options: o, plan: NewPlan(o.Seed, o.Without...), http: &http.Client{
		Timeout: 45 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 256},
	}}
	if o.Calm {
		r.plan.End()
	}
	begun := time.Now()
	stop, err := r.start(ctx)
	defer stop()
	if err != nil {
		return nil, err
	}
	r.say("the stack answers; its folder is %s", o.Dir)
	if err := r.load(ctx); err != nil {
		return nil, err
	}
	r.plan.End()
	loaded := time.Now()
	r.say("the load is over after %v, and so are the faults", loaded.Sub(begun).Round(time.Second))
	j, err := r.settle(ctx)
	if err != nil {
		return nil, err
	}
	settled := time.Now()
	if err := j.read(ctx, r.admin, r.client); err != nil {
		return nil, err
	}
	if err := countNews(o.Dir, r.plan); err != nil {
		return nil, err
	}
	return &Report{
		Seed: o.Seed, Files: o.Files, Ends: j.ends, EndsInParts: j.endsInParts, Violations: j.violations, Unverified: j.unverified, Good: j.good,
		Faults: r.plan.Met(), Load: loaded.Sub(begun), Settle: settled.Sub(loaded),
	}, nil
}

func (r *run) say(format string, args ...any) {
	r.saying.Lock()
	defer r.saying.Unlock()
	if r.Progress != nil {
		fmt.Fprintf(r.Progress, format+"\n", args...)
	}
}

// start starts the proxies and the stack behind them.
func (r *run) start(ctx context.Context) (stop func(), err error) {
	var stops []func()
	stop = func() {
		for _, f := range slices.Backward(stops) {
			f()
		}
	}
	if err := os.MkdirAll(r.Dir, 0o700); err != nil {
		return stop, fmt.Errorf("make the run's folder: %w", err)
	}
	policy := filepath.Join(r.Dir, "policy.yaml")
	if err := os.WriteFile(policy, []byte(policyDocument), 0o600); err != nil {
		return stop, fmt.Errorf("write the run's policy: %w", err)
	}
	ports, err := freePorts(4)
	if err != nil {
		return stop, err
	}
	o := stack.Options{
		Template: r.Template, Functions: r.Functions, Dir: r.Dir, Policy: policy, ClamDatabase: "none", Tenants: true,
		API: ports[0], S3: ports[1], AWS: ports[2], Clamd: ports[3],
	}
	objects, err := newHTTPProxy(o.S3, r.plan, objectService)
	if err != nil {
		return stop, err
	}
	stops = append(stops, objects.close)
	services, err := newHTTPProxy(o.AWS, r.plan, apiService)
	if err != nil {
		return stop, err
	}
	stops = append(stops, services.close)
	scanner, err := newScannerProxy(o.Clamd, r.plan)
	if err != nil {
		return stop, err
	}
	stops = append(stops, scanner.close)
	o.Via = stack.Via{S3: objects.addr(), AWS: services.addr(), Clamd: scanner.addr()}
	r.process = &process{settings: settings{Stack: o, Seed: r.Seed, Events: !r.Calm && !slices.Contains(r.Without, News)}}
	stops = append(stops, r.process.stop)
	if err := r.process.start(ctx); err != nil {
		return stop, err
	}
	r.api = "http://" + o.API
	if r.admin, err = newAdmin(o); err != nil {
		return stop, err
	}
	issuer, err := tokens.Open(o.Dir, stack.IssuerURL(o.API))
	if err != nil {
		return stop, err
	}
	r.tokens = map[string]string{}
	for i, s := range subjects {
		if r.tokens[s], err = issuer.Sign(tokens.Claims{Subject: s, Tenant: tenants[i%len(tenants)], Audience: stack.Audience, Scopes: stack.Scopes, Life: time.Hour}); err != nil {
			return stop, err
		}
	}
	if r.tokens[operator], err = issuer.Sign(tokens.Claims{Subject: operator, Tenant: tenants[0], Audience: stack.Audience, Scopes: []string{"files:admin"}, Life: time.Hour}); err != nil {
		return stop, err
	}
	return stop, nil
}

func (r *run) client(subject string) client {
	return client{
		api: r.api, token: r.tokens[subject], operator: r.tokens[operator], http: r.http,
		count: func(f Fault) { r.plan.Count(Clients, f) }, lapse: r.admin.lapse,
	}
}

// freePorts returns addresses on loopback that nobody listens on now, and that
// a stack can have again after it was killed.
func freePorts(n int) ([]string, error) {
	var addrs []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer l.Close()
		addrs = append(addrs, l.Addr().String())
	}
	return addrs, nil
}

// load has the clients play their scripts.
func (r *run) load(ctx context.Context) error {
	all, err := scripts(r.Seed, r.Files)
	if err != nil {
		return err
	}
	if r.Calm {
		all = calmScripts(r.Seed, r.Files)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var beside sync.WaitGroup // the sweeper and the killer
	playing, played := context.WithCancel(ctx)
	beside.Go(func() { r.sweep(playing) })
	var killed error
	if !r.Calm {
		beside.Go(func() { r.killFunctions(playing) })
	}
	deaths := r.deaths()
	slots := make(chan struct{}, clients)
	if r.Calm {
		slots = make(chan struct{}, r.Files)
	}
	var work sync.WaitGroup
	for i, s := range all {
		if killed = r.die(ctx, deaths[i]); killed != nil {
			break
		}
		h := &history{script: s}
		r.histories = append(r.histories, h)
		slots <- struct{}{}
		work.Go(func() {
			defer func() { <-slots }()
			if err := h.play(ctx, r.client(s.subject), r.Seed); err != nil && ctx.Err() == nil {
				h.fault("%v", err)
			}
		})
	}
	if killed != nil {
		cancel()
	}
	work.Wait()
	played()
	beside.Wait()
	return errors.Join(killed, context.Cause(ctx))
}

// sweep has the sweeper run about every second. That it fails meanwhile is no
// fault of its own.
func (r *run) sweep(ctx context.Context) {
	for {
		err := r.admin.sweep(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
			if err != nil {
				r.say("%v", err)
			}
		}
	}
}

// settle waits until every file has its end and nothing is left to do for it,
// or until it has had long enough, and judges.
func (r *run) settle(ctx context.Context) (*judge, error) {
	deadline := time.Now().Add(settleWithin)
	for {
		j, err := r.look(ctx)
		late := time.Now().After(deadline)
		switch {
		case err != nil && late:
			return nil, err
		case err != nil:
			r.say("%v", err) // the last requests with a fault may still be under way
		case late || !slices.ContainsFunc(j.violations, curable) && !waiting(j.found.files):
			return j, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// look has the sweeper do what there is to do, and judges what there is then.
func (r *run) look(ctx context.Context) (*judge, error) {
	if err := r.hasten(ctx); err != nil {
		return nil, err
	}
	if err := r.admin.sweep(ctx); err != nil {
		return nil, err
	}
	w, err := look(ctx, r.admin, r.api, r.Dir)
	if err != nil {
		return nil, err
	}
	j := &judge{found: w, histories: r.histories, share: unverifiedShare}
	if r.Calm || slices.Contains(r.Without, Clamd) {
		j.share = 0
	}
	j.all()
	return j, nil
}

// curable reports whether time alone may mend what is wrong: an execution that
// is still trying may.
func curable(v Violation) bool {
	return v.Promise == NoneOverdue || v.Promise == NoneLost || v.Promise == NoneStuck || v.Promise == NoOrphans || v.Promise == NoMultiparts || v.Promise == EveryEvent || v.Promise == EveryTrail
}

// waiting reports whether the sweeper still has something on its list.
func waiting(files map[string]file.File) bool {
	for _, f := range files {
		if !f.SweepAt.IsZero() && f.Owner != canary.Owner {
			return true
		}
		if !f.DeleteAt().IsZero() {
			return true // its time ends in a moment
		}
	}
	return false
}

// hasten makes due what the sweeper would look at minutes later, when the URLs
// are dead: uploads that were not made, and what is left of files that are gone.
// No client is going to send anything any more.
func (r *run) hasten(ctx context.Context) error {
	files, err := r.admin.files(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	for _, f := range files {
		if f.Owner == canary.Owner || f.SweepAt.Before(now) || f.Status != file.Pending && f.Status != file.Expired && f.Status != file.Deleted {
			continue
		}
		if err := r.admin.records.Postpone(ctx, f, now.Add(-time.Second)); err != nil {
			return err
		}
	}
	return nil
}
