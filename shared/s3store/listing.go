package s3store

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vouch-s3/vouch/shared/erasure"
)

// Versions lists a page of the versions and delete markers of all objects under
// prefix, as erasure.Bucket says. What S3 lists is what is there ("Amazon S3 data
// consistency model", Amazon S3 User Guide).
func (s *Store) Versions(ctx context.Context, prefix, cursor string) ([]erasure.Stored, string, error) {
	in := &s3.ListObjectVersionsInput{Bucket: &s.bucket, Prefix: &prefix}
	in.KeyMarker, in.VersionIdMarker = markers(cursor)
	out, err := s.client.ListObjectVersions(ctx, in)
	if err != nil {
		return nil, "", fmt.Errorf("list the versions under %s: %w", prefix, err)
	}
	var page []erasure.Stored
	for _, v := range out.Versions {
		page = append(page, erasure.Stored{Key: aws.ToString(v.Key), VersionID: aws.ToString(v.VersionId)})
	}
	for _, m := range out.DeleteMarkers {
		page = append(page, erasure.Stored{Key: aws.ToString(m.Key), VersionID: aws.ToString(m.VersionId)})
	}
	return page, cursorOf(aws.ToBool(out.IsTruncated), out.NextKeyMarker, out.NextVersionIdMarker), nil
}

// Uploads lists a page of the uploads in parts under prefix likewise.
func (s *Store) Uploads(ctx context.Context, prefix, cursor string) ([]erasure.Stored, string, error) {
	in := &s3.ListMultipartUploadsInput{Bucket: &s.bucket, Prefix: &prefix}
	in.KeyMarker, in.UploadIdMarker = markers(cursor)
	out, err := s.client.ListMultipartUploads(ctx, in)
	if err != nil {
		return nil, "", fmt.Errorf("list the multipart uploads under %s: %w", prefix, err)
	}
	var page []erasure.Stored
	for _, u := range out.Uploads {
		page = append(page, erasure.Stored{Key: aws.ToString(u.Key), UploadID: aws.ToString(u.UploadId)})
	}
	return page, cursorOf(aws.ToBool(out.IsTruncated), out.NextKeyMarker, out.NextUploadIdMarker), nil
}

// markers reads what cursorOf wrote: a key, and behind the last line break an id,
// which holds none.
func markers(cursor string) (key, id *string) {
	if cursor == "" {
		return nil, nil
	}
	i := strings.LastIndexByte(cursor, '\n')
	if k := cursor[:max(i, 0)]; k != "" {
		key = &k
	}
	if v := cursor[i+1:]; v != "" {
		id = &v
	}
	return key, id
}

func cursorOf(more bool, key, id *string) string {
	if !more {
		return ""
	}
	return aws.ToString(key) + "\n" + aws.ToString(id)
}
