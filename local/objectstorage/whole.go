package objectstorage

import (
	"context"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3api/middlewares"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// wholeBodies refuses a body that ends before its Content-Length, as S3 does
// (IncompleteBody, "Error responses", Amazon S3 API Reference). versitygw by
// itself keeps what has arrived until the connection was cut, as an object.
type wholeBodies struct{ backend.Backend }

// PutObject stores an object if its body is whole.
func (b wholeBodies) PutObject(ctx context.Context, in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	in.Body = whole(in.Body, in.ContentLength)
	return b.Backend.PutObject(ctx, in)
}

// UploadPart stores a part if its body is whole. What it refuses it reads to its
// end all the same: versitygw would cut the connection, and the client not hear
// why.
func (b wholeBodies) UploadPart(ctx context.Context, in *s3.UploadPartInput) (*s3.UploadPartOutput, error) {
	in.Body = whole(in.Body, in.ContentLength)
	out, err := b.Backend.UploadPart(ctx, in)
	if err != nil {
		io.Copy(io.Discard, in.Body)
	}
	return out, err
}

// whole returns a reader of body that fails at an end before length bytes. A
// body in signed chunks says itself where it ends, and is left as it is.
func whole(body io.Reader, length *int64) io.Reader {
	if _, chunked := body.(middlewares.ChecksumReader); chunked || length == nil {
		return body
	}
	return &wholeReader{body: body, left: *length}
}

type wholeReader struct {
	body io.Reader
	left int64 // bytes that are still to come
}

func (r *wholeReader) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	r.left -= int64(n)
	if err == io.EOF && r.left > 0 {
		err = s3err.GetAPIError(s3err.ErrIncompleteBody)
	}
	return n, err
}
