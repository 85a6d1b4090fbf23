// Package awsapi is the AWS endpoint of the local stack for DynamoDB, Step
// Functions, EventBridge, SQS, Lambda and KMS: kumo, an emulator that runs in
// this process, behind a gateway that works round where kumo differs from AWS.
//
// The gateway verifies signatures and evaluates the callers' IAM policies,
// which kumo does not; keeps what DynamoDB and Step Functions have
// acknowledged through a kill -9 (items.go, executions.go); gives Lambda tasks of a workflow
// their real timeouts and error names (tasks.go); runs functions through
// package lambdas instead of kumo's own broker; and signs with keys that it
// keeps (keys.go), which have the id that the template gives them.
package awsapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/sivchari/kumo"

	"github.com/vouch-s3/vouch/local/lambdas"
)

// Functions runs Lambda functions.
type Functions interface {
	Invoke(ctx context.Context, function string, payload []byte) (lambdas.Result, error)
	InvokeAsync(function string, payload []byte) error
}

// Authorizer decides whether an access key may do an action; an error refuses it.
type Authorizer interface {
	Authorize(accessKey, action, resource string, context map[string][]string) error
}

// Options say how the endpoint runs.
type Options struct {
	Addr      string // on loopback
	DataDir   string
	Region    string
	Functions Functions

	// AdminKey and AdminSecret are allowed everything, for the stack itself and
	// for people with the AWS CLI.
	AdminKey, AdminSecret string

	// Accounts are the other access keys, with their secrets.
	Accounts   map[string]string
	Authorizer Authorizer

	// OnDenial is told of each call that an access key, or the state machine of
	// that name, was denied; may be nil.
	OnDenial func(accessKey, operation string)

	// OnEvent is told of each event that is put on a bus; may be nil.
	OnEvent func(bus, source, detailType, detail string)

	Log *slog.Logger
}

// AccountID is the account that kumo plays.
const AccountID = "000000000000"

// Endpoint is a running endpoint.
type Endpoint struct {
	Options
	url       string
	kumo      *kumo.Server
	server    *http.Server // for clients
	inner     *http.Server // for kumo's own calls to Lambda
	socketDir string
	restore   func()
	items     *journal
	schemas   map[string]schema  // of the tables, by name
	streams   map[string]*stream // of those that have one
	machines  []string           // the state machines, by name
	waiting   sync.Map           // the tokens of tasks that wait, each with the name of its state machine

	signingKeys map[string]*signingKey // of KMS, by every name that a request may use

	// mutating makes requests that change items follow each other, so that the
	// journal has them in the order in which they came into effect. Values that
	// depend on the time come with the request, so the same order gives the same
	// items.
	mutating     sync.Mutex
	transactions map[string]doneTransaction // by their token

	executions *executions
	ctx        context.Context
	stop       context.CancelFunc
	work       sync.WaitGroup
}

// Start starts the endpoint. The tables it is to have must be created before
// Restore, and the state machines before Resume.
func Start(ctx context.Context, o Options) (_ *Endpoint, err error) {
	l, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("listen for AWS calls on %s: %w", o.Addr, err)
	}
	e := &Endpoint{Options: o, url: "http://" + l.Addr().String(), schemas: map[string]schema{}, streams: map[string]*stream{}, signingKeys: map[string]*signingKey{}, transactions: map[string]doneTransaction{}}
	e.ctx, e.stop = context.WithCancel(context.WithoutCancel(ctx))
	defer func() {
		if err != nil {
			l.Close()
			e.Close()
		}
	}()
	if err := os.MkdirAll(o.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for records: %w", err)
	}
	if e.executions, err = openExecutions(filepath.Join(o.DataDir, "executions.jsonl")); err != nil {
		return nil, err
	}
	if err := e.listenInside(); err != nil {
		return nil, err
	}
	e.kumo = kumo.NewServer()
	e.server = &http.Server{Handler: http.HandlerFunc(e.serve), ReadHeaderTimeout: 10 * time.Second}
	e.work.Go(func() { e.server.Serve(l) })
	return e, nil
}

// URL is the address of the endpoint.
func (e *Endpoint) URL() string { return e.url }

// Admin is a configuration for SDK clients that are allowed everything.
func (e *Endpoint) Admin() aws.Config {
	return aws.Config{
		Region:       e.Region,
		BaseEndpoint: &e.url,
		Credentials:  credentials.NewStaticCredentialsProvider(e.AdminKey, e.AdminSecret, ""),
	}
}

// Close stops the endpoint. What was acknowledged is on disk already.
func (e *Endpoint) Close() {
	e.stop()
	for _, s := range []*http.Server{e.server, e.inner} {
		if s != nil {
			s.Close()
		}
	}
	e.work.Wait()
	if e.kumo != nil {
		e.kumo.Close()
	}
	if e.restore != nil {
		e.restore()
	}
	if e.items != nil {
		e.items.close()
	}
	if e.executions != nil {
		e.executions.journal.close()
	}
	if e.socketDir != "" {
		os.RemoveAll(e.socketDir)
	}
}

// maxBody is more than the largest request of the services here: a
// TransactWriteItems of 4 MB.
const maxBody = 8 << 20

// call is a request of a client, read whole.
type call struct {
	service, operation string // as in DynamoDB, PutItem
	header             http.Header
	body               []byte
	admin              bool
}

// serve answers a client.
func (e *Endpoint) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		fail(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "the request is too large")
		return
	}
	key, err := e.verify(r, body)
	if err != nil {
		e.Log.Info("a signature was refused", "why", err.Error())
		fail(w, http.StatusBadRequest, "InvalidSignatureException", err.Error())
		return
	}
	if function, ok := invokedFunction(r); ok {
		e.invoke(w, r, key, function, body)
		return
	}
	c := call{header: r.Header, body: body, admin: key == e.AdminKey}
	c.service, c.operation, _ = strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	c.service, _, _ = strings.Cut(c.service, "_") // DynamoDB_20120810
	if !c.admin {
		if err := e.authorize(key, c); err != nil {
			e.denied(key, c.service+"."+c.operation, err)
			fail(w, http.StatusBadRequest, "AccessDeniedException", err.Error())
			return
		}
	}
	status, header, answer, err := e.dispatch(r.Context(), c)
	if err != nil {
		e.Log.Error("an AWS call failed", "operation", c.operation, "error", err.Error())
		fail(w, http.StatusInternalServerError, "InternalServerError", "the local stack failed; its log says why")
		return
	}
	for name, values := range header {
		w.Header()[name] = values
	}
	if c.service == "DynamoDB" { // SDKs check it; kumo always says 0, and answers made here have none
		w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(answer)), 10))
	}
	w.WriteHeader(status)
	w.Write(answer)
}

func (e *Endpoint) denied(key, operation string, why error) {
	e.Log.Info("AWS denied a request", "operation", operation, "why", why.Error())
	if e.OnDenial != nil {
		e.OnDenial(key, operation)
	}
}

// dispatch sends a call where it belongs.
func (e *Endpoint) dispatch(ctx context.Context, c call) (status int, header http.Header, answer []byte, err error) {
	switch {
	case c.service == "DynamoDB" && mutates[c.operation]:
		return e.mutate(ctx, c)
	case c.service == "DynamoDB" && c.operation == "Query" && (bytes.Contains(c.body, []byte(`"ExclusiveStartKey"`)) || bytes.Contains(c.body, []byte(`"Limit"`))):
		return e.queryPage(ctx, c)
	case c.service == "AWSStepFunctions" && c.operation == "StartExecution":
		return e.startExecution(ctx, c)
	case c.service == "AWSStepFunctions" && c.operation == "DescribeExecution":
		return e.describeExecution(ctx, c)
	case c.service == "TrentService":
		return e.useKey(c)
	case c.service == "AWSEvents" && c.operation == "PutEvents":
		return e.putEvents(ctx, c)
	}
	return e.forward(ctx, c)
}

// forward sends a call to kumo as it is.
func (e *Endpoint) forward(ctx context.Context, c call) (int, http.Header, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.kumo.URL+"/", bytes.NewReader(c.body))
	if err != nil {
		return 0, nil, nil, err
	}
	for _, name := range []string{"Content-Type", "X-Amz-Target", "Authorization", "User-Agent"} {
		if v := c.header.Get(name); v != "" {
			req.Header.Set(name, v)
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, nil, fmt.Errorf("ask kumo for %s: %w", c.operation, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, nil, fmt.Errorf("read kumo's answer to %s: %w", c.operation, err)
	}
	resp.Header.Del("Content-Length")
	return resp.StatusCode, resp.Header, answer, nil
}

// ask makes a call of the endpoint's own to kumo.
func (e *Endpoint) ask(ctx context.Context, target string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	c := call{operation: target, body: body, header: http.Header{"X-Amz-Target": {target}, "Content-Type": {"application/x-amz-json-1.0"}}}
	status, _, answer, err := e.forward(ctx, c)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("%s: %d %s", target, status, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// fail answers an error as the services with a JSON protocol do.
func fail(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amzn-Errortype", code)
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": message, "Message": message})
}

func failure(status int, code, message string) (int, http.Header, []byte, error) {
	body, err := json.Marshal(map[string]string{"__type": code, "message": message})
	return status, http.Header{"Content-Type": {"application/x-amz-json-1.0"}, "X-Amzn-Errortype": {code}}, body, err
}

func success(v any) (int, http.Header, []byte, error) {
	body, err := json.Marshal(v)
	return http.StatusOK, http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, body, err
}
