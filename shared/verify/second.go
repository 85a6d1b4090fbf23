package verify

import (
	"errors"
	"slices"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
)

// ErrNobodyWaits says that the task of the workflow that was to be answered has
// ended already, or was never there.
var ErrNobodyWaits = errors.New("no task of the workflow waits for this answer any more")

// Told judges by the policy what a scanner says that has read the object by
// itself. Its Verdict has the word of that scanner only, and is made for Merge:
// what type the bytes are, and how many, that scanner does not tell.
func Told(s Scan, p policy.Policy) Result {
	v := &file.Verdict{Outcome: file.Refused, Scanners: []file.Engine{s.Engine}}
	if s.Infected {
		v.Findings = []file.Finding{{Code: file.MalwareDetected, Detail: s.Signature}}
		return Result{Outcome: Failed, Reason: file.MalwareDetected, Verdict: v}
	}
	v.Coverage.Complete = len(s.Findings) == 0
	count, reason, _ := p.Judge(byGravity(s.Findings), v.Coverage.Complete)
	v.Findings = count[:min(len(count), file.MaxFindings)]
	if reason != "" {
		return Result{Outcome: Failed, Reason: reason, Verdict: v}
	}
	v.Outcome = accepted(v)
	return Result{Outcome: Passed, Verdict: v}
}

// Merge returns the scan's verdict with what another scanner was judged to say
// of the same bytes: both scanners, the findings of both, and the graver
// outcome. Without the scan's verdict there is none, whatever the other says;
// with only the scan's, it stands as it is. Policy is not asked again: what it
// refuses of either, it refuses of both, and what it flags likewise.
func Merge(scan, told *file.Verdict) *file.Verdict {
	if scan == nil || told == nil {
		return scan
	}
	v := *scan
	v.Scanners = slices.Concat(scan.Scanners, told.Scanners)
	if !slices.Contains(v.Checks, file.CheckedMalware) && len(v.Scanners) > 0 {
		v.Checks = append(slices.Clone(v.Checks), file.CheckedMalware)
	}
	v.Findings = byGravity(slices.Concat(scan.Findings, told.Findings))
	v.Findings = v.Findings[:min(len(v.Findings), file.MaxFindings)]
	v.Coverage.Complete = scan.Coverage.Complete && told.Coverage.Complete
	if v.Outcome != file.Refused {
		v.Outcome = accepted(&v)
	}
	if told.Outcome == file.Refused {
		v.Outcome = file.Refused
	}
	return &v
}

// accepted returns the outcome of a verdict that policy lets pass: a finding
// that counts and yet passes is flagged, and so is what was not wholly looked at.
func accepted(v *file.Verdict) file.Outcome {
	switch {
	case len(v.Scanners) == 0:
		return file.Unscanned
	case len(v.Findings) > 0 || !v.Coverage.Complete:
		return file.Flagged
	}
	return file.Clean
}

// byGravity returns the findings in the order of file.Findings, malware first.
func byGravity(found []file.Finding) []file.Finding {
	order := file.Findings() // without MalwareDetected, whose index is -1
	return slices.SortedStableFunc(slices.Values(found), func(a, b file.Finding) int {
		return slices.Index(order, a.Code) - slices.Index(order, b.Code)
	})
}
