// Package s3mirror is a mirror of signature databases in an S3 bucket, an object
// each at the bucket's root, which is where freshclam looks for them.
package s3mirror

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/vouch-s3/vouch/shared/signatures"
)

// Mirror is a bucket. The role needs s3:ListBucket too, without which S3 does
// not tell a missing object from a forbidden one.
type Mirror struct {
	Client *s3.Client
	Bucket string
}

// Get opens the object called name. It returns signatures.ErrNotFound if there
// is none.
func (m Mirror) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	out, err := m.Client.GetObject(ctx, &s3.GetObjectInput{Bucket: &m.Bucket, Key: &name})
	if _, missing := errors.AsType[*types.NoSuchKey](err); missing {
		return nil, signatures.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("get the object: %w", err)
	}
	return out.Body, nil
}

// Put writes the object called name. S3 shows readers the old one until the new
// one is whole.
func (m Mirror) Put(ctx context.Context, name string, content io.ReadSeeker) error {
	_, err := m.Client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &m.Bucket, Key: &name, Body: content, ContentType: aws.String("application/octet-stream"),
	})
	if err != nil {
		return fmt.Errorf("put the object: %w", err)
	}
	return nil
}
