package awsapi

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// kumoAddr is where kumo's Step Functions and EventBridge look for Lambda,
// whatever port kumo itself is on.
const kumoAddr = "localhost:4566"

// redirect makes connections of this process to kumoAddr go elsewhere, so that
// no fixed port is needed and several stacks can run on one machine. kumo uses
// the default transport and offers no setting.
var redirect struct {
	sync.Mutex
	installed bool
	to        func(ctx context.Context) (net.Conn, error)
}

func redirectKumo(to func(ctx context.Context) (net.Conn, error)) (restore func(), err error) {
	redirect.Lock()
	defer redirect.Unlock()
	if redirect.to != nil {
		return nil, fmt.Errorf("there is another local stack in this process")
	}
	redirect.to = to
	if !redirect.installed {
		transport, ok := http.DefaultTransport.(*http.Transport)
		if !ok {
			return nil, fmt.Errorf("the default transport is a %T", http.DefaultTransport)
		}
		transport = transport.Clone()
		dial := transport.DialContext
		transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			redirect.Lock()
			to := redirect.to
			redirect.Unlock()
			if addr == kumoAddr && to != nil {
				return to(ctx)
			}
			return dial(ctx, network, addr)
		}
		transport.MaxIdleConnsPerHost = 256 // kumo is one host, and asked all the time
		http.DefaultTransport = transport
		redirect.installed = true
	}
	return func() {
		redirect.Lock()
		defer redirect.Unlock()
		redirect.to = nil
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	}, nil
}

// listenInside takes kumo's own calls, on a socket that nobody else has.
func (e *Endpoint) listenInside() error {
	dir, err := os.MkdirTemp("", "vouch-aws-") // a socket's path must be short
	if err != nil {
		return fmt.Errorf("make a folder for the socket: %w", err)
	}
	e.socketDir = dir
	path := filepath.Join(dir, "kumo.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		return fmt.Errorf("listen for kumo's calls: %w", err)
	}
	e.inner = &http.Server{Handler: http.HandlerFunc(e.serveInside), ReadHeaderTimeout: 10 * time.Second}
	e.work.Go(func() { e.inner.Serve(l) })
	e.restore, err = redirectKumo(func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	})
	return err
}

// serveInside answers EventBridge's deliveries and the tasks of workflows.
func (e *Endpoint) serveInside(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		fail(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "the request is too large")
		return
	}
	function, ok := invokedFunction(r)
	if !ok { // EventBridge delivers to SQS through here: that is kumo's own
		e.passInside(w, r, body)
		return
	}
	if r.Header.Get("X-Amz-Invocation-Type") == "Event" {
		if err := e.Functions.InvokeAsync(function, envelope(body)); err != nil {
			e.Log.Error("an event was not delivered", "function", function, "error", err.Error())
			fail(w, http.StatusNotFound, "ResourceNotFoundException", err.Error())
			return
		}
		w.WriteHeader(http.StatusAccepted)
		return
	}
	var t task
	if err := json.Unmarshal(body, &t); err != nil || t.Token == "" {
		e.Log.Error("a task of a workflow cannot be read", "function", function)
		fail(w, http.StatusBadRequest, "InvalidRequestContentException", "not a task of a workflow")
		return
	}
	e.work.Go(func() { e.runTask(function, t) })
	w.Write([]byte("{}"))
}

func (e *Endpoint) passInside(w http.ResponseWriter, r *http.Request, body []byte) {
	status, header, answer, err := e.forward(r.Context(), call{header: r.Header, body: body})
	if err != nil {
		fail(w, http.StatusInternalServerError, "InternalServerError", err.Error())
		return
	}
	for name, values := range header {
		w.Header()[name] = values
	}
	w.WriteHeader(status)
	w.Write(answer)
}

// envelope gives an event the fields that EventBridge gives it and kumo does
// not: the time in UTC, and the list of resources.
func envelope(body []byte) []byte {
	var event map[string]any
	if err := json.Unmarshal(body, &event); err != nil || event["detail-type"] == nil {
		return body // a target's input that was transformed
	}
	if t, err := time.Parse(time.RFC3339, fmt.Sprint(event["time"])); err == nil {
		event["time"] = t.UTC().Format(time.RFC3339)
	}
	if event["resources"] == nil {
		event["resources"] = []string{}
	}
	delete(event, "event-bus-name")
	fixed, err := json.Marshal(event)
	if err != nil {
		return body
	}
	return fixed
}

// invokedFunction returns the function that a request to Lambda's Invoke names.
func invokedFunction(r *http.Request) (string, bool) {
	rest, ok := strings.CutPrefix(r.URL.Path, "/2015-03-31/functions/")
	name, isInvoke := strings.CutSuffix(rest, "/invocations")
	return name, ok && isInvoke && r.Method == http.MethodPost
}
