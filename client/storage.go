package client

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// StorageError is an answer of S3 to a presigned request that failed ("Error
// responses", Amazon S3 API Reference).
type StorageError struct {
	StatusCode int
	Code       string // as in "SlowDown"; empty where S3 did not say
	Message    string
	RequestID  string

	retryAfter time.Duration
}

// Error says what S3 said. It holds nothing of the URL.
func (e *StorageError) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("S3 answers %d %s", e.StatusCode, http.StatusText(e.StatusCode))
	}
	return fmt.Sprintf("S3 answers %d %s: %s", e.StatusCode, e.Code, strings.TrimSuffix(e.Message, "."))
}

// ranOut reports whether the URL's time is over: S3 says 403 AccessDenied and
// "Request has expired" to a presigned URL that has run out, and ExpiredToken where
// the credentials that signed it have.
func (e *StorageError) ranOut() bool {
	return e.Code == "ExpiredToken" || e.StatusCode == http.StatusForbidden && strings.Contains(strings.ToLower(e.Message), "expired")
}

// maxStorageError is how much of an error of S3 is read, in bytes.
const maxStorageError = 64 << 10

// storageErrorOf reads S3's answer to a request that failed. Of the body only the
// code and the message are taken: others repeat what was signed.
func storageErrorOf(status int, header http.Header, body []byte, now time.Time) *StorageError {
	e := &StorageError{StatusCode: status, RequestID: header.Get("X-Amz-Request-Id"), retryAfter: retryAfter(header, now)}
	var document struct {
		XMLName xml.Name `xml:"Error"`
		Code    string   `xml:"Code"`
		Message string   `xml:"Message"`
	}
	if err := xml.Unmarshal(body, &document); err == nil {
		e.Code, e.Message = document.Code, document.Message
	}
	return e
}
