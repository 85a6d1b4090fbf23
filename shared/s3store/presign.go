package s3store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/vouch-s3/vouch/shared/download"
	"github.com/vouch-s3/vouch/shared/sigv4"
	"github.com/vouch-s3/vouch/shared/upload"
)

// PresignPut signs the one PUT that is allowed. Every header that matters is
// signed as a header: content-length and content-type, x-amz-checksum-sha256
// where a checksum was promised (S3 ignores it as a query parameter), and
// if-none-match: *, so that the URL serves once.
func (s *Store) PresignPut(ctx context.Context, put upload.Put) (upload.Instructions, error) {
	headers := []sigv4.Field{
		{Name: "content-length", Value: strconv.FormatInt(put.Size, 10)},
		{Name: "content-type", Value: put.ContentType},
		{Name: "if-none-match", Value: "*"},
	}
	if put.ChecksumSHA256 != "" {
		headers = append(headers, sigv4.Field{Name: "x-amz-checksum-sha256", Value: put.ChecksumSHA256})
	}
	return s.instruct(ctx, put.Life, sigv4.Request{
		Method: http.MethodPut, Key: put.Key, Headers: headers, Query: operation("PutObject"),
	})
}

// PresignGet signs the one GET that is allowed: of one version, answered with
// the type and disposition that are signed.
func (s *Store) PresignGet(ctx context.Context, get download.Get) (string, time.Time, error) {
	return s.presign(ctx, get.Life, get.Until, sigv4.Request{
		Method: http.MethodGet, Key: get.Key, Query: append(operation("GetObject"),
			sigv4.Field{Name: "versionId", Value: get.VersionID},
			sigv4.Field{Name: "response-content-type", Value: get.ContentType},
			sigv4.Field{Name: "response-content-disposition", Value: get.ContentDisposition},
			sigv4.Field{Name: "response-cache-control", Value: "private, no-store"},
		),
	})
}

// operation is the parameter by which AWS's SDKs name the operation that a URL is
// for. S3 asks for none; with it the URLs are those of the SDK to the last letter.
func operation(name string) []sigv4.Field {
	return []sigv4.Field{{Name: "x-id", Value: name}}
}

// instruct presigns r, and says how a client sends it: with every header that is
// signed, but for Host, which follows from the URL.
func (s *Store) instruct(ctx context.Context, life time.Duration, r sigv4.Request) (upload.Instructions, error) {
	link, expiresAt, err := s.presign(ctx, life, time.Time{}, r)
	if err != nil {
		return upload.Instructions{}, err
	}
	headers := make(map[string]string, len(r.Headers))
	for _, h := range r.Headers {
		headers[http.CanonicalHeaderKey(h.Name)] = h.Value
	}
	return upload.Instructions{Method: r.Method, URL: link, Headers: headers, ExpiresAt: expiresAt}, nil
}

// presign signs r from now on for life, but not beyond until unless that is the zero
// time, and returns when the URL stops being accepted.
func (s *Store) presign(ctx context.Context, life time.Duration, until time.Time, r sigv4.Request) (string, time.Time, error) {
	t, err := s.terms(ctx, life, until)
	if err != nil {
		return "", time.Time{}, err
	}
	signer, err := s.signer()
	if err != nil {
		return "", time.Time{}, err
	}
	r.At, r.Life = t.at, t.life
	link, err := signer.Presign(sigv4.Credentials{AccessKeyID: t.by.AccessKeyID, SecretAccessKey: t.by.SecretAccessKey, SessionToken: t.by.SessionToken}, r)
	return link, t.end(), err
}

// terms are by whom something is signed, from when and for how long it serves.
type terms struct {
	by   aws.Credentials
	at   time.Time // in whole seconds, as S3 counts
	life time.Duration
}

func (t terms) end() time.Time { return t.at.Add(t.life) }

// terms returns those of what is signed now: it ends after life, at until unless that
// is the zero time, or with the role's credentials ("Sharing objects with presigned
// URLs", Amazon S3 User Guide), whichever is first.
func (s *Store) terms(ctx context.Context, life time.Duration, until time.Time) (terms, error) {
	by, err := s.credentials.Retrieve(ctx)
	if err != nil {
		return terms{}, fmt.Errorf("get the credentials to sign with: %w", err)
	}
	at := time.Now().UTC().Truncate(time.Second)
	if !until.IsZero() {
		life = min(life, until.Sub(at))
	}
	if by.CanExpire {
		life = min(life, by.Expires.Sub(at))
	}
	if life = life.Truncate(time.Second); life <= 0 {
		return terms{}, errors.New("no time is left to sign for: the credentials, or what is signed for, have expired")
	}
	return terms{by: by, at: at, life: life}, nil
}
