package objectstorage

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// operation is what a request asks of S3.
type operation struct {
	bucket, key, version string
	actions              []string // the permissions it needs
	reads                bool     // it reads an object, so 404 and 403 must be told apart
	creates              string   // the reason in the event of the object it creates
	prepares             bool     // it is of an upload in parts, and creates no object itself
}

// arn returns the resource that an action is checked on.
func (op operation) arn(action string) string {
	if op.key == "" || strings.HasPrefix(action, "s3:ListBucket") {
		return op.bucketARN()
	}
	return op.bucketARN() + "/" + op.key
}

func (op operation) bucketARN() string { return "arn:aws:s3:::" + op.bucket }

// operationOf finds the operation and the actions that the Service
// Authorization Reference lists for it. An operation that is not listed here
// is not offered: nothing passes without a permission.
func operationOf(r *http.Request) (operation, bool) {
	bucket, key, err := unescapedPath(r.URL)
	if err != nil {
		return operation{}, false
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return operation{}, false
	}
	op := operation{bucket: bucket, key: key, version: q.Get("versionId")}
	versioned := func(action, versionAction string) []string {
		if op.version != "" {
			return []string{versionAction}
		}
		return []string{action}
	}
	sub := subresource(q)
	if key == "" {
		if r.Method != http.MethodGet {
			return operation{}, false
		}
		switch sub {
		case "":
			op.actions = []string{"s3:ListBucket"}
		case "versions":
			op.actions = []string{"s3:ListBucketVersions"}
		case "uploads":
			op.actions = []string{"s3:ListBucketMultipartUploads"}
		}
		return op, op.actions != nil
	}
	switch r.Method + " " + sub {
	case "GET ", "HEAD ":
		op.actions, op.reads = versioned("s3:GetObject", "s3:GetObjectVersion"), true
	case "PUT ":
		op.actions, op.creates = []string{"s3:PutObject"}, "PutObject"
		if r.Header.Get("X-Amz-Copy-Source") != "" {
			return operation{}, false // it would need permissions on the source too
		}
		if r.Header.Get("X-Amz-Tagging") != "" {
			op.actions = append(op.actions, "s3:PutObjectTagging")
		}
		if r.Header.Get("X-Amz-Acl") != "" {
			op.actions = append(op.actions, "s3:PutObjectAcl")
		}
	case "DELETE ":
		op.actions = versioned("s3:DeleteObject", "s3:DeleteObjectVersion")
	case "GET tagging":
		op.actions, op.reads = versioned("s3:GetObjectTagging", "s3:GetObjectVersionTagging"), true
	case "PUT tagging":
		op.actions, op.reads = versioned("s3:PutObjectTagging", "s3:PutObjectVersionTagging"), true
	case "POST uploads":
		op.actions, op.prepares = []string{"s3:PutObject"}, true
	case "PUT uploadId":
		if q.Get("partNumber") == "" || r.Header.Get("X-Amz-Copy-Source") != "" {
			return operation{}, false
		}
		op.actions, op.prepares = []string{"s3:PutObject"}, true
	case "POST uploadId":
		op.actions, op.creates = []string{"s3:PutObject"}, "CompleteMultipartUpload"
	case "DELETE uploadId":
		op.actions = []string{"s3:AbortMultipartUpload"}
	case "GET uploadId":
		op.actions = []string{"s3:ListMultipartUploadParts"}
	}
	return op, op.actions != nil
}

// parameters of a query that do not change what the operation is.
var plain = map[string]bool{
	"versionId": true, "x-id": true, "partNumber": true,
	"prefix": true, "delimiter": true, "max-keys": true, "marker": true, "list-type": true, "start-after": true,
	"continuation-token": true, "encoding-type": true, "fetch-owner": true, "key-marker": true, "version-id-marker": true,
	"max-uploads": true, "upload-id-marker": true, "max-parts": true, "part-number-marker": true,
	"response-content-type": true, "response-content-disposition": true, "response-cache-control": true,
	"response-content-encoding": true, "response-content-language": true, "response-expires": true,
}

// subresource returns the one parameter that makes a request another
// operation, empty for none, and something that is no operation for several.
func subresource(q url.Values) string {
	var found []string
	for name := range q {
		if !plain[name] && !strings.HasPrefix(strings.ToLower(name), "x-amz-") {
			found = append(found, name)
		}
	}
	switch len(found) {
	case 0:
		return ""
	case 1:
		return found[0]
	}
	return "several at once"
}

// existingTags reads the tags of the object version that op is about; none
// where there is no such version.
func (s *Store) existingTags(ctx context.Context, op operation) (map[string]string, error) {
	if !op.reads {
		return nil, nil
	}
	input := &s3.GetObjectTaggingInput{Bucket: &op.bucket, Key: &op.key}
	if op.version != "" {
		input.VersionId = &op.version
	}
	out, err := s.admin.GetObjectTagging(ctx, input)
	if status := statusOf(err); status >= 400 && status < 500 {
		return nil, nil // no such version, or no tags: versitygw says which to the caller
	}
	if err != nil {
		return nil, fmt.Errorf("get the tags of %s: %w", op.key, err)
	}
	tags := map[string]string{}
	for _, t := range out.TagSet {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags, nil
}

// conditionContext returns the condition keys of a request ("Actions,
// resources, and condition keys for Amazon S3", Service Authorization Reference).
func conditionContext(r *http.Request, signed signature, op operation, tags, asked map[string]string) map[string][]string {
	c := map[string][]string{
		"aws:SecureTransport": {"true"}, // loopback stands in for TLS
		"s3:signatureversion": {"AWS4-HMAC-SHA256"},
		"s3:authType":         {"REST-HEADER"},
	}
	if signed.query {
		c["s3:authType"] = []string{"REST-QUERY-STRING"}
	}
	if !signed.date.IsZero() {
		c["s3:signatureAge"] = []string{strconv.FormatInt(time.Since(signed.date).Milliseconds(), 10)}
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		c["aws:SourceIp"] = []string{host}
	}
	set := func(key, value string) {
		if value != "" {
			c[key] = []string{value}
		}
	}
	q := r.URL.Query()
	if !slices.Contains(op.actions, "s3:ListBucketMultipartUploads") { // which has neither key
		set("s3:prefix", q.Get("prefix"))
		set("s3:max-keys", q.Get("max-keys"))
	}
	set("s3:VersionId", op.version)
	set("s3:if-none-match", r.Header.Get("If-None-Match"))
	set("s3:if-match", r.Header.Get("If-Match"))
	switch { // "Enforce conditional writes on Amazon S3 buckets", Amazon S3 User Guide
	case op.creates != "":
		set("s3:ObjectCreationOperation", "true")
	case op.prepares:
		set("s3:ObjectCreationOperation", "false")
	}
	set("s3:x-amz-content-sha256", r.Header.Get("X-Amz-Content-Sha256"))
	set("s3:x-amz-server-side-encryption", r.Header.Get("X-Amz-Server-Side-Encryption"))
	for k, v := range tags {
		c["s3:ExistingObjectTag/"+k] = []string{v}
	}
	for k, v := range asked {
		c["s3:RequestObjectTag/"+k] = []string{v}
	}
	return c
}
