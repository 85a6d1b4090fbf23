package verify_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/verify"
)

// newReady is a world with a ready file, verified yesterday.
func newReady(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, file.Ready)
	old := clean()
	old.CheckedAt = now.Add(-24 * time.Hour)
	w.f.ID, _ = file.NewID()
	w.f.Key, w.f.ChecksumSHA256, w.f.Verdict, w.f.Receipt = file.Key("alice", w.f.ID), checksum("hello"), old, "receipt of yesterday"
	if err := w.Create(t.Context(), w.f); err != nil {
		t.Fatal(err)
	}
	return w
}

// rejob is the job to verify the file of w again.
func (w *world) rejob() verify.Job {
	j := verify.JobFor(w.f)
	j.Rescan = true
	return j
}

func (w *world) record(t *testing.T) file.File {
	t.Helper()
	f, err := w.Get(t.Context(), w.f.ID)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// bad is a verdict that revokes.
func bad() *file.Verdict {
	return &file.Verdict{Outcome: file.Refused, Findings: []file.Finding{{Code: file.MalwareDetected}}, CheckedAt: now}
}

func TestAReScanTakesReadyFilesAndNoOther(t *testing.T) {
	for _, s := range file.Statuses() {
		for _, rescan := range []bool{false, true} {
			w := newWorld(t, s)
			j := w.job()
			j.Rescan = rescan
			r, err := w.scanner().Scan(t.Context(), j)
			takes := rescan && s == file.Ready || !rescan && (s == file.Uploaded || s == file.Verifying)
			if s == file.Pending { // which pins no version
				takes = false
			}
			if err != nil || (r.Outcome == verify.Passed) != takes || (r.Outcome == verify.Superseded) == takes {
				t.Errorf("%s, a re-scan: %v: %+v, %v", s, rescan, r, err)
			}
		}
	}
}

func TestAReScanThatPassesRenewsTheVerdictAndChangesNoStatus(t *testing.T) {
	w := newReady(t)
	scan, err := w.scanner().Scan(t.Context(), w.rejob())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time as a retry
		r, err := w.finisher().Ready(t.Context(), w.rejob(), scan.ChecksumSHA256, scan.Verdict)
		if err != nil || r.Outcome != verify.Passed {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	f := w.record(t)
	if f.Status != file.Ready || !f.Verdict.CheckedAt.Equal(now) || f.Receipt != "receipt for v1" || f.Revision != 2 {
		t.Errorf("%+v with the verdict %+v", f, f.Verdict)
	}
	if len(w.events) != 0 || len(w.tags) != 0 {
		t.Errorf("events %v, tags %v", w.events, w.tags)
	}
}

func TestATagFollowsAnOutcomeThatIsAnotherNow(t *testing.T) {
	w := newReady(t)
	flagged := clean()
	flagged.Outcome, flagged.Findings = file.Flagged, []file.Finding{{Code: file.Polyglot}}
	if _, err := w.finisher().Ready(t.Context(), w.rejob(), checksum("hello"), flagged); err != nil {
		t.Fatal(err)
	}
	if len(w.tags) != 1 || w.tags[0] != file.Flagged || w.record(t).Verdict.Outcome != file.Flagged {
		t.Errorf("tags %v, %+v", w.tags, w.record(t).Verdict)
	}
}

func TestARenewalIsHeldToWhatAReadyFileNeeds(t *testing.T) {
	for name, tt := range map[string]struct {
		checksum string
		change   func(*world, *file.Verdict)
	}{
		"other bytes":            {checksum("hullo"), func(*world, *file.Verdict) {}},
		"no checksum":            {"", func(*world, *file.Verdict) {}},
		"no scanner's word":      {checksum("hello"), func(_ *world, v *file.Verdict) { v.Scanners = nil }},
		"a verdict that refuses": {checksum("hello"), func(_ *world, v *file.Verdict) { v.Outcome = file.Refused }},
		"no receipt can be had":  {checksum("hello"), func(w *world, _ *file.Verdict) { w.failReceipt = errors.New("no key") }},
		"the record is not there": {checksum("hello"), func(w *world, _ *file.Verdict) {
			w.BeforeRenew = func(string, file.Renewal) error { return errors.New("down") }
		}},
	} {
		w, v := newReady(t), clean()
		tt.change(w, v)
		if r, err := w.finisher().Ready(t.Context(), w.rejob(), tt.checksum, v); err == nil {
			t.Errorf("%s: %+v", name, r)
		}
		if f := w.record(t); f.Status != file.Ready || f.Receipt != "receipt of yesterday" || f.Revision != 1 || len(w.tags) != 0 {
			t.Errorf("%s: %+v, tags %v", name, f, w.tags)
		}
	}
}

func TestAnOlderVerdictReplacesNoNewerOne(t *testing.T) {
	w := newReady(t)
	if _, err := w.finisher().Ready(t.Context(), w.rejob(), checksum("hello"), clean()); err != nil {
		t.Fatal(err)
	}
	late := clean()
	late.CheckedAt = now.Add(-time.Hour)
	if r, err := w.finisher().Ready(t.Context(), w.rejob(), checksum("hello"), late); err != nil || r.Outcome != verify.Passed {
		t.Fatalf("%+v, %v", r, err)
	}
	if v := w.record(t).Verdict; !v.CheckedAt.Equal(now) {
		t.Errorf("the verdict is of %v", v.CheckedAt)
	}
}

func TestARevocationStopsEverythingThatReadyGave(t *testing.T) {
	w := newReady(t)
	w.scan.Infected = true
	scan, err := w.scanner().Scan(t.Context(), w.rejob())
	if err != nil || scan.Reason != file.MalwareDetected {
		t.Fatalf("%+v, %v", scan, err)
	}
	if r, err := w.finisher().Rejected(t.Context(), w.rejob(), scan.Reason, scan.Verdict); err != nil || r.Outcome != verify.Failed {
		t.Fatalf("%+v, %v", r, err)
	}
	f := w.record(t)
	if f.Status != file.Rejected || f.Reason != file.MalwareDetected || f.Receipt != "" || f.Verdict.Outcome != file.Refused || !f.SweepAt.IsZero() {
		t.Errorf("%+v with the verdict %+v", f, f.Verdict)
	}
	if len(w.tags) != 1 || w.tags[0] != file.Refused || len(w.events) != 1 || w.events[0] != file.Rejected {
		t.Errorf("tags %v, events %v", w.tags, w.events)
	}
}

// An outage must not be able to take anybody's files away.
func TestNothingIsRevokedWithoutAFinding(t *testing.T) {
	w := newReady(t)
	w.failScan = errors.New("connection refused")
	if r, err := w.scanner().Scan(t.Context(), w.rejob()); err == nil {
		t.Errorf("the scanner is down: %+v", r)
	}
	for name, tt := range map[string]struct {
		reason  file.Reason
		verdict *file.Verdict
	}{
		"no verdict could be had":         {file.VerificationFailed, nil},
		"the same, with one":              {file.VerificationFailed, bad()},
		"a reason without a verdict":      {file.MalwareDetected, nil},
		"a reason with a clean verdict":   {file.MalwareDetected, clean()},
		"a reason that is none":           {"", bad()},
		"gone, with a verdict that opens": {file.ObjectMissing, clean()},
	} {
		if r, err := w.finisher().Rejected(t.Context(), w.rejob(), tt.reason, tt.verdict); err == nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if f := w.record(t); f.Status != file.Ready || f.Revision != 1 || len(w.tags) != 0 || len(w.events) != 0 {
		t.Errorf("%+v, tags %v, events %v", f, w.tags, w.events)
	}
}

// Verification that comes late, doubled or forged may close a file that waits
// for it. It never takes back one that is ready.
func TestOnlyAReScanRevokes(t *testing.T) {
	w := newReady(t)
	j := verify.JobFor(w.f)
	for _, reason := range []file.Reason{file.MalwareDetected, file.VerificationFailed} {
		if r, err := w.finisher().Rejected(t.Context(), j, reason, bad()); err != nil || r.Outcome != verify.Superseded {
			t.Errorf("%s: %+v, %v", reason, r, err)
		}
	}
	other := w.rejob()
	other.VersionID = "v2"
	if r, err := w.finisher().Rejected(t.Context(), other, file.MalwareDetected, bad()); err != nil || r.Outcome != verify.Superseded {
		t.Errorf("another version: %+v, %v", r, err)
	}
	if f := w.record(t); f.Status != file.Ready || len(w.tags) != 0 {
		t.Errorf("%+v, tags %v", f, w.tags)
	}
	// Nor between its look at the record and its write.
	w = newWorld(t, file.Verifying)
	w.BeforeChange = func(id string, c file.Change) error {
		if c.To == file.Rejected {
			w.BeforeChange = nil
			_, err := w.Change(context.Background(), id, file.Change{To: file.Ready, At: now, Verdict: clean()})
			return err
		}
		return nil
	}
	if r, err := w.finisher().Rejected(t.Context(), w.job(), file.VerificationFailed, nil); err != nil || r.Outcome != verify.Superseded || w.status(t) != file.Ready {
		t.Errorf("%+v, %v; the file is %s", r, err, w.status(t))
	}
}

func TestAReScanRejectsNoFileThatStillWaitsForItsVerdict(t *testing.T) {
	for _, s := range []file.Status{file.Uploaded, file.Verifying, file.Deleted, file.Expired} {
		w := newWorld(t, s)
		j := w.job()
		j.Rescan = true
		if r, err := w.finisher().Rejected(t.Context(), j, file.MalwareDetected, bad()); err != nil || r.Outcome != verify.Superseded || w.status(t) != s {
			t.Errorf("%s: %+v, %v; it is %s", s, r, err, w.status(t))
		}
	}
}

func TestARevocationSurvivesACrashBetweenAnyTwoOfItsWrites(t *testing.T) {
	crash := errors.New("crash")
	for name, fault := range map[string]func(*world, error){
		"tag":   func(w *world, err error) { w.failTag = err },
		"event": func(w *world, err error) { w.failPublish = err },
		"record": func(w *world, err error) {
			w.BeforeChange = func(string, file.Change) error { return err }
		},
	} {
		w := newReady(t)
		fault(w, crash)
		if _, err := w.finisher().Rejected(t.Context(), w.rejob(), file.MalwareDetected, bad()); !errors.Is(err, crash) {
			t.Fatalf("%s: %v", name, err)
		}
		half := w.record(t)
		if name == "record" && len(w.tags)+len(w.events) != 0 {
			t.Errorf("%s: tags %v and events %v before the record", name, w.tags, w.events)
		}
		if name != "record" && (half.Status != file.Rejected || half.SweepAt.IsZero()) {
			t.Errorf("%s: %+v is on nobody's list", name, half)
		}
		fault(w, nil)
		if _, err := w.finisher().Rejected(t.Context(), w.rejob(), file.MalwareDetected, bad()); err != nil {
			t.Fatalf("%s again: %v", name, err)
		}
		f := w.record(t)
		if f.Status != file.Rejected || !f.SweepAt.IsZero() || f.Revision != 2 || w.tags[len(w.tags)-1] != file.Refused || len(w.events) != 1 {
			t.Errorf("%s: %+v, tags %v, events %v", name, f, w.tags, w.events)
		}
	}
}

func TestARevocationWhileRenewingLeavesNoTagThatOpens(t *testing.T) {
	flagged := clean()
	flagged.Outcome, flagged.Findings = file.Flagged, []file.Finding{{Code: file.Polyglot}}
	w := newReady(t)
	w.BeforeRenew = func(id string, _ file.Renewal) error {
		_, err := w.Change(context.Background(), id, file.Change{To: file.Rejected, At: now, Reason: file.MalwareDetected, Verdict: bad()})
		return err
	}
	for range 2 { // the second time as a retry after a crash behind the tag
		r, err := w.finisher().Ready(t.Context(), w.rejob(), checksum("hello"), flagged)
		if err != nil || r.Outcome != verify.Failed || w.record(t).Status != file.Rejected {
			t.Errorf("%+v, %v", r, err)
		}
		if last := w.tags[len(w.tags)-1]; last != file.Refused {
			t.Errorf("the last tag says %s", last)
		}
		w.tags = append(w.tags, file.Flagged)
	}
}

func TestADeletionWhileRenewingWins(t *testing.T) {
	w := newReady(t)
	w.BeforeRenew = func(id string, _ file.Renewal) error {
		_, err := w.Change(context.Background(), id, file.Change{To: file.Deleted, At: now})
		return err
	}
	r, err := w.finisher().Ready(t.Context(), w.rejob(), checksum("hello"), clean())
	if err != nil || r.Outcome != verify.Superseded || w.record(t).Status != file.Deleted || w.record(t).Receipt != "" {
		t.Errorf("%+v, %v; %+v", r, err, w.record(t))
	}
}

func TestAReadyFileWhoseBytesAreGoneIsRevoked(t *testing.T) {
	w := newReady(t)
	w.missing = true
	scan, err := w.scanner().Scan(t.Context(), w.rejob())
	if err != nil || scan.Reason != file.ObjectMissing {
		t.Fatalf("%+v, %v", scan, err)
	}
	if _, err := w.finisher().Rejected(t.Context(), w.rejob(), scan.Reason, scan.Verdict); err != nil {
		t.Fatal(err)
	}
	if f := w.record(t); f.Status != file.Rejected || len(w.events) != 1 {
		t.Errorf("%+v, events %v", f, w.events)
	}
}

func TestAPolicyThatDeletesRejectedBytesDeletesRevokedOnes(t *testing.T) {
	w := newReady(t)
	x := w.finisher()
	x.Policy.RejectedBytes = policy.DeleteRejected
	if _, err := x.Rejected(t.Context(), w.rejob(), file.MalwareDetected, bad()); err != nil {
		t.Fatal(err)
	}
	if len(w.deleted) != 1 || len(w.tags) != 0 {
		t.Errorf("deleted %v, tags %v", w.deleted, w.tags)
	}
}

// GuardDuty reads an object once. A re-scan that needs its word has the one that
// it gave on the same version, and none where it never gave any.
func TestInAReScanTheEarlierWordOfGuardDutyStands(t *testing.T) {
	word := file.Engine{Name: verify.GuardDuty}
	for name, tt := range map[string]struct {
		scanners verify.Scanners
		earlier  []file.Engine
		complete bool
		outcome  file.Outcome // empty for an error
	}{
		"both":                             {verify.Scanners{verify.ClamAV, verify.GuardDuty}, []file.Engine{engine, word}, true, file.Clean},
		"GuardDuty alone":                  {verify.Scanners{verify.GuardDuty}, []file.Engine{word}, true, file.Clean},
		"it had not looked at all":         {verify.Scanners{verify.ClamAV, verify.GuardDuty}, []file.Engine{engine, word}, false, file.Flagged},
		"it was not asked then":            {verify.Scanners{verify.ClamAV, verify.GuardDuty}, []file.Engine{engine}, true, ""},
		"it is not asked now":              {verify.Scanners{verify.ClamAV}, []file.Engine{engine, word}, true, file.Clean},
		"no scanner was asked then either": {verify.Scanners{verify.GuardDuty}, nil, true, ""},
	} {
		w := newReady(t)
		w.f.ID, _ = file.NewID()
		w.f.Key = file.Key("alice", w.f.ID)
		w.f.Verdict.Scanners, w.f.Verdict.Coverage.Complete = tt.earlier, tt.complete
		if err := w.Create(t.Context(), w.f); err != nil {
			t.Fatal(err)
		}
		s, x := w.scanner(), w.finisher()
		s.Scanners, x.Scanners = tt.scanners, tt.scanners
		if !tt.scanners.Asks(verify.ClamAV) {
			w.scan = verify.Scan{}
		}
		scan, err := s.Scan(t.Context(), w.rejob())
		if err != nil || scan.Outcome != verify.Passed {
			t.Fatalf("%s: %+v, %v", name, scan, err)
		}
		_, err = x.Ready(t.Context(), w.rejob(), scan.ChecksumSHA256, scan.Verdict)
		v := w.record(t).Verdict
		if renewed := v.CheckedAt.Equal(now); renewed != (tt.outcome != "") || renewed != (err == nil) || renewed && (v.Outcome != tt.outcome || len(v.Scanners) != len(tt.scanners)) {
			t.Errorf("%s: %v, %+v", name, err, v)
		}
	}
}
