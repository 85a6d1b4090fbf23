package ask

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// runtimeAPI is the Lambda runtime API ("Lambda runtime API", AWS Lambda Developer
// Guide) for one function, which is given the same event each time.
type runtimeAPI struct {
	event   []byte
	asked   chan struct{} // the function may take an event
	answers chan []byte
	faults  chan error
	served
}

func newRuntimeAPI(event []byte) (*runtimeAPI, error) {
	a := &runtimeAPI{event: event, asked: make(chan struct{}), answers: make(chan []byte), faults: make(chan error, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", a.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", a.response)
	mux.HandleFunc("POST /2018-06-01/runtime/", a.fault)
	var err error
	a.served, err = serve(mux)
	return a, err
}

func (a *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	select {
	case <-a.asked:
	case <-r.Context().Done():
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(10*time.Second).UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:"+region+":123456789012:function:create-upload")
	w.Write(a.event)
}

func (a *runtimeAPI) response(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		a.faults <- fmt.Errorf("read an answer: %w", err)
		return
	}
	w.WriteHeader(http.StatusAccepted)
	a.answers <- body
}

// fault takes whatever else a function says: that it cannot start, or has failed.
func (a *runtimeAPI) fault(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	w.WriteHeader(http.StatusAccepted)
	a.faults <- fmt.Errorf("%s: %s (%w)", r.URL.Path, body, err)
}

// call has the function answer the event once.
func (a *runtimeAPI) call(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	select {
	case a.asked <- struct{}{}:
	case err := <-a.faults:
		return err
	case <-ctx.Done():
		return fmt.Errorf("the function asks for no work: %w", ctx.Err())
	}
	select {
	case answer := <-a.answers:
		return created(answer, nil)
	case err := <-a.faults:
		return err
	case <-ctx.Done():
		return fmt.Errorf("the function does not answer: %w", ctx.Err())
	}
}

// served is a server on loopback.
type served struct {
	addr   string // host:port
	server *http.Server
}

func serve(h http.Handler) (served, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return served{}, fmt.Errorf("listen: %w", err)
	}
	s := served{addr: l.Addr().String(), server: &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}}
	go s.server.Serve(l)
	return s, nil
}

func (s served) Close() error { return s.server.Close() }
