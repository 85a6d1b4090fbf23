package s3store

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vouch-s3/vouch/shared/download"
	"github.com/vouch-s3/vouch/shared/upload"
)

// PresignPut signs the one PUT that is allowed. Every header that matters is
// signed as a header: content-length and content-type, x-amz-checksum-sha256
// where a checksum was promised (S3 ignores it as a query parameter), and
// if-none-match: *, so that the URL serves once.
func (s *Store) PresignPut(ctx context.Context, put upload.Put) (upload.Instructions, error) {
	expiresAt, life, err := s.expiry(ctx, put.Life)
	if err != nil {
		return upload.Instructions{}, err
	}
	input := &s3.PutObjectInput{
		Bucket:        &s.bucket,
		Key:           &put.Key,
		ContentLength: &put.Size,
		ContentType:   &put.ContentType,
		IfNoneMatch:   aws.String("*"),
	}
	if put.ChecksumSHA256 != "" {
		input.ChecksumSHA256 = &put.ChecksumSHA256
	}
	signed, err := s3.NewPresignClient(s.client).PresignPutObject(ctx, input, s3.WithPresignExpires(life), signHeaders)
	if err != nil {
		return upload.Instructions{}, fmt.Errorf("presign PutObject: %w", err)
	}
	return instructions(signed, expiresAt), nil
}

// PresignGet signs the one GET that is allowed: of one version, answered with
// the type and disposition that are signed.
func (s *Store) PresignGet(ctx context.Context, get download.Get) (string, time.Time, error) {
	life := get.Life
	if !get.Until.IsZero() {
		// The signature may be dated a second later than this.
		life = min(life, time.Until(get.Until).Truncate(time.Second)-time.Second)
	}
	expiresAt, life, err := s.expiry(ctx, life)
	if err != nil {
		return "", time.Time{}, err
	}
	signed, err := s3.NewPresignClient(s.client).PresignGetObject(ctx, &s3.GetObjectInput{
		Bucket:                     &s.bucket,
		Key:                        &get.Key,
		VersionId:                  &get.VersionID,
		ResponseContentType:        &get.ContentType,
		ResponseContentDisposition: &get.ContentDisposition,
		ResponseCacheControl:       aws.String("private, no-store"),
	}, s3.WithPresignExpires(life))
	if err != nil {
		return "", time.Time{}, fmt.Errorf("presign GetObject: %w", err)
	}
	return signed.URL, expiresAt, nil
}

// expiry returns when a URL signed now stops being accepted: after life, or
// with the role's credentials if they end sooner ("Sharing objects with
// presigned URLs", Amazon S3 User Guide).
func (s *Store) expiry(ctx context.Context, life time.Duration) (time.Time, time.Duration, error) {
	now := time.Now().UTC().Truncate(time.Second)
	credentials, err := s.client.Options().Credentials.Retrieve(ctx)
	if err != nil {
		return time.Time{}, 0, fmt.Errorf("get the credentials to sign with: %w", err)
	}
	if credentials.CanExpire && credentials.Expires.Before(now.Add(life)) {
		life = credentials.Expires.Sub(now).Truncate(time.Second)
	}
	if life <= 0 {
		return time.Time{}, 0, fmt.Errorf("no time is left to sign for: the credentials, or what is signed for, have expired")
	}
	return now.Add(life), life, nil
}

// signHeaders keeps x-amz-* headers as signed headers instead of moving them
// to the query, where S3 would not hold the client to them.
func signHeaders(o *s3.PresignOptions) {
	o.Presigner = v4.NewSigner(func(so *v4.SignerOptions) {
		so.DisableHeaderHoisting = true
		so.DisableURIPathEscaping = true // S3 paths are signed as they are sent
	})
}

// instructions are how a client sends a request that was signed.
func instructions(signed *v4.PresignedHTTPRequest, expiresAt time.Time) upload.Instructions {
	return upload.Instructions{
		Method:    signed.Method,
		URL:       signed.URL,
		Headers:   clientHeaders(signed.SignedHeader),
		ExpiresAt: expiresAt,
	}
}

// clientHeaders lists what the client must send itself; Host follows from the URL.
func clientHeaders(signed http.Header) map[string]string {
	headers := make(map[string]string, len(signed))
	for name, values := range signed {
		if name = http.CanonicalHeaderKey(name); name != "Host" && len(values) == 1 {
			headers[name] = values[0]
		}
	}
	return headers
}
