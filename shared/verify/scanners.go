package verify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vouch-s3/vouch/shared/file"
)

// The names of the malware scanners, as they stand in a verdict.
const (
	ClamAV    = "clamav"
	GuardDuty = "guardduty"
)

// Scanners are the malware scanners that must all have called a file clean
// before it is ready. None at all is a choice that somebody has to make, and
// that every verdict then shows.
type Scanners []string

// ParseScanners reads a list such as "clamav+guardduty", or "none". Nothing is
// taken for none that does not say so.
func ParseScanners(s string) (Scanners, error) {
	if s == "none" {
		return Scanners{}, nil
	}
	var list Scanners
	for name := range strings.SplitSeq(s, "+") {
		if name != ClamAV && name != GuardDuty || slices.Contains(list, name) {
			return nil, fmt.Errorf("the scanners %q are not %s, %s, both with a + between, or none", s, ClamAV, GuardDuty)
		}
		list = append(list, name)
	}
	return list, nil
}

// Asks reports whether the scanner called name is one of s.
func (s Scanners) Asks(name string) bool { return slices.Contains(s, name) }

// check returns an error unless v has the word of exactly these scanners, and
// an outcome that goes with them.
func (s Scanners) check(v *file.Verdict) error {
	if v == nil {
		return fmt.Errorf("there is no verdict")
	}
	for _, name := range s {
		if !slices.ContainsFunc(v.Scanners, func(e file.Engine) bool { return e.Name == name }) {
			return fmt.Errorf("the verdict is without the word of %s", name)
		}
	}
	switch {
	case len(s) != len(v.Scanners):
		return fmt.Errorf("the verdict has the word of %d scanners, not of %d", len(v.Scanners), len(s))
	case len(s) == 0 && v.Outcome != file.Unscanned:
		return fmt.Errorf("the outcome is %s, though no scanner was asked", v.Outcome)
	case len(s) > 0 && v.Outcome != file.Clean && v.Outcome != file.Flagged:
		return fmt.Errorf("the outcome is %s", v.Outcome)
	case v.Outcome == file.Clean && (!v.Coverage.Complete || len(v.Findings) > 0):
		return fmt.Errorf("the outcome is clean, with %d findings and complete coverage %v", len(v.Findings), v.Coverage.Complete)
	}
	return nil
}
