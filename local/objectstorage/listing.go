package objectstorage

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3response"
)

// wholeListings lists the parts of an upload that is still one when they are
// listed, as S3 does. versitygw by itself moves an upload's folder away to put its
// parts together, and a listing at that moment misses some of them without a word.
type wholeListings struct{ backend.Backend }

// ListParts lists the parts of an upload, or fails if it has ended meanwhile.
func (b wholeListings) ListParts(ctx context.Context, in *s3.ListPartsInput) (s3response.ListPartsResult, error) {
	listed, err := b.Backend.ListParts(ctx, in)
	if err != nil {
		return listed, err
	}
	if _, err := b.Backend.ListParts(ctx, in); err != nil {
		return s3response.ListPartsResult{}, err
	}
	return listed, nil
}
