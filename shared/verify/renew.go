package verify

import (
	"context"
	"fmt"

	"github.com/vouch-s3/vouch/shared/file"
)

// renew records v as the verdict on a ready file that has passed once more. The
// object is tagged anew only where the outcome is another than before, and
// before the record, as for a file that becomes ready.
func (x Finisher) renew(ctx context.Context, j Job, f file.File, checksum string, v *file.Verdict) (Result, error) {
	if about(f, j) && f.Status == file.Rejected {
		// Another run has revoked it, maybe while an attempt of this one tagged it.
		return x.Rejected(ctx, j, f.Reason, f.Verdict)
	}
	if !underway(f, j) {
		return Result{Outcome: Superseded}, nil
	}
	fail := func(err error) (Result, error) {
		return Result{}, fmt.Errorf("renew the verdict on file %s: %w", j.FileID, err)
	}
	if !file.SameChecksum(f.ChecksumSHA256, checksum) {
		return fail(fmt.Errorf("it is about the checksum %q, not %q", checksum, f.ChecksumSHA256))
	}
	if x.Scanners.Asks(GuardDuty) {
		v = Merge(v, earlier(f.Verdict, GuardDuty))
	}
	if err := x.Scanners.check(v); err != nil {
		return fail(err)
	}
	receipt, err := x.receipt(ctx, f, checksum, v)
	if err != nil {
		return fail(err)
	}
	if f.Verdict == nil || f.Verdict.Outcome != v.Outcome {
		err := x.Objects.Tag(ctx, f.Key, f.VersionID, v.Outcome)
		if err != nil && file.CodeOf(err) != file.CodeNotFound { // a deletion may have come first
			return fail(fmt.Errorf("tag the object: %w", err))
		}
	}
	renewed, err := x.Records.Renew(ctx, f.ID, file.Renewal{VersionID: f.VersionID, Verdict: *v, Receipt: receipt, At: x.Now().UTC()})
	current, moved := file.Conflict(err)
	switch {
	case moved && about(current, j) && current.Status == file.Rejected:
		// Another run has revoked the file between the tag and the record, and its
		// tag may have come before ours.
		return x.Rejected(ctx, j, current.Reason, current.Verdict)
	case moved && about(current, j) && current.Status == file.Ready:
		renewed = current // with a verdict that is no older than ours
	case moved || file.CodeOf(err) == file.CodeNotFound:
		return Result{Outcome: Superseded}, nil
	case err != nil:
		return fail(err)
	}
	return Result{Outcome: Passed, Verdict: renewed.Verdict}, nil
}

// earlier returns the word of one scanner in an earlier verdict on the same
// version, for Merge; nil if it has none. GuardDuty reads an object once, when it
// is stored, and is not asked again: its word on those bytes stands, with what
// it had not looked at.
func earlier(v *file.Verdict, scanner string) *file.Verdict {
	if v == nil {
		return nil
	}
	for _, e := range v.Scanners {
		if e.Name == scanner {
			return &file.Verdict{Outcome: v.Outcome, Scanners: []file.Engine{e}, Coverage: file.Coverage{Complete: v.Coverage.Complete}}
		}
	}
	return nil
}

// found reports whether reason and v say that something is wrong with the bytes
// themselves, which alone revokes a file: the version is gone, or it was read
// and refused.
func found(reason file.Reason, v *file.Verdict) bool {
	return reason == file.ObjectMissing && v == nil ||
		reason != file.VerificationFailed && v != nil && v.Outcome == file.Refused
}
