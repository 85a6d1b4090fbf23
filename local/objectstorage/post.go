package objectstorage

import (
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/local/sigv4"
)

// postsForm reports whether a request is that of an HTML form: a POST to the
// bucket itself ("POST Object", Amazon S3 API Reference).
func postsForm(r *http.Request) bool {
	_, key, err := unescapedPath(r.URL)
	return r.Method == http.MethodPost && r.URL.RawQuery == "" && err == nil && key == ""
}

// postForm reads the fields of a form, which say who signed it and what it
// creates, decides whether that is allowed, and hands the whole to versitygw,
// which checks the signature, the form's policy and the file.
func (s *Store) postForm(w http.ResponseWriter, r *http.Request, proxy http.Handler, o Options) {
	fields, body, err := readForm(r)
	if err != nil {
		err.answer(w)
		return
	}
	signed, ok := formSignature(fields)
	if !ok || r.Header.Get("Authorization") != "" {
		errAccessDenied.answer(w)
		return
	}
	if name := unsignedHeader(r, nil); name != "" {
		refuse(w, http.StatusForbidden, "AccessDenied", "There were headers present in the request which were not signed: "+name)
		return
	}
	r = r.Clone(r.Context())
	r.Body = struct {
		io.Reader
		io.Closer
	}{body, r.Body}
	// Without it the HTTP server in versitygw (fasthttp) takes the form apart
	// itself, by other rules, and puts it together again in memory.
	r.Header.Set("Content-Encoding", "identity")
	if signed.AccessKey == o.AdminKey {
		proxy.ServeHTTP(w, r)
		return
	}
	op := formOperation(r, fields)
	if accesses, ok := authorized(w, r, signed, op, formContext(r, signed, op, fields), o); ok {
		proxy.ServeHTTP(w, r.WithContext(withRequest(r.Context(), signed, op, accesses)))
	}
}

// formSignature is readSignature for a form: it is believed only as far as
// versitygw has verified it when the request comes out. A form without one is
// anonymous, and refused.
func formSignature(fields map[string]string) (s signature, ok bool) {
	s.Signature, ok = sigv4.ParseCredential(fields["x-amz-credential"])
	s.date, _ = time.Parse("20060102T150405Z", fields["x-amz-date"])
	return s, ok && fields["x-amz-algorithm"] == sigv4.Algorithm && fields["policy"] != "" && fields["x-amz-signature"] != ""
}

// formOperation is operationOf for a form.
func formOperation(r *http.Request, fields map[string]string) operation {
	bucket, _, _ := unescapedPath(r.URL) // postsForm has read it before
	op := operation{bucket: bucket, key: fields["key"], actions: []string{"s3:PutObject"}, creates: "PostObject"}
	if _, tags := fields["tagging"]; tags {
		op.actions = append(op.actions, "s3:PutObjectTagging")
	}
	if _, acl := fields["acl"]; acl {
		op.actions = append(op.actions, "s3:PutObjectAcl")
	}
	return op
}

// formContext is conditionContext for a form, whose fields are what the headers
// are of a PUT. There is no field for a precondition.
func formContext(r *http.Request, signed signature, op operation, fields map[string]string) map[string][]string {
	header := http.Header{}
	for name, value := range fields {
		if strings.HasPrefix(name, "x-amz-") {
			header.Set(name, value)
		}
	}
	c := conditionContext(&http.Request{URL: r.URL, Header: header, RemoteAddr: r.RemoteAddr}, signed, op, nil, nil)
	c["s3:authType"] = []string{"POST"}
	return c
}
