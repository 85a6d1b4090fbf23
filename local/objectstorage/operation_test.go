package objectstorage

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestEachOperationNeedsThePermissionsThatAWSLists(t *testing.T) {
	for _, tt := range []struct{ method, target, header, want string }{
		{"GET", "/b/k", "", "s3:GetObject"},
		{"HEAD", "/b/k", "", "s3:GetObject"},
		{"GET", "/b/k?versionId=v", "", "s3:GetObjectVersion"},
		{"GET", "/b/k?response-content-type=a%2Fb&X-Amz-Signature=x&versionId=v", "", "s3:GetObjectVersion"},
		{"PUT", "/b/k?x-id=PutObject", "", "s3:PutObject"},
		{"PUT", "/b/k", "X-Amz-Tagging", "s3:PutObject,s3:PutObjectTagging"},
		{"PUT", "/b/k", "X-Amz-Acl", "s3:PutObject,s3:PutObjectAcl"},
		{"PUT", "/b/k", "X-Amz-Copy-Source", ""},
		{"DELETE", "/b/k", "", "s3:DeleteObject"},
		{"DELETE", "/b/k?versionId=v", "", "s3:DeleteObjectVersion"},
		{"PUT", "/b/k?tagging", "", "s3:PutObjectTagging"},
		{"PUT", "/b/k?tagging&versionId=v", "", "s3:PutObjectVersionTagging"},
		{"GET", "/b/k?tagging&versionId=v", "", "s3:GetObjectVersionTagging"},
		{"POST", "/b/k?uploads", "", "s3:PutObject"},
		{"PUT", "/b/k?uploadId=u&partNumber=1", "", "s3:PutObject"},
		{"PUT", "/b/k?uploadId=u&partNumber=1", "X-Amz-Copy-Source", ""},
		{"PUT", "/b/k?uploadId=u", "", ""},
		{"POST", "/b/k?uploadId=u", "", "s3:PutObject"},
		{"DELETE", "/b/k?uploadId=u", "", "s3:AbortMultipartUpload"},
		{"GET", "/b/k?uploadId=u", "", "s3:ListMultipartUploadParts"},
		{"GET", "/b?list-type=2&prefix=x", "", "s3:ListBucket"},
		{"GET", "/b?versions&prefix=x", "", "s3:ListBucketVersions"},
		{"GET", "/b?uploads", "", "s3:ListBucketMultipartUploads"},
		{"GET", "/b?policy", "", ""},
		{"PUT", "/b?policy", "", ""},
		{"PUT", "/b", "", ""},
		{"DELETE", "/b", "", ""},
		{"POST", "/b?delete", "", ""},
		{"POST", "/b", "", ""},
		{"GET", "/", "", ""},
		{"PUT", "/b/k?acl", "", ""},
		{"PUT", "/b/k?retention", "", ""},
		{"DELETE", "/b/k?tagging", "", ""},
		{"GET", "/b/k?tagging&uploadId=u", "", ""},
		{"PATCH", "/b/k", "", ""},
		{"GET", "/b/k?versionId=%zz", "", ""},
	} {
		r := httptest.NewRequest(tt.method, tt.target, nil)
		if tt.header != "" {
			r.Header.Set(tt.header, "x")
		}
		op, ok := operationOf(r)
		if got := strings.Join(op.actions, ","); ok != (tt.want != "") || got != tt.want {
			t.Errorf("%s %s %s: %v %q, want %q", tt.method, tt.target, tt.header, ok, got, tt.want)
		}
	}
}

func FuzzOperationOf(f *testing.F) {
	f.Add("GET", "/b/k?versionId=v&tagging")
	f.Add("PUT", "/b//k?x-amz-acl=a")
	f.Fuzz(func(t *testing.T, method, target string) {
		r, err := http.NewRequest(method, target, nil)
		if err != nil {
			return
		}
		if op, ok := operationOf(r); ok && (len(op.actions) == 0 || op.bucket == "") {
			t.Errorf("%s %s passes without a permission: %+v", method, target, op)
		}
	})
}

func TestHeadersThatASignatureDoesNotCoverAreFound(t *testing.T) {
	h := http.Header{"X-Amz-Date": {"x"}, "X-Amz-Tagging": {"x"}, "Content-Type": {"x"}}
	if got := unsignedHeader(&http.Request{Header: h}, []string{"host", "x-amz-date"}); got != "x-amz-tagging" {
		t.Errorf("%q", got)
	}
	if got := unsignedHeader(&http.Request{Header: h}, []string{"host", "x-amz-date", "x-amz-tagging"}); got != "" {
		t.Errorf("%q", got)
	}
}

// A policy bounds the age of signatures, so what stands for one must have one.
func TestAURLThatDoesNotSayOnceWhenItWasSignedIsRefused(t *testing.T) {
	const signed = "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID/20261124/us-east-1/s3/aws4_request&X-Amz-SignedHeaders=host&X-Amz-Expires=604800&X-Amz-Signature=00"
	for query, want := range map[string]bool{
		"&X-Amz-Date=20261124T120000Z": true,
		"":                             false,
		"&X-Amz-Date=":                 false,
		"&X-Amz-Date=yesterday":        false,
		"&X-Amz-Date=20261124T120000Z&X-Amz-Date=20261124T110000Z": false,
	} {
		if s, ok := readSignature(httptest.NewRequest("GET", signed+query, nil)); ok != want || ok && s.date.IsZero() {
			t.Errorf("%s: %v %v", query, ok, s.date)
		}
	}
}

func TestSequencersOnlyGrow(t *testing.T) {
	var s sequencer
	last := ""
	for range 10000 {
		next := s.next()
		if next <= last || len(next) != len(s.next()) {
			t.Fatalf("%s after %s", next, last)
		}
		last = next
	}
}

// A role that may begin uploads in parts, or send parts, must not be able to make
// an object without the condition that it is the first.
func TestOnlyWhatMakesAnObjectCountsAsItsCreation(t *testing.T) {
	for _, tt := range []struct{ method, target, want string }{
		{"PUT", "/b/k", "true"},
		{"POST", "/b/k?uploadId=u", "true"},
		{"POST", "/b/k?uploads", "false"},
		{"PUT", "/b/k?uploadId=u&partNumber=1", "false"},
		{"GET", "/b/k", ""},
		{"DELETE", "/b/k?uploadId=u", ""},
		{"GET", "/b/k?uploadId=u", ""},
	} {
		r := httptest.NewRequest(tt.method, tt.target, nil)
		op, ok := operationOf(r)
		if !ok {
			t.Fatalf("%s %s is not offered", tt.method, tt.target)
		}
		c := conditionContext(r, signature{}, op, nil, nil)
		if got := strings.Join(c["s3:ObjectCreationOperation"], ","); got != tt.want {
			t.Errorf("%s %s: %q, want %q", tt.method, tt.target, got, tt.want)
		}
	}
}
