// Package sigv4 presigns URLs by AWS Signature Version 4 ("Authenticating Requests:
// Using Query Parameters (AWS Signature Version 4)", Amazon S3 API Reference). It is
// for S3 alone, whose paths are signed as they are sent and whose payloads, where it is
// a URL that is signed, not at all.
//
// The SDK's presigner makes the very same URLs, and the tests hold this one to it. It
// gets there by a request that it prepares for sending, with some twenty times the
// allocations; docs/performance.md has the figures.
package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	algorithm       = "AWS4-HMAC-SHA256"
	unsignedPayload = "UNSIGNED-PAYLOAD" // what will be sent is not there yet
	dateLayout      = "20060102"
	timeLayout      = "20060102T150405Z"
)

// LongestLife is the most that a URL may live.
const LongestLife = 7 * 24 * time.Hour

// Credentials are those of whom S3 is to take a request for.
type Credentials struct {
	AccessKeyID, SecretAccessKey string
	SessionToken                 string // empty where the keys are of no session
}

// Place is where a bucket is reached.
type Place struct {
	Scheme string
	Host   string // as clients send it, so with a port unless it is the scheme's own
	Path   string // what stands before the keys of objects: "", or "/bucket"
}

// Field is a parameter of the query, or a header, whose name is in lower case and
// whose value is of visible ASCII.
type Field struct{ Name, Value string }

// Request is the one request that a URL allows.
type Request struct {
	Method  string
	Key     string  // of the object, not escaped
	Query   []Field // besides what is of the signature
	Headers []Field // that have to be sent exactly so, besides Host

	At   time.Time     // when the URL begins to serve
	Life time.Duration // for how long from then on, in whole seconds
}

// Signer presigns for one bucket. Several goroutines may use it.
type Signer struct {
	place  Place
	region string
	key    atomic.Pointer[signingKey]
}

// New returns the Signer of a bucket in a region.
func New(p Place, region string) *Signer { return &Signer{place: p, region: region} }

// Presign returns the URL that allows r to whoever has it, as if they were c.
func (s *Signer) Presign(c Credentials, r Request) (string, error) {
	if err := check(c, r); err != nil {
		return "", fmt.Errorf("presign a %s: %w", r.Method, err)
	}
	at := r.At.UTC()
	moment, date := at.Format(timeLayout), at.Format(dateLayout)
	scope := date + "/" + s.region + "/s3/aws4_request"

	headers := make([]Field, 0, 8)
	headers = sorted(append(append(headers, Field{"host", s.place.Host}), r.Headers...))
	names := namesOf(headers)

	query := make([]Field, 0, 16)
	query = append(query,
		Field{"X-Amz-Algorithm", algorithm},
		Field{"X-Amz-Credential", c.AccessKeyID + "/" + scope},
		Field{"X-Amz-Date", moment},
		Field{"X-Amz-Expires", strconv.FormatInt(int64(r.Life/time.Second), 10)},
		Field{"X-Amz-SignedHeaders", names})
	if c.SessionToken != "" {
		query = append(query, Field{"X-Amz-Security-Token", c.SessionToken})
	}
	query = sorted(append(query, r.Query...))

	// The URL and the canonical request have the path and the query in common.
	var target strings.Builder
	target.Grow(1536) // a session's token has some thousand characters
	target.WriteString(s.place.Path)
	target.WriteByte('/')
	escape(&target, r.Key, true)
	path := target.Len()
	for i, f := range query {
		target.WriteByte("?&"[min(i, 1)])
		escape(&target, f.Name, false)
		target.WriteByte('=')
		escape(&target, f.Value, false)
	}
	canonical := make([]byte, 0, target.Len()+512)
	canonical = append(canonical, r.Method...)
	canonical = append(canonical, '\n')
	canonical = append(canonical, target.String()[:path]...)
	canonical = append(canonical, '\n')
	canonical = append(canonical, target.String()[path+1:]...)
	canonical = append(canonical, '\n')
	for _, h := range headers {
		canonical = append(append(append(append(canonical, h.Name...), ':'), h.Value...), '\n')
	}
	canonical = append(append(append(append(canonical, '\n'), names...), '\n'), unsignedPayload...)

	sum := sha256.Sum256(canonical)
	toSign := append(canonical[:0], algorithm+"\n"...)
	toSign = append(append(append(append(toSign, moment...), '\n'), scope...), '\n')
	toSign = hex.AppendEncode(toSign, sum[:])
	signature := mac(s.keyOf(c.SecretAccessKey, date), toSign)
	return s.place.Scheme + "://" + s.place.Host + target.String() + "&X-Amz-Signature=" + hex.EncodeToString(signature), nil
}

// check refuses what S3 would, and what could be signed otherwise than it is sent.
func check(c Credentials, r Request) error {
	switch {
	case c.AccessKeyID == "" || c.SecretAccessKey == "":
		return errors.New("there are no credentials")
	case r.Key == "":
		return errors.New("it is of no object")
	case r.Life < time.Second || r.Life > LongestLife || r.Life%time.Second != 0:
		return fmt.Errorf("a URL cannot live %v", r.Life)
	}
	for _, h := range r.Headers {
		if h.Name != strings.ToLower(h.Name) || !visible(h.Value) {
			return fmt.Errorf("the header %q cannot be %q", h.Name, h.Value)
		}
	}
	return nil
}

// visible reports whether s is of visible ASCII: there is one way to write it in a
// header, and nothing in it that a reader would trim or join.
func visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}

func sorted(fields []Field) []Field {
	slices.SortFunc(fields, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return fields
}

func namesOf(headers []Field) string {
	var names strings.Builder
	names.Grow(96)
	for i, h := range headers {
		if i > 0 {
			names.WriteByte(';')
		}
		names.WriteString(h.Name)
	}
	return names.String()
}

// escape writes s with every byte escaped that is not unreserved (RFC 3986), nor a
// slash of a path.
func escape(to *strings.Builder, s string, path bool) {
	const digits = "0123456789ABCDEF"
	for i := range len(s) {
		switch b := s[i]; {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', b == '-', b == '.', b == '_', b == '~', b == '/' && path:
			to.WriteByte(b)
		default:
			to.WriteByte('%')
			to.WriteByte(digits[b>>4])
			to.WriteByte(digits[b&15])
		}
	}
}

// signingKey is what a secret signs by on one day.
type signingKey struct {
	secret, date string
	key          []byte
}

// keyOf derives the key of a day, in four steps that are only taken when the day or
// the secret is another than the last time.
func (s *Signer) keyOf(secret, date string) []byte {
	if k := s.key.Load(); k != nil && k.date == date && k.secret == secret {
		return k.key
	}
	key := []byte("AWS4" + secret)
	for _, part := range []string{date, s.region, "s3", "aws4_request"} {
		key = mac(key, []byte(part))
	}
	s.key.Store(&signingKey{secret: secret, date: date, key: key})
	return key
}

func mac(key, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	return h.Sum(nil)
}
