package verify

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
)

// Opener opens one version of an object for one pass, only while its ETag is
// the one given. It returns file.ErrNotFound when the version is gone.
type Opener interface {
	Open(ctx context.Context, key, versionID, etag string) (io.ReadCloser, error)
}

// Verdict is what a malware scanner says of a stream it has read to the end.
type Verdict struct {
	Infected  bool
	Signature string // the name of what was found
}

// Antivirus scans a stream. Any doubt (a lost connection, a limit, an answer
// it cannot read) is an error, never a clean verdict.
type Antivirus interface {
	Scan(ctx context.Context, r io.Reader) (Verdict, error)
}

// Scanner reads the bytes, once.
type Scanner struct {
	Records   access.Records
	Objects   Opener
	Antivirus Antivirus
}

// Scan streams the object once, through SHA-256 and the antivirus at the same
// time, in memory that does not grow with its size. A fault of the bytes is a
// Result; an error means that nothing could be decided.
func (s Scanner) Scan(ctx context.Context, j Job) (Result, error) {
	f, err := read(ctx, s.Records, j)
	if err != nil {
		return Result{}, err
	}
	if !underway(f, j) {
		return Result{Outcome: Superseded}, nil
	}
	body, err := s.Objects.Open(ctx, j.Key, j.VersionID, j.ETag)
	if file.CodeOf(err) == file.CodeNotFound {
		return failed(file.ObjectMissing), nil
	}
	if err != nil {
		return Result{}, fmt.Errorf("open the object of %s: %w", j.FileID, err)
	}
	defer body.Close()

	sum := sha256.New()
	var length byteCount
	verdict, err := s.Antivirus.Scan(ctx, io.TeeReader(body, io.MultiWriter(sum, &length)))
	if err != nil {
		return Result{}, fmt.Errorf("scan the object of %s: %w", j.FileID, err)
	}
	if verdict.Infected {
		// The scanner may stop at what it finds, so there may be no checksum.
		return Result{Outcome: Failed, Reason: file.MalwareDetected, Signature: verdict.Signature}, nil
	}
	if int64(length) != f.Size {
		return failed(file.SizeMismatch), nil
	}
	checksum := file.EncodeChecksum(sum.Sum(nil))
	if f.ChecksumSHA256 != "" && !file.SameChecksum(f.ChecksumSHA256, checksum) {
		return failed(file.ChecksumMismatch), nil
	}
	return Result{Outcome: Passed, ChecksumSHA256: checksum}, nil
}

// byteCount counts the bytes written to it.
type byteCount int64

func (n *byteCount) Write(p []byte) (int, error) {
	*n += byteCount(len(p))
	return len(p), nil
}
