package verify_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/verify"
)

var guardDuty = file.Engine{Name: verify.GuardDuty}

// word returns what GuardDuty says, judged by the default policy as change
// leaves it.
func word(s verify.Scan, change func(*policy.Policy)) verify.Result {
	p := policy.Default()
	if change != nil {
		change(&p)
	}
	s.Engine = guardDuty
	return verify.Told(s, p)
}

func TestTheWordOfASecondScannerIsJudgedByThePolicy(t *testing.T) {
	incomplete := verify.Scan{Findings: []file.Finding{{Code: file.ScanIncomplete, Detail: "PASSWORD_PROTECTED"}}}
	set := func(a policy.Action, f policy.OnFlag) func(*policy.Policy) {
		return func(p *policy.Policy) { p.Findings[file.ScanIncomplete], p.OnFlag = a, f }
	}
	for name, tt := range map[string]struct {
		got     verify.Result
		outcome file.Outcome
		reason  file.Reason
	}{
		"nothing found":                     {word(verify.Scan{}, nil), file.Clean, ""},
		"malware":                           {word(verify.Scan{Infected: true, Signature: "EICAR"}, nil), file.Refused, file.MalwareDetected},
		"not all scanned":                   {word(incomplete, nil), file.Refused, file.ScanIncomplete},
		"not all scanned, which is flagged": {word(incomplete, set(policy.Flag, policy.FlaggedIsReady)), file.Flagged, ""},
		"not all scanned, which is allowed": {word(incomplete, set(policy.Allow, policy.FlaggedIsReady)), file.Flagged, ""},
		"flagged, which is rejected":        {word(incomplete, set(policy.Flag, policy.FlaggedIsRejected)), file.Refused, file.ScanIncomplete},
	} {
		if tt.got.Verdict == nil || tt.got.Verdict.Outcome != tt.outcome || tt.got.Reason != tt.reason || (tt.got.Outcome == verify.Passed) != (tt.reason == "") {
			t.Errorf("%s: %+v", name, tt.got)
		}
		if len(tt.got.Verdict.Scanners) != 1 || tt.got.Verdict.Scanners[0] != guardDuty {
			t.Errorf("%s: the scanners are %+v", name, tt.got.Verdict.Scanners)
		}
	}
}

func TestWhatPassesTheScanAwaitsGuardDutyWhereItIsAsked(t *testing.T) {
	for name, tt := range map[string]struct {
		scanners verify.Scanners
		scan     verify.Scan
		step     verify.Outcome
		outcome  file.Outcome
	}{
		"both":                     {verify.Scanners{verify.ClamAV, verify.GuardDuty}, verify.Scan{Engine: engine}, verify.Awaiting, file.Clean},
		"GuardDuty alone":          {verify.Scanners{verify.GuardDuty}, verify.Scan{}, verify.Awaiting, file.Unscanned},
		"ClamAV alone":             {verify.Scanners{verify.ClamAV}, verify.Scan{Engine: engine}, verify.Passed, file.Clean},
		"none":                     {verify.Scanners{}, verify.Scan{}, verify.Passed, file.Unscanned},
		"both, of which one found": {verify.Scanners{verify.ClamAV, verify.GuardDuty}, verify.Scan{Engine: engine, Infected: true}, verify.Failed, file.Refused},
	} {
		w := newWorld(t, file.Verifying)
		w.scan = tt.scan
		s := w.scanner()
		s.Scanners = tt.scanners
		r, err := s.Scan(t.Context(), w.job())
		if err != nil || r.Outcome != tt.step || r.Verdict.Outcome != tt.outcome {
			t.Errorf("%s: %+v, %+v, %v", name, r, r.Verdict, err)
		}
	}
}

func TestAMergedVerdictHasBothScannersAndTheGraverOutcome(t *testing.T) {
	finding := []file.Finding{{Code: file.OfficeMacros}}
	scan := func(o file.Outcome, scanners []file.Engine, findings []file.Finding) *file.Verdict {
		v := clean()
		v.Outcome, v.Scanners, v.Findings = o, scanners, findings
		return v
	}
	both, alone := []file.Engine{engine}, []file.Engine(nil)
	incomplete := verify.Scan{Findings: []file.Finding{{Code: file.ScanIncomplete}}}
	flags := func(p *policy.Policy) { p.Findings[file.ScanIncomplete] = policy.Flag }
	allows := func(p *policy.Policy) { p.Findings[file.ScanIncomplete] = policy.Allow }
	for name, tt := range map[string]struct {
		scan *file.Verdict
		told verify.Result
		want file.Outcome
		list []file.Reason
	}{
		"clean, clean":           {scan(file.Clean, both, nil), word(verify.Scan{}, nil), file.Clean, nil},
		"flagged, clean":         {scan(file.Flagged, both, finding), word(verify.Scan{}, nil), file.Flagged, []file.Reason{file.OfficeMacros}},
		"clean, flagged":         {scan(file.Clean, both, nil), word(incomplete, flags), file.Flagged, []file.Reason{file.ScanIncomplete}},
		"clean, allowed":         {scan(file.Clean, both, nil), word(incomplete, allows), file.Flagged, nil},
		"flagged, flagged":       {scan(file.Flagged, both, finding), word(incomplete, flags), file.Flagged, []file.Reason{file.ScanIncomplete, file.OfficeMacros}},
		"flagged, malware":       {scan(file.Flagged, both, finding), word(verify.Scan{Infected: true}, nil), file.Refused, []file.Reason{file.MalwareDetected, file.OfficeMacros}},
		"clean, refused":         {scan(file.Clean, both, nil), word(incomplete, nil), file.Refused, []file.Reason{file.ScanIncomplete}},
		"refused, clean":         {scan(file.Refused, both, nil), word(verify.Scan{}, nil), file.Refused, nil},
		"unscanned, clean":       {scan(file.Unscanned, alone, nil), word(verify.Scan{}, nil), file.Clean, nil},
		"unscanned found, clean": {scan(file.Unscanned, alone, finding), word(verify.Scan{}, nil), file.Flagged, []file.Reason{file.OfficeMacros}},
		"unscanned, malware":     {scan(file.Unscanned, alone, nil), word(verify.Scan{Infected: true}, nil), file.Refused, []file.Reason{file.MalwareDetected}},
	} {
		before := fmt.Sprintf("%+v", *tt.scan)
		got := verify.Merge(tt.scan, tt.told.Verdict)
		var list []file.Reason
		for _, f := range got.Findings {
			list = append(list, f.Code)
		}
		if got.Outcome != tt.want || !slices.Equal(list, tt.list) || len(got.Scanners) != len(tt.scan.Scanners)+1 {
			t.Errorf("%s: %+v", name, got)
		}
		if got.DetectedType != "text/plain" || got.Coverage.Bytes != 5 || !got.CheckedAt.Equal(now) {
			t.Errorf("%s: the scan's own part is lost: %+v", name, got)
		}
		if fmt.Sprintf("%+v", *tt.scan) != before {
			t.Errorf("%s: the scan's verdict was changed", name)
		}
	}
	if verify.Merge(nil, word(verify.Scan{}, nil).Verdict) != nil {
		t.Error("GuardDuty's word alone made a verdict")
	}
	if v := clean(); verify.Merge(v, nil) != v {
		t.Error("without a second word the first was changed")
	}
	long := scan(file.Flagged, both, slices.Repeat(finding, file.MaxFindings))
	if v := verify.Merge(long, word(verify.Scan{Infected: true}, nil).Verdict); len(v.Findings) != file.MaxFindings || v.Findings[0].Code != file.MalwareDetected {
		t.Errorf("%d findings, the first %s", len(v.Findings), v.Findings[0].Code)
	}
}

// Whatever the workflow was tricked into, what GuardDuty has not called clean,
// where it is asked, is not ready.
func TestNoFileIsReadyWithoutGuardDutysWord(t *testing.T) {
	unscanned := clean()
	unscanned.Outcome, unscanned.Scanners = file.Unscanned, nil
	for name, tt := range map[string]struct {
		scanners verify.Scanners
		scan     *file.Verdict
		told     *file.Verdict
		ready    bool
	}{
		"both clean":                      {verify.Scanners{verify.ClamAV, verify.GuardDuty}, clean(), word(verify.Scan{}, nil).Verdict, true},
		"GuardDuty alone, clean":          {verify.Scanners{verify.GuardDuty}, unscanned, word(verify.Scan{}, nil).Verdict, true},
		"GuardDuty has not spoken":        {verify.Scanners{verify.ClamAV, verify.GuardDuty}, clean(), nil, false},
		"GuardDuty alone has not spoken":  {verify.Scanners{verify.GuardDuty}, unscanned, nil, false},
		"GuardDuty in place of ClamAV":    {verify.Scanners{verify.ClamAV, verify.GuardDuty}, unscanned, word(verify.Scan{}, nil).Verdict, false},
		"GuardDuty found malware":         {verify.Scanners{verify.ClamAV, verify.GuardDuty}, clean(), word(verify.Scan{Infected: true}, nil).Verdict, false},
		"GuardDuty, whom nobody asked":    {verify.Scanners{verify.ClamAV}, clean(), word(verify.Scan{}, nil).Verdict, false},
		"GuardDuty's word without a scan": {verify.Scanners{verify.GuardDuty}, nil, word(verify.Scan{}, nil).Verdict, false},
	} {
		w := newWorld(t, file.Verifying)
		x := w.finisher()
		x.Scanners = tt.scanners
		_, err := x.Ready(t.Context(), w.job(), checksum("hello"), verify.Merge(tt.scan, tt.told))
		if ready := w.status(t) == file.Ready; ready != tt.ready || (err == nil) != tt.ready {
			t.Errorf("%s: the file is %s, %v", name, w.status(t), err)
		}
		if tt.ready && (len(w.tags) != 1 || w.tags[0] != file.Clean) || !tt.ready && len(w.tags) != 0 {
			t.Errorf("%s: the tags are %v", name, w.tags)
		}
	}
}
