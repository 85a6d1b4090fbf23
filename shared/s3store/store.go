// Package s3store reaches the objects in one versioned S3 bucket: it presigns
// the PUT, or those of its parts, and the GET that a file is allowed, and reads,
// tags and deletes exact versions.
package s3store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/sigv4"
)

// VerdictTag is the key of the object tag that carries a file.Outcome.
// template.yaml's bucket policy reads it: the download role gets no version
// without one that may be handed out.
const VerdictTag = "vouch-verdict"

// Store is a bucket.
type Store struct {
	client      *s3.Client
	bucket      string
	credentials aws.CredentialsProvider // whom URLs are signed by
	signer      func() (*sigv4.Signer, error)
}

// New returns a Store on the bucket.
//
// Checksums that the SDK would add or check by itself are turned off: a form must
// not sign the CRC32 of the empty body that is there at signing (AWS SDKs since
// January 2025 would), and verification reads every byte through SHA-256 anyway.
func New(cfg aws.Config, bucket string) *Store {
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	})
	return &Store{
		client: client, bucket: bucket, credentials: client.Options().Credentials,
		signer: sync.OnceValues(func() (*sigv4.Signer, error) { return signerOf(client.Options(), bucket) }),
	}
}

// Current describes the newest version under key. It returns file.ErrNotFound
// when there is none or it is a delete marker.
func (s *Store) Current(ctx context.Context, key string) (file.Object, error) {
	return s.describe(ctx, key, nil)
}

// Describe describes one version. It returns file.ErrNotFound when it is gone.
func (s *Store) Describe(ctx context.Context, key, versionID string) (file.Object, error) {
	return s.describe(ctx, key, &versionID)
}

func (s *Store) describe(ctx context.Context, key string, versionID *string) (file.Object, error) {
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{
		Bucket: &s.bucket, Key: &key, VersionId: versionID, ChecksumMode: types.ChecksumModeEnabled,
	})
	if missing(err) {
		return file.Object{}, file.ErrNotFound
	}
	if err != nil {
		return file.Object{}, fmt.Errorf("head object %s: %w", key, err)
	}
	obj := file.Object{
		Key:         key,
		VersionID:   aws.ToString(out.VersionId),
		ETag:        strings.Trim(aws.ToString(out.ETag), `"`),
		Size:        aws.ToInt64(out.ContentLength),
		ContentType: aws.ToString(out.ContentType),
	}
	// A composite one is of the parts' checksums, and not of the bytes ("Checking
	// object integrity", Amazon S3 User Guide).
	if out.ChecksumType != types.ChecksumTypeComposite {
		obj.ChecksumSHA256 = aws.ToString(out.ChecksumSHA256)
	}
	return obj, nil
}

// Open opens one version for one pass, only while its ETag is etag. It returns
// file.ErrNotFound when the version is gone.
func (s *Store) Open(ctx context.Context, key, versionID, etag string) (io.ReadCloser, error) {
	return s.open(ctx, key, versionID, etag, nil)
}

// Head reads up to n bytes from the beginning of one version, likewise.
func (s *Store) Head(ctx context.Context, key, versionID, etag string, n int) ([]byte, error) {
	body, err := s.open(ctx, key, versionID, etag, aws.String(fmt.Sprintf("bytes=0-%d", n-1)))
	if err != nil {
		return nil, err
	}
	defer body.Close()
	head, err := io.ReadAll(io.LimitReader(body, int64(n)))
	if err != nil {
		return nil, fmt.Errorf("read the beginning of object %s: %w", key, err)
	}
	return head, nil
}

func (s *Store) open(ctx context.Context, key, versionID, etag string, byteRange *string) (io.ReadCloser, error) {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{
		Bucket: &s.bucket, Key: &key, VersionId: &versionID, IfMatch: aws.String(`"` + etag + `"`), Range: byteRange,
	})
	if missing(err) {
		return nil, file.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("get object %s: %w", key, err)
	}
	return out.Body, nil
}

// Tag writes the verdict on one version. It returns file.ErrNotFound when the
// version is gone.
func (s *Store) Tag(ctx context.Context, key, versionID string, outcome file.Outcome) error {
	value := string(outcome)
	_, err := s.client.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{
		Bucket: &s.bucket, Key: &key, VersionId: &versionID,
		Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String(VerdictTag), Value: &value}}},
	})
	if missing(err) {
		return file.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("tag object %s: %w", key, err)
	}
	return nil
}

// DeleteVersion removes one version for good; removing none is no error.
func (s *Store) DeleteVersion(ctx context.Context, key, versionID string) error {
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &key, VersionId: &versionID})
	if err != nil && !missing(err) {
		return fmt.Errorf("delete a version of object %s: %w", key, err)
	}
	return nil
}

// DeleteAll removes every version and delete marker under key for good.
func (s *Store) DeleteAll(ctx context.Context, key string) error {
	pages := s3.NewListObjectVersionsPaginator(s.client, &s3.ListObjectVersionsInput{Bucket: &s.bucket, Prefix: &key})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list the versions of object %s: %w", key, err)
		}
		for _, v := range page.Versions {
			if aws.ToString(v.Key) == key {
				if err := s.DeleteVersion(ctx, key, aws.ToString(v.VersionId)); err != nil {
					return err
				}
			}
		}
		for _, m := range page.DeleteMarkers {
			if aws.ToString(m.Key) == key {
				if err := s.DeleteVersion(ctx, key, aws.ToString(m.VersionId)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// missing reports whether S3 says that the object or version is not there: a
// HEAD's 404 has no error code to read, and the version id of a delete marker
// answers 405.
func missing(err error) bool {
	re, ok := errors.AsType[*smithyhttp.ResponseError](err)
	return ok && (re.HTTPStatusCode() == http.StatusNotFound || re.HTTPStatusCode() == http.StatusMethodNotAllowed)
}
