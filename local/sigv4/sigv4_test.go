package sigv4

import (
	"strings"
	"testing"
)

func TestSignaturesAreReadOrRefusedWhole(t *testing.T) {
	const good = "AWS4-HMAC-SHA256 Credential=AKID/20261124/us-east-1/s3/aws4_request, SignedHeaders=host;X-Amz-Date, Signature=00"
	s, ok := Parse(good)
	if !ok || s.AccessKey != "AKID" || s.Region != "us-east-1" || s.Service != "s3" || strings.Join(s.Headers, ",") != "host,x-amz-date" {
		t.Errorf("%+v, %v", s, ok)
	}
	for _, bad := range []string{
		"", "Bearer x", "AWS AKID:x", strings.Replace(good, "SHA256", "SHA512", 1), strings.Replace(good, "/s3", "", 1),
		strings.Replace(good, "AKID", "", 1), strings.Replace(good, "aws4_request", "x", 1), strings.Replace(good, "SignedHeaders", "Headers", 1),
	} {
		if s, ok := Parse(bad); ok {
			t.Errorf("%q was read as %+v", bad, s)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request,SignedHeaders=host,Signature=x")
	f.Fuzz(func(t *testing.T, authorization string) {
		if s, ok := Parse(authorization); ok && (s.AccessKey == "" || len(s.Headers) == 0) {
			t.Errorf("%q was read as %+v", authorization, s)
		}
	})
}
