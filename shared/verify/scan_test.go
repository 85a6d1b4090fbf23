package verify_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/verify"
)

func TestScanIsCleanOnlyWhenSureOfEveryByte(t *testing.T) {
	down := errors.New("connection refused")
	old := engine
	old.DatabaseDate = now.Add(-8 * 24 * time.Hour)
	undated := engine
	undated.DatabaseDate = time.Time{}
	incomplete := []file.Finding{{Code: file.ScanIncomplete}}
	for name, tt := range map[string]struct {
		change  func(*world, *policy.Policy)
		outcome file.Outcome
		reason  file.Reason
		fails   bool
	}{
		"clean":                     {func(*world, *policy.Policy) {}, file.Clean, "", false},
		"infected":                  {func(w *world, _ *policy.Policy) { w.scan.Infected = true }, file.Refused, file.MalwareDetected, false},
		"short":                     {func(w *world, _ *policy.Policy) { w.body = "hell" }, file.Refused, file.SizeMismatch, false},
		"long":                      {func(w *world, _ *policy.Policy) { w.body = "hello!" }, file.Refused, file.SizeMismatch, false},
		"scanner down":              {func(w *world, _ *policy.Policy) { w.failScan = down }, "", "", true},
		"gone":                      {func(w *world, _ *policy.Policy) { w.missing = true }, "", file.ObjectMissing, false},
		"old signatures":            {func(w *world, _ *policy.Policy) { w.scan.Engine = old }, "", "", true},
		"signatures without a date": {func(w *world, _ *policy.Policy) { w.scan.Engine = undated }, "", "", true},
		"signatures whose age nobody asks": {func(w *world, p *policy.Policy) {
			w.scan.Engine, p.Scan.MaxDatabaseAge = undated, 0
		}, file.Clean, "", false},
		"another type":    {func(w *world, _ *policy.Policy) { w.body = "%PDF-" }, file.Refused, file.ContentMismatch, false},
		"not all scanned": {func(w *world, _ *policy.Policy) { w.scan.Findings = incomplete }, file.Refused, file.ScanIncomplete, false},
		"not all scanned, which is flagged": {func(w *world, p *policy.Policy) {
			w.scan.Findings, p.Findings[file.ScanIncomplete] = incomplete, policy.Flag
		}, file.Flagged, "", false},
		"not all scanned, which is allowed": {func(w *world, p *policy.Policy) {
			w.scan.Findings, p.Findings[file.ScanIncomplete] = incomplete, policy.Allow
		}, file.Flagged, "", false},
		"flagged, which is rejected": {func(w *world, p *policy.Policy) {
			w.scan.Findings, p.Findings[file.ScanIncomplete], p.OnFlag = incomplete, policy.Flag, policy.FlaggedIsRejected
		}, file.Refused, file.ScanIncomplete, false},
		"no scanner asked": {func(w *world, _ *policy.Policy) { w.scan = verify.Scan{} }, file.Unscanned, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, file.Verifying)
			s := w.scanner()
			tt.change(w, &s.Policy)
			r, err := s.Scan(t.Context(), w.job())
			if (err != nil) != tt.fails || r.Reason != tt.reason || (r.Outcome == verify.Passed) != (tt.reason == "" && !tt.fails) {
				t.Fatalf("%+v, %v", r, err)
			}
			var outcome file.Outcome
			if r.Verdict != nil {
				outcome = r.Verdict.Outcome
			}
			if outcome != tt.outcome {
				t.Errorf("the outcome is %q, want %q", outcome, tt.outcome)
			}
			if r.Outcome == verify.Passed && r.ChecksumSHA256 != checksum("hello") {
				t.Errorf("the checksum is %q", r.ChecksumSHA256)
			}
		})
	}
}

func TestScanHoldsTheBytesToThePromisedChecksum(t *testing.T) {
	w := newWorld(t, file.Verifying)
	w.body = "hullo"
	w.f.ID, _ = file.NewID()
	w.f.Key = file.Key("alice", w.f.ID)
	w.f.ChecksumSHA256 = checksum("hello")
	if err := w.Create(t.Context(), w.f); err != nil {
		t.Fatal(err)
	}
	r, err := w.scanner().Scan(t.Context(), verify.JobFor(w.f))
	if err != nil || r.Reason != file.ChecksumMismatch {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAVerdictSaysWhatWasFoundAndHowFarItLooked(t *testing.T) {
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for _, name := range []string{"a.txt", "../b.txt"} {
		entry, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(entry, strings.Repeat("text ", 100))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, file.Verifying)
	w.body = archive.String()
	w.f.ID, _ = file.NewID()
	w.f.Key, w.f.Size, w.f.ContentType = file.Key("alice", w.f.ID), int64(archive.Len()), "application/zip"
	if err := w.Create(t.Context(), w.f); err != nil {
		t.Fatal(err)
	}
	r, err := w.scanner().Scan(t.Context(), verify.JobFor(w.f))
	if err != nil || r.Reason != file.ArchivePath {
		t.Fatalf("%+v, %v", r, err)
	}
	v := r.Verdict
	if want := []file.Check{file.CheckedVersion, file.CheckedType, file.CheckedMalware, file.CheckedSize, file.CheckedContent}; !slices.Equal(v.Checks, want) { // none was promised to compare with
		t.Errorf("the checks are %v, want %v", v.Checks, want)
	}
	if v.DetectedType != "application/zip" || len(v.Findings) != 1 || v.Findings[0].Where != "../b.txt" {
		t.Errorf("%+v", v)
	}
	if want := (file.Coverage{Complete: true, Bytes: w.f.Size, Unpacked: 1000, Entries: 2, Depth: 1}); v.Coverage.Unpacked != want.Unpacked || v.Coverage.Entries != want.Entries || !v.Coverage.Complete || v.Coverage.Depth != 1 || v.Coverage.Bytes != want.Bytes {
		t.Errorf("the coverage is %+v, want %+v", v.Coverage, want)
	}
}

// Whatever a step before was tricked into, a file is not ready without the word
// of every scanner that must be asked.
func TestNoFileIsReadyWithoutTheVerdictThatItsScannersOwe(t *testing.T) {
	for name, change := range map[string]func(*file.Verdict, *verify.Scanners){
		"no scanner in the verdict":     func(v *file.Verdict, _ *verify.Scanners) { v.Scanners = nil },
		"unscanned":                     func(v *file.Verdict, _ *verify.Scanners) { v.Scanners, v.Outcome = nil, file.Unscanned },
		"another scanner":               func(v *file.Verdict, _ *verify.Scanners) { v.Scanners[0].Name = verify.GuardDuty },
		"one of two":                    func(_ *file.Verdict, s *verify.Scanners) { *s = verify.Scanners{verify.ClamAV, verify.GuardDuty} },
		"rejected":                      func(v *file.Verdict, _ *verify.Scanners) { v.Outcome = file.Refused },
		"no outcome":                    func(v *file.Verdict, _ *verify.Scanners) { v.Outcome = "" },
		"clean but not wholly scanned":  func(v *file.Verdict, _ *verify.Scanners) { v.Coverage.Complete = false },
		"clean with a finding":          func(v *file.Verdict, _ *verify.Scanners) { v.Findings = []file.Finding{{Code: file.Polyglot}} },
		"scanned where nobody is asked": func(_ *file.Verdict, s *verify.Scanners) { *s = verify.Scanners{} },
	} {
		w := newWorld(t, file.Verifying)
		x, v := w.finisher(), clean()
		change(v, &x.Scanners)
		if r, err := x.Ready(t.Context(), w.job(), checksum("hello"), v); err == nil {
			t.Errorf("%s: %+v", name, r)
		}
		if w.status(t) != file.Verifying || len(w.tags) != 0 {
			t.Errorf("%s: the file is %s, tags %v", name, w.status(t), w.tags)
		}
	}
	w := newWorld(t, file.Verifying)
	if _, err := w.finisher().Ready(t.Context(), w.job(), checksum("hello"), nil); err == nil || w.status(t) != file.Verifying {
		t.Errorf("without a verdict: %v", err)
	}
}

func TestTheListOfScannersIsNeverGuessed(t *testing.T) {
	for s, want := range map[string]int{"clamav": 1, "guardduty": 1, "clamav+guardduty": 2, "none": 0} {
		if got, err := verify.ParseScanners(s); err != nil || len(got) != want {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", " ", "None", "clamav+none", "clamav+clamav", "clamav,guardduty", "clamav+", "+", "clam"} {
		if got, err := verify.ParseScanners(s); err == nil {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestRejectedBytesAreDeletedAtOnceIfPolicySaysSo(t *testing.T) {
	w := newWorld(t, file.Verifying)
	x := w.finisher()
	x.Policy.RejectedBytes = policy.DeleteRejected
	if _, err := x.Rejected(t.Context(), w.job(), file.MalwareDetected, nil); err != nil {
		t.Fatal(err)
	}
	if len(w.deleted) != 1 || w.deleted[0] != "v1" || len(w.tags) != 0 || w.status(t) != file.Rejected {
		t.Errorf("deleted %v, tags %v, status %s", w.deleted, w.tags, w.status(t))
	}
}

func TestWhatIsDecidedBeforeTheScanIsHandedOnAndNeverScanned(t *testing.T) {
	scanned := verify.Result{Outcome: verify.Passed, ChecksumSHA256: checksum("hello"), Verdict: clean()}
	refused := verify.Result{Outcome: verify.Failed, Reason: file.ContentTypeMismatch}
	for name, tt := range map[string]struct {
		before *verify.Result
		want   verify.Result
		scans  bool
		fails  bool
	}{
		"a re-scan, which has no step before": {before: nil, want: scanned, scans: true},
		"passed":                              {before: &verify.Result{Outcome: verify.Passed}, want: scanned, scans: true},
		"refused":                             {before: &refused, want: refused},
		"moved on":                            {before: &verify.Result{Outcome: verify.Superseded}, want: verify.Result{Outcome: verify.Superseded}},
		"no outcome":                          {before: &verify.Result{}, fails: true},
		"an outcome that is none":             {before: &verify.Result{Outcome: "perhaps"}, fails: true},
		"an outcome that only this step has":  {before: &verify.Result{Outcome: verify.Awaiting}, fails: true},
		"passed in other letters, with all it needs": {before: &verify.Result{Outcome: "Passed", Verdict: clean(), ChecksumSHA256: checksum("hello")}, fails: true},
	} {
		scans := false
		got, err := verify.IfPassed(tt.before, func() (verify.Result, error) {
			scans = true
			return scanned, nil
		})
		if got != tt.want || scans != tt.scans || (err != nil) != tt.fails {
			t.Errorf("%s: %+v, scans %v, %v", name, got, scans, err)
		}
	}
}
