package sigv4

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Keys returns the secret of an access key, and whether there is such a key.
type Keys func(accessKey string) (secret string, known bool)

// Verify checks the Signature Version 4 in the Authorization header of a request
// whose body was read, by signing it again. Its date may be as far from now as skew.
//
// The signature is only said to be of its region and service: whether those are the
// right ones is for the caller to ask.
func Verify(r *http.Request, body []byte, keys Keys, now time.Time, skew time.Duration) (Signature, error) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return Signature{}, fmt.Errorf("there are %d Authorization headers", len(values))
	}
	signed, ok := Parse(values[0])
	if !ok {
		return Signature{}, errors.New("the request is not signed")
	}
	date, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return Signature{}, errors.New("the request has no date")
	}
	if age := now.Sub(date); age > skew || age < -skew {
		return Signature{}, errors.New("the signature has expired")
	}
	secret, known := keys(signed.AccessKey)
	if !known {
		return Signature{}, errors.New("the access key is not known")
	}
	again := signed.Unsigned(r, r.URL.RawQuery)
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	// The body's own hash counts, and a header that names another, or none, is refused.
	if said := r.Header.Values("X-Amz-Content-Sha256"); len(said) > 0 && (len(said) > 1 || said[0] != hash) {
		return Signature{}, errors.New("the header X-Amz-Content-Sha256 is not the body's")
	}
	err = v4.NewSigner().SignHTTP(r.Context(), aws.Credentials{AccessKeyID: signed.AccessKey, SecretAccessKey: secret}, again, hash, signed.Service, signed.Region, date)
	if err != nil {
		return Signature{}, fmt.Errorf("sign the request again: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(again.Header.Get("Authorization")), []byte(values[0])) != 1 {
		return Signature{}, errors.New("the signature does not match")
	}
	return signed, nil
}

// Unsigned returns what of r is signed, with this query, for whoever signs it again to
// compare: of the headers those that s names.
func (s Signature) Unsigned(r *http.Request, query string) *http.Request {
	again := &http.Request{
		Method: r.Method, Host: r.Host, Header: http.Header{},
		URL: &url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: query},
	}
	for _, name := range s.Headers {
		switch name {
		case "host":
		case "content-length":
			again.ContentLength = r.ContentLength
		default:
			again.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		}
	}
	return again
}
