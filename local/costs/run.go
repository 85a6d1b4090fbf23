package costs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/vouch-s3/vouch/client"
	"github.com/vouch-s3/vouch/local/samtemplate"
	"github.com/vouch-s3/vouch/local/stack"
	"github.com/vouch-s3/vouch/shared/dynamo"
)

// Options say what a run measures.
type Options struct {
	Template  string // the path of template.yaml
	Functions string // the folder of the functions' binaries
	Dir       string // of the run's own
	Progress  io.Writer
}

// quiet is how long nothing may happen until a stage is over.
const quiet = 1500 * time.Millisecond

// meter is a stack, and what is written down of it.
type meter struct {
	*recorder
	Options
	stack  *stack.Stack
	dir    string
	files  *dynamo.Store
	client *client.Client
}

// Measure starts a stack that asks the scanners, clamav or guardduty, lets files
// live in it, and counts. A process measures once: the emulator is its own.
func Measure(ctx context.Context, o Options, scanners string) (c Counts, err error) {
	c.Machine = machineNow()
	m, err := start(ctx, o, scanners)
	if err != nil {
		return c, err
	}
	defer m.stack.Close()
	if scanners == "guardduty" {
		if err := m.guardDuty(ctx, &c); err != nil {
			return c, err
		}
		c.GuardDuty, err = deployed(o.Template, scanners)
		return c, err
	}
	if err := m.all(ctx, &c); err != nil {
		return c, err
	}
	c.ClamAV, err = deployed(o.Template, scanners)
	return c, err
}

// deployed is what is billed by time of what the template makes, with clamd on
// Fargate where it is asked.
func deployed(template, scanners string) (map[Dimension]float64, error) {
	resources, err := samtemplate.Resources(template, samtemplate.Env{
		Region: stack.Region, AccountID: "123456789012", StackName: stack.Name,
		Parameters: map[string]string{
			"JwtIssuer": "https://issuer.example.com", "JwtAudience": "vouch", "AllowedOrigins": "https://app.example.com", "Scanners": scanners, "ClamdHost": "fargate",
			"ClamdImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/vouch-clamd@sha256:" + strings.Repeat("0", 64),
		},
	})
	if err != nil {
		return nil, err
	}
	return fixed(resources)
}

// machineNow says what machine this is, and how busy: the load of the last minute,
// where there is a file that says it.
func machineNow() string {
	load := "not known"
	if data, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ = strings.Cut(string(data), " ")
	}
	return fmt.Sprintf("%s, %d cores, load average %s", runtime.GOARCH, runtime.NumCPU(), load)
}

// start starts a stack behind proxies, and waits until it has nothing to do.
func start(ctx context.Context, o Options, scanners string) (*meter, error) {
	m := &meter{recorder: newRecorder(), Options: o, dir: filepath.Join(o.Dir, scanners)}
	ready := make(chan struct{}) // the stack's own addresses are known
	var behind struct{ s3, aws http.Handler }
	s3, err := proxy(ready, &behind.s3)
	if err != nil {
		return nil, err
	}
	aws, err := proxy(ready, &behind.aws)
	if err != nil {
		return nil, err
	}
	m.stack, err = stack.Start(ctx, stack.Options{
		Template: o.Template, Functions: o.Functions, Dir: m.dir, Scanners: scanners, ClamDatabase: "none",
		API: "127.0.0.1:0", S3: "127.0.0.1:0", AWS: "127.0.0.1:0", Clamd: "127.0.0.1:0",
		Via: stack.Via{S3: s3, AWS: aws}, Invocations: m.invoked,
	})
	if err != nil {
		return nil, err
	}
	m.template = m.stack.Template
	m.records = dynamodb.NewFromConfig(m.stack.Admin())
	m.recorder.callers, err = callersIn(filepath.Join(m.dir, "access-keys.json"))
	if err == nil {
		m.files, err = m.store()
	}
	if err == nil {
		m.client, err = m.newClient()
	}
	if err != nil {
		m.stack.Close()
		return nil, err
	}
	behind.s3 = m.objects(strings.TrimPrefix(m.stack.S3URL(), "http://"))
	behind.aws = &services{recorder: m.recorder, upstream: strings.TrimPrefix(m.stack.AWSURL(), "http://")}
	close(ready)
	if scanners == "guardduty" {
		go func() {
			if err := m.play(ctx); err != nil {
				m.failed(err)
			}
		}()
	}
	m.begin("start", 0, 0, "") // so that its executions are known
	return m, m.settle(ctx)
}

// proxy listens, and has what it is asked wait until there is somebody to answer. It
// ends with the process.
func proxy(ready chan struct{}, to *http.Handler) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen for a proxy: %w", err)
	}
	server := &http.Server{ReadHeaderTimeout: 30 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-ready
		(*to).ServeHTTP(w, r)
	})}
	go server.Serve(l)
	return l.Addr().String(), nil
}

func callersIn(path string) (map[string]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the stack's keys: %w", err)
	}
	var keys map[string]struct{ ID string }
	if err := json.Unmarshal(data, &keys); err != nil {
		return nil, fmt.Errorf("read the stack's keys: %w", err)
	}
	callers := map[string]string{}
	for name, key := range keys {
		if !strings.HasPrefix(name, stack.Borrowed) {
			callers[key.ID] = name
		}
	}
	return callers, nil
}

// store reads records behind the functions' backs.
func (m *meter) store() (*dynamo.Store, error) {
	for _, t := range m.template.Tables {
		if strings.HasSuffix(t.Name, "FilesTable") {
			return dynamo.New(m.records, t.Name), nil
		}
	}
	return nil, errors.New("the template has no table of files")
}

const subject = "a8098c1a-f86e-41da-bd1a-00112444be1e" // as long as Cognito's

func (m *meter) newClient() (*client.Client, error) {
	token, err := m.stack.Token(subject, time.Hour)
	if err != nil {
		return nil, err
	}
	resources, err := samtemplate.Resources(m.Template, samtemplate.Env{Region: stack.Region, AccountID: "123456789012", StackName: stack.Name, Parameters: map[string]string{
		"JwtIssuer": m.stack.APIURL(), "JwtAudience": stack.Audience, "AllowedOrigins": m.stack.APIURL(), "ClamdHost": "address", "ClamdAddress": "127.0.0.1:3310",
	}})
	if err != nil {
		return nil, err
	}
	format := ""
	for _, r := range resources {
		if settings, ok := r.Properties["AccessLogSettings"].(map[string]any); ok && r.Type == "AWS::Serverless::HttpApi" {
			format, _ = settings["Format"].(string)
			break // all APIs of the template write the same
		}
	}
	if format == "" {
		return nil, errors.New("the template's API has no format of an access log")
	}
	transport := calls{recorder: m.recorder, host: strings.TrimPrefix(m.stack.APIURL(), "http://"), format: format, subject: subject}
	return client.New(m.stack.APIURL(), client.StaticToken(token), client.WithHTTPClient(&http.Client{Transport: transport}), client.WithRetries(0))
}

// during runs one stage: it counts what do uses, and what comes of it, until
// nothing happens any more. A stage in which a schedule ran is done again, after
// prepare, which is not counted.
func (m *meter) during(ctx context.Context, s Stage, own string, prepare, do func() error) (Stage, error) {
	for range 3 {
		if prepare != nil {
			if err := prepare(); err != nil {
				return s, fmt.Errorf("prepare %s: %w", s.Name, err)
			}
		}
		if err := m.settle(ctx); err != nil {
			return s, err
		}
		log := filepath.Join(m.dir, "functions.log")
		info, err := os.Stat(log)
		if err != nil {
			return s, fmt.Errorf("look at the functions' log: %w", err)
		}
		m.begin(s.Name, s.Files, s.Bytes, own)
		if err := do(); err != nil {
			return s, fmt.Errorf("%s: %w", s.Name, err)
		}
		if err := m.settle(ctx); err != nil {
			return s, err
		}
		lines, err := logTail(log, info.Size())
		if err != nil {
			return s, err
		}
		done, disturbed, err := m.end(lines)
		if err != nil {
			return s, fmt.Errorf("%s: %w", s.Name, err)
		}
		if !disturbed {
			fmt.Fprintf(m.Progress, "%s\n", s.Name)
			return done, nil
		}
	}
	return s, fmt.Errorf("%s: a schedule ran in between every time", s.Name)
}

// settle waits until nothing has happened for a while and no workflow runs.
func (m *meter) settle(ctx context.Context) error {
	workflows := sfn.NewFromConfig(m.stack.Admin())
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
		m.mu.Lock()
		still, starts, err := time.Since(m.last) > quiet, slices.Clone(m.starts), m.err
		m.mu.Unlock()
		if err != nil {
			return err
		}
		for _, e := range starts {
			out, err := workflows.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &e.arn})
			if err != nil {
				return fmt.Errorf("look at a workflow: %w", err)
			}
			still = still && out.Status != "RUNNING"
		}
		if still {
			return nil
		}
	}
}

// end closes the stage: it adds the workflows' transitions, the logs and the traces.
func (m *meter) end(lines []byte) (Stage, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := *m.stage
	m.stage = nil
	tasks := 0
	for _, e := range m.starts {
		definition := ""
		for _, machine := range m.template.StateMachines {
			if machine.ARN == e.machine {
				definition = machine.Definition
			}
		}
		states, err := path(definition, e.input, m.tasks, func(arn string) string {
			f, _ := m.function(arn)
			return f.Name
		}, m.outputs)
		if err != nil {
			return s, false, fmt.Errorf("walk through an execution: %w", err)
		}
		for _, name := range states {
			s.States[name]++
		}
		s.Usage.Add(Transitions, float64(len(states)))
		tasks += invocationsIn(definition, states)
	}
	// Each call of the API, each event and each workflow begins a trace; the tasks of
	// a workflow are in its own.
	s.Usage.Add(Traces, s.Usage[LambdaRequests]-float64(tasks)+float64(len(m.starts)))
	s.Usage.Add(LogBytes, float64(billedLog(lines)))
	return s, m.disturbed, m.err
}

// Write writes the counts to a file.
func (c Counts) Write(path string) error {
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the counts: %w", err)
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the counts: %w", err)
	}
	return nil
}
