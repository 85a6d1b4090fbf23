package objectstorage

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/vouch-s3/vouch/local/sigv4"
)

// refusal is how S3 says no ("Error responses", Amazon S3 API Reference).
type refusal struct {
	status        int
	code, message string
}

func (no *refusal) answer(w http.ResponseWriter) { refuse(w, no.status, no.code, no.message) }

var (
	errAccessDenied  = &refusal{http.StatusForbidden, "AccessDenied", "Access Denied"}
	errChunked       = &refusal{http.StatusNotImplemented, "NotImplemented", "A header you provided implies functionality that is not implemented"}
	errLength        = &refusal{http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header."}
	errTwoMechanisms = &refusal{http.StatusBadRequest, "InvalidArgument", "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified"}
	errParameters    = &refusal{http.StatusBadRequest, "AuthorizationQueryParametersError", "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."}
	errCredential    = &refusal{http.StatusBadRequest, "AuthorizationQueryParametersError", `Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".`}
	errSignature     = &refusal{http.StatusForbidden, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method."}
)

// malformed returns why S3 refuses a request before it looks at what is signed; nil
// for one that it looks at. versitygw takes a body whose length it does not know, and
// by the front's reading of a signature all of the others are of nobody.
func malformed(r *http.Request) *refusal {
	if r.Method == http.MethodPut {
		// What an SDK signs chunk by chunk says its length in another header.
		streaming := strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-")
		switch {
		case len(r.TransferEncoding) > 0 && !streaming:
			return errChunked
		case len(r.TransferEncoding) == 0 && r.Header.Get("Content-Length") == "":
			return errLength
		}
	}
	q := r.URL.Query()
	if !q.Has("X-Amz-Algorithm") {
		return nil
	}
	if r.Header.Get("Authorization") != "" {
		return errTwoMechanisms
	}
	for _, name := range []string{"X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Expires"} {
		if q.Get(name) == "" {
			return errParameters
		}
	}
	if _, ok := sigv4.ParseCredential(q.Get("X-Amz-Credential")); !ok {
		return errCredential
	}
	return nil
}

// denied returns how S3 refuses a request that a policy does not allow. S3 verifies a
// signature before it asks any policy: a URL to upload that is opened by GET, or
// without a header that it signs, does not match.
func denied(r *http.Request, signed signature, accounts map[string]string) *refusal {
	if signed.query && !signed.holds(r, accounts[signed.AccessKey]) {
		return errSignature
	}
	return errAccessDenied
}

// holds reports whether the signature of a presigned URL is of this request, by
// signing that again.
func (s signature) holds(r *http.Request, secret string) bool {
	q := r.URL.Query()
	said := q.Get("X-Amz-Signature")
	for _, name := range []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Signature", "X-Amz-SignedHeaders"} {
		q.Del(name) // the signer sets them
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping, o.DisableHeaderHoisting = true, true })
	key := aws.Credentials{AccessKeyID: s.AccessKey, SecretAccessKey: secret}
	to, _, err := signer.PresignHTTP(r.Context(), key, s.Unsigned(r, q.Encode()), "UNSIGNED-PAYLOAD", s.Service, s.Region, s.date)
	if err != nil {
		return false
	}
	u, err := url.Parse(to)
	if err != nil {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(u.Query().Get("X-Amz-Signature")), []byte(said)) == 1
}
