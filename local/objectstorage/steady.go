package objectstorage

import (
	"context"
	"hash/maphash"
	"io"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3api/middlewares"
	"github.com/versity/versitygw/s3response"
)

// steady keeps each version of an object where it is found while other versions
// of it come and go, as S3 does. versitygw has the newest version in one folder
// and the others in another, and moves them without a lock for readers: a GET of
// a version in that moment can find none, or open the one that takes its place,
// and a tag that is written then can be lost.
type steady struct {
	backend.Backend
	seed  maphash.Seed
	locks *[256]sync.RWMutex // by the hash of bucket and key
}

func newSteady(b backend.Backend) steady {
	return steady{b, maphash.MakeSeed(), new([256]sync.RWMutex)}
}

func (s steady) lock(bucket, key *string) *sync.RWMutex {
	return &s.locks[maphash.String(s.seed, *bucket+"/"+*key)%uint64(len(s.locks))]
}

// PutObject lets others at the object as long as the body is still coming: only
// at its end does the new version take the place of the one before.
func (s steady) PutObject(ctx context.Context, in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	end := &endReader{Reader: in.Body, lock: s.lock(in.Bucket, in.Key)}
	defer end.unlock()
	if chunked, ok := in.Body.(middlewares.ChecksumReader); ok {
		in.Body = chunkedEnd{chunked, end}
	} else {
		in.Body = end
	}
	return s.Backend.PutObject(ctx, in)
}

// endReader takes a lock at the end of what it reads.
type endReader struct {
	io.Reader
	lock *sync.RWMutex
	held bool
}

func (r *endReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err == io.EOF && !r.held {
		r.held = true
		r.lock.Lock()
	}
	return n, err
}

func (r *endReader) unlock() {
	if r.held {
		r.lock.Unlock()
	}
}

// chunkedEnd is an endReader of a body in signed chunks, which knows its checksum.
type chunkedEnd struct {
	middlewares.ChecksumReader
	end *endReader
}

func (r chunkedEnd) Read(p []byte) (int, error) { return r.end.Read(p) }

// DeleteObject removes a version, or puts a delete marker on top.
func (s steady) DeleteObject(ctx context.Context, in *s3.DeleteObjectInput) (*s3.DeleteObjectOutput, error) {
	lock := s.lock(in.Bucket, in.Key)
	lock.Lock()
	defer lock.Unlock()
	return s.Backend.DeleteObject(ctx, in)
}

// PutObjectTagging writes the tags of a version.
func (s steady) PutObjectTagging(ctx context.Context, bucket, object, versionID string, tags map[string]string) error {
	lock := s.lock(&bucket, &object)
	lock.Lock()
	defer lock.Unlock()
	return s.Backend.PutObjectTagging(ctx, bucket, object, versionID, tags)
}

// GetObjectTagging reads the tags of a version.
func (s steady) GetObjectTagging(ctx context.Context, bucket, object, versionID string) (map[string]string, error) {
	lock := s.lock(&bucket, &object)
	lock.RLock()
	defer lock.RUnlock()
	return s.Backend.GetObjectTagging(ctx, bucket, object, versionID)
}

// HeadObject describes a version.
func (s steady) HeadObject(ctx context.Context, in *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
	lock := s.lock(in.Bucket, in.Key)
	lock.RLock()
	defer lock.RUnlock()
	return s.Backend.HeadObject(ctx, in)
}

// GetObject opens a version. What is open stays, whatever becomes of its name.
func (s steady) GetObject(ctx context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	lock := s.lock(in.Bucket, in.Key)
	lock.RLock()
	defer lock.RUnlock()
	return s.Backend.GetObject(ctx, in)
}
