package awsapi

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

	"github.com/vouch-s3/vouch/local/sigv4"
)

// maxSkew is how far a client's clock may be off.
const maxSkew = 15 * time.Minute

// verify checks a request's Signature Version 4 by signing it again, and
// returns the access key that has signed it.
func (e *Endpoint) verify(r *http.Request, body []byte) (accessKey string, err error) {
	authorization := r.Header.Get("Authorization")
	signed, ok := sigv4.Parse(authorization)
	if !ok {
		return "", errors.New("the request is not signed")
	}
	date, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return "", errors.New("the request has no date")
	}
	if age := time.Since(date); age > maxSkew || age < -maxSkew {
		return "", errors.New("the signature has expired")
	}
	accessKey = signed.AccessKey
	secret, known := e.Accounts[accessKey]
	if accessKey == e.AdminKey {
		secret, known = e.AdminSecret, true
	}
	if !known {
		return "", errors.New("the access key is not known")
	}
	again := &http.Request{Method: r.Method, Host: r.Host, URL: &url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}, Header: http.Header{}}
	for _, name := range signed.Headers {
		switch name {
		case "host":
		case "content-length":
			again.ContentLength = r.ContentLength
		default:
			again.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		}
	}
	sum := sha256.Sum256(body)
	err = v4.NewSigner().SignHTTP(r.Context(), aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secret}, again, hex.EncodeToString(sum[:]), signed.Service, signed.Region, date)
	if err != nil {
		return "", fmt.Errorf("sign the request again: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(again.Header.Get("Authorization")), []byte(authorization)) != 1 {
		return "", errors.New("the signature does not match")
	}
	return accessKey, nil
}
