package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"time"
)

// httpProxy stands before S3 or the other AWS services and makes the faults of
// a plan. It passes everything else on as it came, the Host header included,
// which signatures cover.
type httpProxy struct {
	listener net.Listener
	server   *http.Server
}

// newHTTPProxy listens on loopback before the server at upstream. serviceOf says
// which service of the plan a request is for.
func newHTTPProxy(upstream string, plan *Plan, serviceOf func(*http.Request) string) (*httpProxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the proxy before %s: %w", upstream, err)
	}
	quiet := log.New(io.Discard, "", 0) // that connections break is the purpose
	pass := &httputil.ReverseProxy{
		Transport: &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", upstream
			r.Out.URL.RawQuery = r.In.URL.RawQuery
			r.Out.Host = r.In.Host
		},
		ModifyResponse: cutAnswer,
		// The client sees a connection that ends: so would it without a proxy.
		ErrorHandler:  func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:      quiet,
		FlushInterval: -1,
	}
	handler := func(w http.ResponseWriter, r *http.Request) {
		service := serviceOf(r)
		fault, share := plan.Next(service)
		switch fault {
		case Delay:
			select {
			case <-time.After(delay(share)):
			case <-r.Context().Done():
			}
		case ServerError, Throttle:
			io.Copy(io.Discard, r.Body)
			refuse(w, service, fault, share)
			return
		case ErrorIn200:
			io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/xml")
			io.WriteString(w, errorXML("InternalError"))
			return
		case CutBefore:
			panic(http.ErrAbortHandler)
		case CutInRequest:
			r.Body = &cutBody{Reader: io.LimitReader(r.Body, int64(share*float64(r.ContentLength))), closer: r.Body, fault: fault}
		}
		pass.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), faultKey{}, met{fault, share})))
	}
	p := &httpProxy{listener: l, server: &http.Server{Handler: http.HandlerFunc(handler), ReadHeaderTimeout: 30 * time.Second, ErrorLog: quiet}}
	go p.server.Serve(l)
	return p, nil
}

func (p *httpProxy) addr() string { return p.listener.Addr().String() }

func (p *httpProxy) close() { p.server.Close() }

type faultKey struct{}

// met is the fault that a request has met.
type met struct {
	fault Fault
	share float64
}

// cutAnswer takes the answer of a request that was carried out away from the
// client, whole or in part.
func cutAnswer(resp *http.Response) error {
	m, _ := resp.Request.Context().Value(faultKey{}).(met)
	switch m.fault {
	case CutAfter:
		_, err := io.Copy(io.Discard, resp.Body)
		return errors.Join(errFault{m.fault}, err)
	case CutInAnswer:
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		if len(body) == 0 {
			return errFault{m.fault}
		}
		part := body[:int(m.share*float64(len(body)))]
		resp.Body = &cutBody{Reader: bytes.NewReader(part), closer: resp.Body, fault: m.fault}
		if resp.ContentLength < 0 {
			resp.ContentLength = int64(len(body))
		}
	}
	return nil
}

// cutBody is a body that ends with an error.
type cutBody struct {
	io.Reader
	closer io.Closer
	fault  Fault
}

func (c *cutBody) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if err == io.EOF {
		err = errFault{c.fault}
	}
	return n, err
}

func (c *cutBody) Close() error { return c.closer.Close() }

// refuse answers with an error as the service writes it ("Error Responses",
// Amazon S3 API Reference; "Error handling with DynamoDB").
func refuse(w http.ResponseWriter, service string, fault Fault, share float64) {
	pick := func(a, b string) string {
		if share < 0.5 {
			return a
		}
		return b
	}
	if strings.HasPrefix(service, S3) || strings.HasPrefix(service, Presigned) {
		status, code := http.StatusServiceUnavailable, pick("SlowDown", "InternalError")
		if code == "InternalError" {
			status = http.StatusInternalServerError
		}
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		io.WriteString(w, errorXML(code))
		return
	}
	status, code := http.StatusInternalServerError, "InternalServerError"
	if fault == Throttle {
		status, code = http.StatusBadRequest, "ThrottlingException"
		if service == DynamoDB {
			code = pick("ProvisionedThroughputExceededException", "ThrottlingException")
		}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amzn-Errortype", code)
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": "a fault of the test"})
}

func errorXML(code string) string {
	return fmt.Sprintf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>Reduce your request rate.</Message></Error>", code)
}

// objectService tells requests by presigned URLs from those of functions, and
// those about uploads in parts from all others.
func objectService(r *http.Request) string {
	q := r.URL.Query()
	presigned, part := q.Has("X-Amz-Signature"), q.Has("uploadId")
	switch {
	case presigned && part:
		return PartURLs
	case presigned:
		return Presigned
	case q.Has("uploads") && r.Method == http.MethodPost:
		return Begin
	case q.Has("uploads"):
		return Uploads
	case part && r.Method == http.MethodPost:
		return Assemble
	case part && r.Method == http.MethodDelete:
		return Abort
	case part && r.Method == http.MethodGet:
		return Held
	}
	return S3
}

// apiService reads which service of AWS's JSON protocols a request is for.
func apiService(r *http.Request) string {
	target, _, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch {
	case strings.HasPrefix(target, "DynamoDB_"):
		return DynamoDB
	case target == "AWSStepFunctions":
		return Workflow
	case target == "AWSEvents":
		return EventBus
	case target == "TrentService":
		return KMS
	}
	return target
}
