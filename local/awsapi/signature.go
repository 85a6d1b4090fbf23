package awsapi

import (
	"net/http"
	"time"

	"github.com/vouch-s3/vouch/local/sigv4"
)

// maxSkew is how far a client's clock may be off.
const maxSkew = 15 * time.Minute

// verify checks a request's Signature Version 4, and returns the access key that
// has signed it.
func (e *Endpoint) verify(r *http.Request, body []byte) (accessKey string, err error) {
	signed, err := sigv4.Verify(r, body, e.secret, time.Now(), maxSkew)
	return signed.AccessKey, err
}

func (e *Endpoint) secret(accessKey string) (secret string, known bool) {
	if accessKey == e.AdminKey {
		return e.AdminSecret, true
	}
	secret, known = e.Accounts[accessKey]
	return secret, known
}
