package costs

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
)

// client is whom requests by presigned URLs are counted for.
const byURL = "client"

// objects stands before S3, and counts the requests of the functions, and those
// of clients by presigned URLs.
func (r *recorder) objects(upstream string) http.Handler {
	proxy := &httputil.ReverseProxy{
		Transport: r.transport,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = "http", upstream
			p.Out.URL.RawQuery, p.Out.Host = p.In.URL.RawQuery, p.In.Host // which the signature covers
		},
		ModifyResponse: func(resp *http.Response) error {
			who := resp.Request.Context().Value(callerKey{}).(string)
			name, dimension := objectRequest(resp.Request.Method, resp.Request.URL)
			if dimension == "" {
				r.failed(errors.New("a request to S3 has no price here: " + resp.Request.Method + " " + name))
				return nil
			}
			r.use(who, name, dimension, 1)
			if sent := notified[name]; sent != "" && resp.StatusCode < 300 {
				r.use("S3", sent, StoreEvents, 1)
			}
			if name == "GetObject" && resp.StatusCode < 300 {
				resp.Body = &counted{ReadCloser: resp.Body, add: func(n int) { r.bytes(who, float64(n)) }}
			}
			return nil
		},
		FlushInterval: -1,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		who := r.caller(req)
		if req.URL.Query().Has("X-Amz-Signature") {
			who = byURL
		}
		proxy.ServeHTTP(w, req.WithContext(context.WithValue(req.Context(), callerKey{}, who)))
	})
}

type callerKey struct{}

// objectRequest names the operation that a request asks of S3, and how it is
// billed ("Requests-Tier1" and "Requests-Tier2" in "Understanding your AWS billing
// and usage reports for Amazon S3"). It knows those that Vouch makes.
func objectRequest(method string, u *url.URL) (string, Dimension) {
	_, key, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	q := u.Query()
	if key == "" {
		switch {
		case method == http.MethodGet && q.Has("versions"):
			return "ListObjectVersions", StorePuts
		case method == http.MethodGet && q.Has("uploads"):
			return "ListMultipartUploads", StorePuts
		case method == http.MethodGet:
			return "ListObjects", StorePuts
		case method == http.MethodPost:
			return "PostObject", StorePuts
		}
		return method, ""
	}
	switch {
	case method == http.MethodPost && q.Has("uploads"):
		return "CreateMultipartUpload", StorePuts
	case method == http.MethodPost && q.Has("uploadId"):
		return "CompleteMultipartUpload", StorePuts
	case method == http.MethodPut && q.Has("uploadId"):
		return "UploadPart", StorePuts
	case method == http.MethodGet && q.Has("uploadId"):
		return "ListParts", StorePuts
	case method == http.MethodDelete && q.Has("uploadId"):
		return "AbortMultipartUpload", StoreDeletes
	case method == http.MethodPut && q.Has("tagging"):
		return "PutObjectTagging", StorePuts
	case method == http.MethodGet && q.Has("tagging"):
		return "GetObjectTagging", StoreGets
	case method == http.MethodPut:
		return "PutObject", StorePuts
	case method == http.MethodGet:
		return "GetObject", StoreGets
	case method == http.MethodHead:
		return "HeadObject", StoreGets
	case method == http.MethodDelete:
		return "DeleteObject", StoreDeletes
	}
	return method, ""
}

// notified are the operations of which S3 tells EventBridge once a bucket does:
// all of them, whatever the rules ask for ("Using EventBridge", Amazon S3 User
// Guide).
var notified = map[string]string{
	"PutObject": "Object Created", "PostObject": "Object Created", "CompleteMultipartUpload": "Object Created",
	"PutObjectTagging": "Object Tags Added", "DeleteObject": "Object Deleted",
}

// counted counts the bytes that are read of a body.
type counted struct {
	io.ReadCloser
	add func(int)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.add(n)
	return n, err
}
