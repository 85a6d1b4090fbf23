package verify

import (
	"context"
	"fmt"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/inspect"
	"github.com/vouch-s3/vouch/shared/policy"
)

// Describer describes one version of an object, with the checksum that the
// store holds. It returns file.ErrNotFound when that version is gone.
type Describer interface {
	Describe(ctx context.Context, key, versionID string) (file.Object, error)

	// Head reads up to n bytes from the beginning of a version, only while its
	// ETag is the one given.
	Head(ctx context.Context, key, versionID, etag string, n int) ([]byte, error)
}

// Validator compares what was stored with what was promised.
type Validator struct {
	Records Records
	Objects Describer
	Policy  policy.Policy
	Now     func() time.Time
}

// Validate marks the file verifying and checks the stored version by what the
// store says of it and by its first bytes: cheaply, so that what is plainly not
// as promised costs no scan. A fault of the object is a Result; an error means
// that nothing could be decided and the step is to be tried again.
func (v Validator) Validate(ctx context.Context, j Job) (Result, error) {
	f, err := read(ctx, v.Records, j)
	if err != nil {
		return Result{}, err
	}
	if !underway(f, j) {
		return Result{Outcome: Superseded}, nil
	}
	if f.Status == file.Uploaded {
		if f, err = beginVerifying(ctx, v.Records, f, v.Now().UTC(), v.Policy); err != nil {
			return Result{}, err
		}
		if !underway(f, j) {
			return Result{Outcome: Superseded}, nil
		}
	}
	obj, err := v.Objects.Describe(ctx, j.Key, j.VersionID)
	if file.CodeOf(err) == file.CodeNotFound {
		return failed(file.ObjectMissing), nil
	}
	if err != nil {
		return Result{}, fmt.Errorf("describe the object of %s: %w", j.FileID, err)
	}
	reason := compare(f, obj)
	if f.Method == file.Form {
		reason = compareForm(f, obj, v.Policy)
	}
	if reason != "" {
		return failed(reason), nil
	}
	head, err := v.Objects.Head(ctx, j.Key, j.VersionID, j.ETag, inspect.HeadSize)
	if file.CodeOf(err) == file.CodeNotFound {
		return failed(file.ObjectMissing), nil
	}
	if err != nil {
		return Result{}, fmt.Errorf("read the beginning of the object of %s: %w", j.FileID, err)
	}
	detected := inspect.Type(head)
	mismatch := file.Finding{Code: file.ContentMismatch, Detail: detected}
	if v.Policy.MayBe(f.ContentType, detected) {
		return Result{Outcome: Passed}, nil
	}
	count, reason, _ := v.Policy.Judge([]file.Finding{mismatch}, true)
	if reason == "" {
		return Result{Outcome: Passed}, nil // the scan finds it again, and says so
	}
	return Result{Outcome: Failed, Reason: reason, Verdict: &file.Verdict{
		Outcome: file.Refused, Checks: []file.Check{file.CheckedVersion, file.CheckedType}, DetectedType: detected, Findings: count,
		Coverage:  file.Coverage{Bytes: int64(len(head))},
		CheckedAt: v.Now().UTC().Truncate(time.Millisecond),
	}}, nil
}

// beginVerifying moves an uploaded file to verifying, or returns it as another
// step has left it.
func beginVerifying(ctx context.Context, records Records, f file.File, now time.Time, p policy.Policy) (file.File, error) {
	changed, err := records.Change(ctx, f.ID, file.Change{
		To: file.Verifying, At: now, IfVersion: f.VersionID, SweepAt: now.Add(p.VerifyWithin),
	})
	if current, moved := file.Conflict(err); moved {
		return current, nil
	}
	if err != nil {
		return file.File{}, fmt.Errorf("mark file %s verifying: %w", f.ID, err)
	}
	return changed, nil
}

// compare returns the reason to reject obj for what f promised, or none.
func compare(f file.File, obj file.Object) file.Reason {
	switch {
	case obj.VersionID != f.VersionID || obj.ETag != f.ETag:
		return file.ObjectChanged
	case obj.Size != f.Size:
		return file.SizeMismatch
	case obj.ContentType != f.ContentType:
		return file.ContentTypeMismatch
	case f.ChecksumSHA256 != "" && obj.ChecksumSHA256 != "" && !file.SameChecksum(f.ChecksumSHA256, obj.ChecksumSHA256):
		return file.ChecksumMismatch
	}
	return ""
}
