package s3store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/parts"
	"github.com/vouch-s3/vouch/shared/sigv4"
	"github.com/vouch-s3/vouch/shared/upload"
)

// BeginUpload begins an upload in parts and returns its id. S3 keeps a CRC-64/NVME
// of every part, whether its client sends one or not, and makes that of the whole
// of them without reading the bytes again ("Checking object integrity", Amazon S3
// User Guide); no such whole can be made of SHA-256.
//
// An attempt that was carried out without its answer getting through has begun an
// upload that nobody learns the id of. If another attempt went well, the file would
// go on, and that upload be left to the bucket's lifecycle; so there is none, and
// the record, which has no upload, expires and has AbortUploads look by its key.
func (s *Store) BeginUpload(ctx context.Context, key, contentType string) (string, error) {
	out, err := s.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &s.bucket, Key: &key, ContentType: &contentType,
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme, ChecksumType: types.ChecksumTypeFullObject,
	}, func(o *s3.Options) { o.Retryer = unlessBegun{o.Retryer} })
	if err != nil {
		return "", fmt.Errorf("create a multipart upload of %s: %w", key, err)
	}
	return aws.ToString(out.UploadId), nil
}

// unlessBegun tries again only what S3 says that it has no time for, and has not
// begun ("Error responses", Amazon S3 API Reference).
type unlessBegun struct{ aws.Retryer }

// IsErrorRetryable reports whether err is one of those.
func (r unlessBegun) IsErrorRetryable(err error) bool {
	c := code(err)
	return (c == "SlowDown" || c == "ServiceUnavailable") && r.Retryer.IsErrorRetryable(err)
}

// PresignPart signs the one PUT of one part that is allowed. The upload's id and
// the part's number are in the query, and content-length and, where it was given,
// x-amz-checksum-crc64nvme are signed as headers. A part may be sent again as long
// as its URL and its upload live: S3 takes no if-none-match for it.
func (s *Store) PresignPart(ctx context.Context, put parts.Put) (upload.Instructions, error) {
	headers := []sigv4.Field{{Name: "content-length", Value: strconv.FormatInt(put.Size, 10)}}
	if put.ChecksumCRC64NVME != "" {
		headers = append(headers, sigv4.Field{Name: "x-amz-checksum-crc64nvme", Value: put.ChecksumCRC64NVME})
	}
	return s.instruct(ctx, put.Life, sigv4.Request{
		Method: http.MethodPut, Key: put.Key, Headers: headers, Query: append(operation("UploadPart"),
			sigv4.Field{Name: "partNumber", Value: strconv.Itoa(put.Number)},
			sigv4.Field{Name: "uploadId", Value: put.UploadID},
		),
	})
}

// Held returns a page of the parts of an upload, as parts.Holder says.
func (s *Store) Held(ctx context.Context, key, uploadID string, after int) ([]file.Part, bool, error) {
	input := &s3.ListPartsInput{Bucket: &s.bucket, Key: &key, UploadId: &uploadID}
	if after > 0 {
		input.PartNumberMarker = aws.String(strconv.Itoa(after))
	}
	out, err := s.client.ListParts(ctx, input)
	if code(err) == "NoSuchUpload" {
		return nil, false, parts.ErrNoUpload
	}
	if err != nil {
		return nil, false, fmt.Errorf("list the parts of object %s: %w", key, err)
	}
	held := make([]file.Part, len(out.Parts))
	for i, p := range out.Parts {
		held[i] = file.Part{
			Number:            int(aws.ToInt32(p.PartNumber)),
			Size:              aws.ToInt64(p.Size),
			ETag:              strings.Trim(aws.ToString(p.ETag), `"`),
			ChecksumCRC64NVME: aws.ToString(p.ChecksumCRC64NVME),
		}
	}
	return held, aws.ToBool(out.IsTruncated), nil
}

// Assemble puts the parts of an upload together to an object, as parts.Uploads
// says. S3 makes sure of what was listed: no object there yet, the ETag and the
// checksum of each part, and their size and checksum together. Its codes are those
// of "CompleteMultipartUpload" and "Error responses", Amazon S3 API Reference.
func (s *Store) Assemble(ctx context.Context, a parts.Assembly) error {
	completed := make([]types.CompletedPart, len(a.Parts))
	for i, p := range a.Parts {
		completed[i] = types.CompletedPart{
			PartNumber: aws.Int32(int32(p.Number)), // #nosec G115 -- at most file.MaxParts
			ETag:       aws.String(`"` + p.ETag + `"`),
		}
		if p.ChecksumCRC64NVME != "" {
			completed[i].ChecksumCRC64NVME = aws.String(p.ChecksumCRC64NVME)
		}
	}
	input := &s3.CompleteMultipartUploadInput{
		Bucket: &s.bucket, Key: &a.Key, UploadId: &a.UploadID,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: completed},
		IfNoneMatch:     aws.String("*"),
		MpuObjectSize:   &a.Size,
		ChecksumType:    types.ChecksumTypeFullObject,
	}
	if a.ChecksumCRC64NVME != "" {
		input.ChecksumCRC64NVME = &a.ChecksumCRC64NVME
	}
	_, err := s.client.CompleteMultipartUpload(ctx, input)
	switch code(err) {
	case "":
	case "NoSuchUpload":
		return parts.ErrNoUpload
	case "PreconditionFailed":
		return parts.ErrObjectExists
	case "ConditionalRequestConflict", "OperationAborted":
		return parts.ErrBusy
	case "BadDigest", "InvalidPart":
		if code(err) == "BadDigest" && a.ChecksumCRC64NVME != "" {
			return parts.ErrBadChecksum
		}
		return parts.ErrPartChanged
	}
	if err != nil {
		return fmt.Errorf("complete the multipart upload of object %s: %w", a.Key, err)
	}
	return nil
}

// AbortUploads ends every upload in parts under exactly this key, and removes
// their parts; ending none is no error. A part that is on its way meanwhile may be
// kept all the same, so that it is to be called again when no URL lives any more
// ("AbortMultipartUpload", Amazon S3 API Reference). Then the list of uploads may
// not show the one that was aborted before, whose id uploadID is for; it may be
// empty.
func (s *Store) AbortUploads(ctx context.Context, key, uploadID string) error {
	if uploadID != "" {
		if err := s.abort(ctx, key, uploadID); err != nil {
			return err
		}
	}
	pages := s3.NewListMultipartUploadsPaginator(s.client, &s3.ListMultipartUploadsInput{Bucket: &s.bucket, Prefix: &key})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list the multipart uploads of object %s: %w", key, err)
		}
		for _, u := range page.Uploads {
			if aws.ToString(u.Key) != key {
				continue
			}
			if err := s.abort(ctx, key, aws.ToString(u.UploadId)); err != nil {
				return err
			}
		}
	}
	return nil
}

// abort ends one upload, unless it has ended.
func (s *Store) abort(ctx context.Context, key, uploadID string) error {
	_, err := s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &s.bucket, Key: &key, UploadId: &uploadID})
	if err != nil && code(err) != "NoSuchUpload" {
		return fmt.Errorf("abort a multipart upload of object %s: %w", key, err)
	}
	return nil
}

// code is the code of an error that S3 answered, empty for any other.
func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}
