package objectstorage

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/local/sigv4"
)

// Access is one permission that a request needs.
type Access struct {
	AccessKeyID string
	Action      string // as in s3:GetObjectVersion
	BucketARN   string
	Resource    string // the ARN of the bucket or the object
	Context     map[string][]string
}

// Authorizer decides whether an access is allowed, by the policies of whoever
// owns the access key and of the bucket. An error refuses it.
type Authorizer interface {
	Authorize(Access) error
}

// front returns the handler before versitygw.
func (s *Store) front(o Options) http.Handler {
	upstream := s.transport()
	proxy := &httputil.ReverseProxy{
		Transport: upstream,
		Rewrite: func(r *httputil.ProxyRequest) {
			// The signature covers the path, the query and the host as they came.
			r.Out.URL.Scheme, r.Out.URL.Host = "http", "versitygw"
			r.Out.URL.RawQuery = r.In.URL.RawQuery
			r.Out.Host = r.In.Host
		},
		ModifyResponse: func(r *http.Response) error { return s.answered(r, o) },
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				o.Log.Warn("a request to S3 failed", "error", err.Error())
			}
			refuse(w, http.StatusServiceUnavailable, "ServiceUnavailable", "Please reduce your request rate.")
		},
		ErrorLog:      slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
		FlushInterval: -1,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions { // a preflight carries no credentials; versitygw answers it by the bucket's rules
			proxy.ServeHTTP(w, r)
			return
		}
		if postsForm(r) {
			s.postForm(w, r, proxy, o)
			return
		}
		if no := malformed(r); no != nil {
			no.answer(w)
			return
		}
		signed, ok := readSignature(r)
		switch {
		case !ok:
			errAccessDenied.answer(w)
			return
		case signed.AccessKey == o.AdminKey:
			proxy.ServeHTTP(w, r)
			return
		case signed.query && time.Until(signed.date) > maxSkew: // versitygw takes it
			refuse(w, http.StatusForbidden, "AccessDenied", "Request is not yet valid")
			return
		case signed.query && signed.over(r, time.Now()):
			// S3 says so before it asks any policy, and so does versitygw, which is
			// asked no other than this: it takes no URL that has run out.
			proxy.ServeHTTP(w, r)
			return
		}
		if name := unsignedHeader(r, signed.Headers); name != "" {
			refuse(w, http.StatusForbidden, "AccessDenied", "There were headers present in the request which were not signed: "+name)
			return
		}
		op, ok := operationOf(r)
		if !ok {
			refuse(w, http.StatusNotImplemented, "NotImplemented", "The local stack does not offer this operation.")
			return
		}
		tags, err := s.existingTags(r.Context(), op)
		if err != nil {
			o.Log.Error("the tags of an object cannot be read", "key", op.key, "error", err.Error())
			refuse(w, http.StatusServiceUnavailable, "ServiceUnavailable", "The object's tags cannot be read.")
			return
		}
		asked, ok := requestedTags(r, op)
		if !ok {
			refuse(w, http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
			return
		}
		if accesses, ok := authorized(w, r, signed, op, conditionContext(r, signed, op, tags, asked), o); ok {
			proxy.ServeHTTP(w, r.WithContext(withRequest(r.Context(), signed, op, accesses)))
		}
	})
}

// authorized decides whether a request has the permissions that it needs, which
// it returns, and answers it if not.
func authorized(w http.ResponseWriter, r *http.Request, signed signature, op operation, context map[string][]string, o Options) (accesses []Access, ok bool) {
	for _, action := range op.actions {
		a := Access{AccessKeyID: signed.AccessKey, Action: action, BucketARN: op.bucketARN(), Resource: op.arn(action), Context: context}
		if err := o.Authorizer.Authorize(a); err != nil {
			o.Log.Info("S3 denied a request", "action", action, "key", op.key, "why", err.Error())
			o.tell(a, false)
			denied(r, signed, o.Accounts).answer(w)
			return nil, false
		}
		accesses = append(accesses, a)
	}
	return accesses, true
}

func (o Options) tell(a Access, allowed bool) {
	if o.OnAnswer != nil {
		o.OnAnswer(a, allowed)
	}
}

// answered looks at versitygw's answer to a request of an account.
func (s *Store) answered(resp *http.Response, o Options) error {
	request, ok := requestFrom(resp.Request.Context())
	if !ok {
		return nil
	}
	signed, op := request.signed, request.op
	if resp.StatusCode == http.StatusBadRequest && ulid.MatchString(op.version) {
		if err := missingVersion(resp); err != nil {
			return err
		}
	}
	// Versitygw refuses what is not signed as it should be, with one of these.
	if resp.StatusCode != http.StatusBadRequest && resp.StatusCode != http.StatusForbidden {
		for _, a := range request.accesses {
			o.tell(a, true)
		}
	}
	switch {
	case resp.StatusCode < http.StatusBadRequest && op.creates != "": // of a form 201, 204 or 303
		s.created(resp, op, signed, o)
	case resp.StatusCode == http.StatusNotFound && op.reads && !s.mayList(signed, op, o):
		// Who may not list the bucket is not told what is in it (GetObject, Amazon
		// S3 API Reference).
		replace(resp, http.StatusForbidden, "AccessDenied", "Access Denied")
	}
	return nil
}

// ulid is the form of versitygw's version ids.
var ulid = regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{26}$`)

// missingVersion mends the answer for a version id that is well-formed and of
// no version: versitygw says 400 InvalidArgument, S3 says 204 to a DELETE and
// 404 NoSuchVersion to everything else.
func missingVersion(resp *http.Response) error {
	if resp.Request.Method != http.MethodHead {
		body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
		resp.Body.Close()
		if err != nil {
			return fmt.Errorf("read the answer of versitygw: %w", err)
		}
		if !bytes.Contains(body, []byte("Invalid version id")) {
			setBody(resp, string(body))
			return nil
		}
	}
	if resp.Request.Method == http.MethodDelete {
		replace(resp, http.StatusNoContent, "", "")
		return nil
	}
	replace(resp, http.StatusNotFound, "NoSuchVersion", "The specified version does not exist.")
	return nil
}

// replace makes another answer of resp, with an error as S3 writes it.
func replace(resp *http.Response, status int, code, message string) {
	resp.Body.Close()
	resp.StatusCode, resp.Status = status, fmt.Sprintf("%d %s", status, http.StatusText(status))
	if code == "" || resp.Request.Method == http.MethodHead {
		setBody(resp, "")
		return
	}
	resp.Header.Set("Content-Type", "application/xml")
	setBody(resp, errorXML(code, message))
}

func (s *Store) mayList(signed signature, op operation, o Options) bool {
	list := Access{
		AccessKeyID: signed.AccessKey, Action: "s3:ListBucket", BucketARN: op.bucketARN(), Resource: op.bucketARN(),
		Context: map[string][]string{"aws:SecureTransport": {"true"}},
	}
	if o.Authorizer.Authorize(list) != nil {
		return false
	}
	o.tell(list, true)
	return true
}

// maxSkew is how far clocks may differ (MaxAllowedSkewMilliseconds of S3's error
// RequestTimeTooSkewed).
const maxSkew = 15 * time.Minute

// signature is what a request says of its own signature. It is believed only
// as far as versitygw has verified it when the request comes out.
type signature struct {
	sigv4.Signature
	query bool // a presigned URL
	date  time.Time
}

// readSignature reads a Signature Version 4 from the query or the
// Authorization header. No other kind of credentials is taken, and no URL that
// does not say, once, when it was signed: its age is that of s3:signatureAge.
func readSignature(r *http.Request) (s signature, ok bool) {
	q := r.URL.Query()
	authorization := r.Header.Values("Authorization")
	date := r.Header.Get("X-Amz-Date")
	switch {
	case q.Get("X-Amz-Algorithm") == sigv4.Algorithm && len(authorization) == 0:
		s.query = true
		s.Signature, ok = sigv4.New(q.Get("X-Amz-Credential"), q.Get("X-Amz-SignedHeaders"))
		date = q.Get("X-Amz-Date")
		ok = ok && len(q["X-Amz-Date"]) == 1
	case len(authorization) == 1 && !q.Has("X-Amz-Signature"):
		s.Signature, ok = sigv4.Parse(authorization[0])
	}
	var err error
	s.date, err = time.Parse("20060102T150405Z", date)
	return s, ok && (err == nil || !s.query)
}

// over reports whether a presigned URL says itself, once, that it has run out.
func (s signature) over(r *http.Request, now time.Time) bool {
	said := r.URL.Query()["X-Amz-Expires"]
	if len(said) != 1 || s.date.IsZero() {
		return false
	}
	seconds, err := strconv.ParseUint(said[0], 10, 31)
	return err == nil && now.After(s.date.Add(time.Duration(seconds)*time.Second))
}

// unsignedHeader returns the name of an x-amz-* header that the signature does
// not cover. S3 refuses such a request, so that nobody can add a header with a
// meaning, a tag for example, to a URL that was presigned without it.
func unsignedHeader(r *http.Request, signed []string) string {
	for name := range r.Header {
		if n := strings.ToLower(name); strings.HasPrefix(n, "x-amz-") && !slices.Contains(signed, n) {
			return n
		}
	}
	return ""
}

type requestKey struct{}

type requestValue struct {
	signed   signature
	op       operation
	accesses []Access
}

func withRequest(ctx context.Context, s signature, op operation, accesses []Access) context.Context {
	return context.WithValue(ctx, requestKey{}, requestValue{s, op, accesses})
}

func requestFrom(ctx context.Context) (requestValue, bool) {
	v, ok := ctx.Value(requestKey{}).(requestValue)
	return v, ok
}

// refuse answers an error as S3 writes it.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Connection", "close") // the body of the request may be left unread
	w.WriteHeader(status)
	w.Write([]byte(errorXML(code, message)))
}

func errorXML(code, message string) string {
	body, err := xml.Marshal(struct {
		XMLName struct{} `xml:"Error"`
		Code    string
		Message string
	}{Code: code, Message: message})
	if err != nil { // two strings always encode
		return ""
	}
	return xml.Header + string(body)
}

// unescapedPath splits the path of a path-style request.
func unescapedPath(u *url.URL) (bucket, key string, err error) {
	bucket, key, _ = strings.Cut(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	if bucket, err = url.PathUnescape(bucket); err != nil {
		return "", "", err
	}
	if key, err = url.PathUnescape(key); err != nil {
		return "", "", err
	}
	if bucket == "" {
		return "", "", errors.New("no bucket")
	}
	return bucket, key, nil
}
