package verify

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
)

// Opener opens one version of an object for one pass, only while its ETag is
// the one given. It returns file.ErrNotFound when the version is gone.
type Opener interface {
	Open(ctx context.Context, key, versionID, etag string) (io.ReadCloser, error)
}

// Scan is what a malware scanner says of a stream.
type Scan struct {
	Infected  bool
	Signature string // the name of what was found

	// Findings are what the scanner could not look at whole, and why.
	Findings []file.Finding

	// Engine is the scanner; its zero value means that none was asked.
	Engine file.Engine
}

// Antivirus scans a stream. It has three answers: clean, with or without
// findings, after it has been sent every byte; infected; or an error. Any doubt
// (a lost connection, an answer it cannot read) is an error, never clean.
type Antivirus interface {
	Scan(ctx context.Context, r io.Reader) (Scan, error)
}

// Scanner reads the bytes, once.
type Scanner struct {
	Records   access.Records
	Objects   Opener
	Antivirus Antivirus // Unasked where Scanners has none that reads here
	Scanners  Scanners
	Policy    policy.Policy
	Now       func() time.Time
}

// Scan streams the object once, through SHA-256, the inspection and the
// antivirus at the same time, in memory that does not grow with its size, and
// judges what they found by the policy. Where another scanner reads the object
// by itself, what passes here is Awaiting its word, and the outcome of the
// verdict is not the last one. A fault of the bytes is a Result; an error means
// that nothing could be decided.
func (s Scanner) Scan(ctx context.Context, j Job) (Result, error) {
	f, err := read(ctx, s.Records, j)
	if err != nil {
		return Result{}, err
	}
	if !underway(f, j) {
		return Result{Outcome: Superseded}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.Policy.Scan.Timeout)
	defer cancel()
	begun := s.Now()
	body, err := s.Objects.Open(ctx, j.Key, j.VersionID, j.ETag)
	if file.CodeOf(err) == file.CodeNotFound {
		return failed(file.ObjectMissing), nil
	}
	if err != nil {
		return Result{}, fmt.Errorf("open the object of %s: %w", j.FileID, err)
	}
	defer body.Close()
	p, err := readOnce(ctx, body, s.Antivirus, s.Policy.Inspect)
	if err != nil {
		return Result{}, fmt.Errorf("scan the object of %s: %w", j.FileID, err)
	}
	if err := s.current(p.scan.Engine); err != nil {
		return Result{}, fmt.Errorf("scan the object of %s: %w", j.FileID, err)
	}
	result := s.judge(f, p)
	result.Verdict.CheckedAt = begun.UTC().Truncate(time.Millisecond)
	result.Verdict.DurationMillis = s.Now().Sub(begun).Milliseconds()
	return result, nil
}

// current returns an error for a scanner whose signatures are too old for its
// word to be a verdict. It is an error and no finding: the next attempt may
// meet a scanner that was brought up to date.
func (s Scanner) current(e file.Engine) error {
	limit := s.Policy.Scan.MaxDatabaseAge
	if e.Name == "" || limit == 0 {
		return nil
	}
	if e.DatabaseDate.IsZero() {
		return fmt.Errorf("%s does not say how old its signatures are, and the policy asks for less than %v", e.Name, limit)
	}
	if age := s.Now().Sub(e.DatabaseDate); age > limit {
		return fmt.Errorf("the signatures of %s are %v old, and the policy asks for less than %v", e.Name, age.Round(time.Hour), limit)
	}
	return nil
}

func (s Scanner) judge(f file.File, p pass) Result {
	v := &file.Verdict{Outcome: file.Refused, Checks: []file.Check{file.CheckedVersion, file.CheckedType}, DetectedType: p.report.Type, Coverage: p.report.Coverage}
	did := func(c file.Check) { v.Checks = append(v.Checks, c) }
	if p.scan.Engine.Name != "" {
		did(file.CheckedMalware)
		v.Scanners = []file.Engine{p.scan.Engine}
	}
	refused := func(r file.Reason) Result { return Result{Outcome: Failed, Reason: r, Verdict: v} }
	if p.length != f.Size {
		v.Coverage.Complete = false
	}
	if p.scan.Infected {
		v.Findings = []file.Finding{{Code: file.MalwareDetected, Detail: p.scan.Signature}}
		return refused(file.MalwareDetected)
	}
	did(file.CheckedSize)
	if p.length != f.Size {
		return refused(file.SizeMismatch)
	}
	if f.ChecksumSHA256 != "" {
		did(file.CheckedChecksum)
		if !file.SameChecksum(f.ChecksumSHA256, p.checksum) {
			return refused(file.ChecksumMismatch)
		}
	}
	did(file.CheckedContent)
	found := slices.Concat(p.scan.Findings, p.report.Findings)
	if !s.Policy.MayBe(f.ContentType, p.report.Type) {
		found = append(found, file.Finding{Code: file.ContentMismatch, Detail: p.report.Type})
	}
	if len(p.scan.Findings) > 0 {
		v.Coverage.Complete = false
	}
	count, reason, _ := s.Policy.Judge(byGravity(found), v.Coverage.Complete)
	v.Findings = count[:min(len(count), file.MaxFindings)]
	if reason != "" {
		return refused(reason)
	}
	v.Outcome = accepted(v)
	outcome := Passed
	if s.Scanners.Asks(GuardDuty) && f.Status != file.Ready {
		outcome = Awaiting // in a re-scan its earlier word stands: Finisher.Ready
	}
	return Result{Outcome: outcome, ChecksumSHA256: p.checksum, Verdict: v}
}
