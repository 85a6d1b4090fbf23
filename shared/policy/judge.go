package policy

import (
	"slices"

	"github.com/vouch-s3/vouch/shared/file"
)

// MayBe reports whether bytes that are found to be of one media type may stand
// under a declared content type.
func (p Policy) MayBe(declared, detected string) bool {
	t := p.Types[withoutParameters(declared)]
	return t != nil && (slices.Contains(t.Content, detected) || slices.Contains(t.Content, "*"))
}

// Judge decides about what was found, and whether all was looked at. It returns
// the findings that count, in their order; the reason to reject the file, empty
// for none; and whether it is flagged. A finding that the policy does not know
// is refused, and what was not wholly looked at is flagged, whatever is allowed.
func (p Policy) Judge(found []file.Finding, complete bool) (count []file.Finding, reason file.Reason, flagged bool) {
	var flag file.Reason
	for _, f := range found {
		switch p.Findings[f.Code] {
		case Allow:
			continue
		case Flag:
			if flag == "" {
				flag = f.Code
			}
		default:
			if reason == "" {
				reason = f.Code
			}
		}
		count = append(count, f)
	}
	if flag == "" && !complete {
		flag = file.ScanIncomplete
	}
	if reason == "" && flag != "" && p.OnFlag != FlaggedIsReady {
		reason = flag
	}
	return count, reason, flag != ""
}
