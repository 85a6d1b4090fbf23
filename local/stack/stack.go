// Package stack is the whole of Vouch on one machine: it reads the template
// and the workflow that are deployed, and runs the functions' real binaries
// behind an S3, a DynamoDB, a Step Functions, an EventBridge, an HTTP API and a
// ClamAV on loopback.
package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vouch-s3/vouch/local/antivirus"
	"github.com/vouch-s3/vouch/local/awsapi"
	"github.com/vouch-s3/vouch/local/eventsource"
	"github.com/vouch-s3/vouch/local/httpgateway"
	"github.com/vouch-s3/vouch/local/lambdas"
	"github.com/vouch-s3/vouch/local/objectstorage"
	"github.com/vouch-s3/vouch/local/samtemplate"
	"github.com/vouch-s3/vouch/local/tokens"
	"github.com/vouch-s3/vouch/local/webpage"
)

// Options say where a stack runs.
type Options struct {
	Template  string // the path of template.yaml
	Functions string // the folder of the functions' binaries, named like their folders
	Dir       string // everything that the stack writes

	// Addresses on loopback. Port 0 takes any that is free.
	API, S3, AWS, Clamd string

	// MachineAPI is the address of the API for programs that sign, as those are;
	// empty for none (docs/machines.md).
	MachineAPI string

	// ClamDatabase is where freshclam keeps its database.
	ClamDatabase string

	// Scanners is the template's parameter of that name; empty for its default.
	Scanners string

	// Policy is the path of a YAML document that differs from
	// shared/policy/default.yaml; empty for none.
	Policy string

	// Origins are those of pages that may call the API and send bytes to S3, the
	// template's parameter AllowedOrigins; none for the API's own.
	Origins []string

	// Page is the folder of the web page's files (web/app/dist), which need not be
	// there; empty for none. It is served at the API's address.
	Page string

	// Tenants has every token name its tenant (docs/access.md#tenants).
	Tenants bool

	// Via puts a proxy of a test before what the functions call.
	Via Via

	// Events, if it is not nil, stands between S3 and EventBridge: it is given
	// each event of a new object as the function that passes it on, to be called
	// never, later or twice. JSON, in which a test hands options to a process of
	// its own, has no place for it.
	Events func(pass func()) `json:"-"`

	// Invocations, if it is not nil, is told of each invocation of a function that
	// ends. It has no place in JSON either.
	Invocations func(lambdas.Invocation) `json:"-"`
}

// Via are the addresses that the functions are given in place of those of S3,
// the other AWS services and clamd; an empty one changes nothing. Presigned URLs
// are signed for the address that the function knows.
type Via struct {
	S3, AWS, Clamd string // host:port
}

// The names that hold in every local stack.
const (
	Region   = "us-east-1"
	Name     = "vouch"
	Audience = "vouch"
)

// Scopes are those of an ordinary token: all that the API knows, but files:admin.
var Scopes = []string{"files:read", "files:write"}

// Stack is a running stack.
type Stack struct {
	Template *samtemplate.Stack
	issuer   *tokens.Issuer
	page     *webpage.Site
	clamd    *antivirus.Clamd
	objects  *objectstorage.Store
	aws      *awsapi.Endpoint
	lambdas  *lambdas.Service
	keys     keys
	uses     *useLog
	api      string                        // the URL of the HTTP API
	machines string                        // that of the one for programs; empty where there is none
	tenant   string                        // of the tokens that are given out; empty for none
	streams  map[string]eventsource.Source // by ARN
	queues   map[string]string             // the URLs, by ARN
	via      Via
	logPath  string
	log      *slog.Logger
	cancel   context.CancelFunc
	work     sync.WaitGroup
	closers  []func()
}

// Invoke invokes a function by its logical id, as the service would.
func (s *Stack) Invoke(ctx context.Context, logicalID string, payload []byte) (lambdas.Result, error) {
	for _, f := range s.Template.Functions {
		if f.LogicalID == logicalID {
			return s.lambdas.Invoke(ctx, f.Name, payload)
		}
	}
	return lambdas.Result{}, fmt.Errorf("the template has no function %s", logicalID)
}

// Admin is a configuration for SDK clients of all services but S3 that are
// allowed everything.
func (s *Stack) Admin() aws.Config { return s.aws.Admin() }

// ApplyLifecycle carries out the buckets' lifecycle rules as they would be at that
// time.
func (s *Stack) ApplyLifecycle(ctx context.Context, at time.Time) error {
	return s.objects.ApplyLifecycle(ctx, at)
}

// Objects is an S3 client that is allowed everything.
func (s *Stack) Objects() *s3.Client { return s.objects.Admin() }

// IssuerURL is the issuer of a stack whose API is at addr.
func IssuerURL(addr string) string { return "http://" + addr + "/issuer" }

// Start starts a stack and returns once it answers. It returns one clear error
// for a part that is missing, a port that is taken, or a template that it
// cannot run faithfully. Close must be called in either case but an error.
func Start(ctx context.Context, o Options) (_ *Stack, err error) {
	s := &Stack{via: o.Via}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	var running context.Context
	running, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if o, err = absolute(o); err != nil {
		return nil, err
	}
	if err := s.lock(o.Dir); err != nil {
		return nil, err
	}
	functionLog, err := s.openLogs(o.Dir)
	if err != nil {
		return nil, err
	}
	apiListener, err := net.Listen("tcp", o.API)
	if err != nil {
		return nil, fmt.Errorf("listen for the API on %s: %w", o.API, err)
	}
	s.closers = append(s.closers, func() { apiListener.Close() })
	o.API = apiListener.Addr().String()
	s.api = "http://" + o.API
	machineListener, err := s.listenForMachines(o.MachineAPI)
	if err != nil {
		return nil, err
	}
	if o.Clamd, err = freePort(o.Clamd); err != nil {
		return nil, err
	}

	override, err := policyOverride(o.Policy, antivirus.HasDatabase(o.ClamDatabase))
	if err != nil {
		return nil, err
	}
	parameters := map[string]string{
		"JwtIssuer": IssuerURL(o.API), "JwtAudience": Audience, "AllowedOrigins": cmp.Or(strings.Join(o.Origins, ","), s.api), "ClamdHost": "address", "ClamdAddress": cmp.Or(o.Via.Clamd, o.Clamd),
		"PolicyOverride": override, "GroupsClaim": tokens.GroupsClaim,
	}
	if o.Tenants {
		parameters["TenantClaim"], s.tenant = tokens.TenantClaim, "acme"
	}
	if machineListener != nil {
		parameters["MachineRoutes"], parameters["MachineTenant"] = "enabled", s.tenant
	}
	if o.Scanners != "" {
		parameters["Scanners"] = o.Scanners
	}
	s.Template, err = samtemplate.Load(o.Template, samtemplate.Env{
		Region: Region, AccountID: awsapi.AccountID, StackName: Name, Parameters: parameters,
	})
	if err != nil {
		return nil, err
	}
	if s.issuer, err = tokens.Open(o.Dir, IssuerURL(o.API)); err != nil {
		return nil, err
	}
	if s.keys, err = openKeys(filepath.Join(o.Dir, "access-keys.json"), s.Template.Functions); err != nil {
		return nil, err
	}
	if s.uses, err = openUses(filepath.Join(o.Dir, UsesFile), s.log); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, s.uses.close)
	if s.lambdas, err = lambdas.New(s.log, functionLog); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, s.lambdas.Close)
	if o.Invocations != nil {
		s.lambdas.Observe(o.Invocations)
	}
	if err := s.startClamd(ctx, o); err != nil {
		return nil, err
	}
	if err := s.startAWS(ctx, o); err != nil {
		return nil, err
	}
	if err := s.startObjects(ctx, o); err != nil {
		return nil, err
	}
	if err := s.addFunctions(ctx, o); err != nil {
		return nil, err
	}
	if err := s.startAPIs(o, apiListener, machineListener); err != nil {
		return nil, err
	}
	if err := s.aws.Resume(ctx); err != nil {
		return nil, err
	}
	s.startMappings(running)
	s.startSchedules(running)
	return s, nil
}

// Close stops everything, the last part first.
func (s *Stack) Close() {
	if s.cancel != nil {
		s.cancel()
	}
	s.work.Wait()
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i]()
	}
}

func absolute(o Options) (Options, error) {
	paths := []*string{&o.Template, &o.Functions, &o.Dir}
	if o.Page != "" {
		paths = append(paths, &o.Page)
	}
	for _, path := range paths {
		abs, err := filepath.Abs(*path)
		if err != nil {
			return o, fmt.Errorf("find %s: %w", *path, err)
		}
		*path = abs
	}
	return o, nil
}

// lock keeps a second stack away from the same data.
func (s *Stack) lock(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the stack's folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("lock the stack's folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return fmt.Errorf("another local stack is using %s: stop it first", dir)
	}
	s.closers = append(s.closers, func() { f.Close() })
	return nil
}

func (s *Stack) openLogs(dir string) (functions io.Writer, err error) {
	open := func(name string) (*os.File, error) {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return nil, fmt.Errorf("open a log: %w", err)
		}
		s.closers = append(s.closers, func() { f.Close() })
		return f, nil
	}
	own, err := open("stack.log")
	if err != nil {
		return nil, err
	}
	s.logPath = dir
	s.log = slog.New(slog.NewJSONHandler(own, nil))
	return open("functions.log")
}

// freePort replaces port 0 by a port that is free now.
func freePort(addr string) (string, error) {
	if _, port, err := net.SplitHostPort(addr); err != nil || port != "0" {
		return addr, err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (s *Stack) startClamd(ctx context.Context, o Options) (err error) {
	dir := filepath.Join(o.Dir, "clamd")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of clamd: %w", err)
	}
	s.clamd, err = antivirus.Start(ctx, antivirus.Options{Addr: o.Clamd, Dir: dir, DatabaseDir: o.ClamDatabase, Log: s.log})
	if err == nil {
		s.closers = append(s.closers, s.clamd.Close)
	}
	return err
}

func (s *Stack) startObjects(ctx context.Context, o Options) (err error) {
	var buckets []objectstorage.Bucket
	for _, b := range s.Template.Buckets {
		buckets = append(buckets, bucketOf(b))
	}
	authorizer := objectAuthorizer{s.authorizer()}
	s.objects, err = objectstorage.Start(ctx, objectstorage.Options{
		Addr: o.S3, DataDir: filepath.Join(o.Dir, "data"), Region: Region,
		AdminKey: s.keys.admin.ID, AdminSecret: s.keys.admin.Secret, Accounts: s.keys.secrets(),
		Authorizer: authorizer, OnAnswer: authorizer.Answered, Notify: s.notify(o.Events), Log: s.log,
	}, buckets)
	if err == nil {
		s.closers = append(s.closers, s.objects.Close)
	}
	return err
}

// notify returns what is told of new objects: objectCreated, by way of events
// if there is such a way.
func (s *Stack) notify(events func(pass func())) func(context.Context, objectstorage.Event) {
	if events == nil {
		return s.objectCreated
	}
	return func(ctx context.Context, e objectstorage.Event) {
		// The event may be passed on when S3 has long been answered.
		events(func() { s.objectCreated(context.WithoutCancel(ctx), e) })
	}
}

// objectCreated passes S3's news on to EventBridge, for buckets that say so.
func (s *Stack) objectCreated(ctx context.Context, e objectstorage.Event) {
	for _, b := range s.Template.Buckets {
		if b.Name != e.Bucket.Name || !b.EventBridge {
			continue
		}
		if err := s.aws.PutServiceEvent(ctx, "aws.s3", "Object Created", e); err != nil {
			s.log.Error("the event of a new object is lost", "key", e.Object.Key, "error", err.Error())
		}
	}
}

func (s *Stack) startAWS(ctx context.Context, o Options) (err error) {
	authorizer := s.authorizer()
	s.aws, err = awsapi.Start(ctx, awsapi.Options{
		Addr: o.AWS, DataDir: filepath.Join(o.Dir, "data"), Region: Region, Functions: s.lambdas,
		AdminKey: s.keys.admin.ID, AdminSecret: s.keys.admin.Secret, Accounts: s.keys.secrets(), Authorizer: authorizer,
		OnDenial: authorizer.Denied, OnEvent: s.eventLog(o.Dir), Log: s.log,
	})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, s.aws.Close)
	s.streams = map[string]eventsource.Source{}
	var tables []string
	for _, t := range s.Template.Tables {
		tables = append(tables, t.Name)
		if err := s.aws.CreateTable(ctx, createTable(t)); err != nil {
			return err
		}
		if t.StreamARN != "" {
			s.streams[t.StreamARN] = s.aws.StreamTable(t.Name, t.StreamARN)
		}
	}
	if err := s.aws.Restore(ctx, tables); err != nil {
		return err
	}
	for _, t := range s.Template.Tables {
		if t.TTLAttribute != "" {
			if err := s.aws.ExpireItems(ctx, t.Name, t.TTLAttribute); err != nil {
				return err
			}
		}
	}
	for _, name := range s.Template.EventBuses {
		if err := s.aws.CreateBus(ctx, name); err != nil {
			return err
		}
	}
	for _, k := range s.Template.SigningKeys {
		if err := s.aws.CreateSigningKey(k.ID, k.Aliases...); err != nil {
			return err
		}
	}
	for _, m := range s.Template.StateMachines {
		if err := s.aws.CreateStateMachine(ctx, m.Name, m.Definition, m.Role.ARN); err != nil {
			return err
		}
	}
	for _, r := range s.Template.Rules {
		if err := s.aws.CreateRule(ctx, r.Name, r.Pattern, r.FunctionARN); err != nil {
			return err
		}
	}
	return nil
}

// addFunctions makes the functions known, with the queues that their failures
// go to.
func (s *Stack) addFunctions(ctx context.Context, o Options) error {
	s.queues = map[string]string{}
	for _, q := range s.Template.Queues {
		url, err := s.aws.CreateQueue(ctx, q.Name)
		if err != nil {
			return err
		}
		s.queues[q.ARN] = url
	}
	for _, f := range s.Template.Functions {
		fn, err := s.function(f, o, s.queues[f.OnFailure])
		if err != nil {
			return err
		}
		s.lambdas.Add(fn)
	}
	return nil
}

// listenForMachines returns nil where no address is given.
func (s *Stack) listenForMachines(addr string) (net.Listener, error) {
	if addr == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen for the API for machines on %s: %w", addr, err)
	}
	s.closers = append(s.closers, func() { l.Close() })
	s.machines = "http://" + l.Addr().String()
	return l, nil
}

// startAPIs starts the HTTP API, with the issuer and the web page beside it, and the
// one for machines where there is a listener for it.
func (s *Stack) startAPIs(o Options, people, machines net.Listener) error {
	gateway, err := httpgateway.New(gatewayConfig(tokenAPI, s.Template.API, nil), invoker{s.lambdas}, s.log)
	if err != nil {
		return err
	}
	web, err := s.web(o, gateway)
	if err != nil {
		return err
	}
	s.serve(people, web)
	if machines == nil {
		return nil
	}
	if s.Template.MachineAPI.Disabled {
		return errors.New("the template gives the API for machines no address")
	}
	signed, err := httpgateway.New(gatewayConfig(machineAPI, s.Template.MachineAPI, s.identities()), invoker{s.lambdas}, s.log)
	if err != nil {
		return err
	}
	s.serve(machines, signed)
	return nil
}

// serve answers with h at l until the stack is closed.
func (s *Stack) serve(l net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	s.work.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("an API stopped", "error", err.Error())
		}
	})
	stop := s.cancel
	s.cancel = func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		server.Shutdown(ctx)
		server.Close()
		stop()
	}
}

// startSchedules carries out the schedules until ctx ends, beginning at once:
// there may be much to sweep after a time in which the stack was down.
func (s *Stack) startSchedules(ctx context.Context) {
	for _, schedule := range s.Template.Schedules {
		s.work.Go(func() {
			tick := time.NewTicker(schedule.Every)
			defer tick.Stop()
			for {
				if err := s.carryOut(ctx, schedule); err != nil {
					s.log.Error("a schedule was not carried out", "schedule", schedule.Name, "error", err.Error())
				}
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
			}
		})
	}
}

func (s *Stack) carryOut(ctx context.Context, schedule samtemplate.Schedule) error {
	if schedule.StateMachineARN != "" {
		return s.aws.StartExecution(ctx, schedule.StateMachineARN, schedule.Input)
	}
	return s.lambdas.InvokeAsync(schedule.Function, []byte("{}"))
}
