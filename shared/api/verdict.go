package api

import (
	"slices"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// Verdict is a verdict as the owner sees it: without the names of signatures
// and the like, by which an attacker would tune a file until it passes.
type Verdict struct {
	Outcome        file.Outcome  `json:"outcome"`
	Checks         []file.Check  `json:"checks"`
	DetectedType   string        `json:"detectedType,omitempty"`
	Findings       []Finding     `json:"findings"`
	Coverage       file.Coverage `json:"coverage"`
	Scanners       []Scanner     `json:"scanners"`
	CheckedAt      string        `json:"checkedAt"` // RFC 3339, UTC
	DurationMillis int64         `json:"durationMillis"`
}

// Finding is a finding as the owner sees it.
type Finding struct {
	Code  file.Reason `json:"code"`
	Where string      `json:"where,omitempty"`
}

// Scanner is a scanner that was asked, and how old its knowledge was.
type Scanner struct {
	Name         string `json:"name"`
	DatabaseDate string `json:"databaseDate,omitempty"` // RFC 3339, UTC
}

func verdictView(v *file.Verdict) *Verdict {
	if v == nil {
		return nil
	}
	view := &Verdict{
		Outcome: v.Outcome, DetectedType: v.DetectedType, Coverage: v.Coverage,
		Checks:   slices.Concat([]file.Check{}, v.Checks), // never null
		Findings: make([]Finding, len(v.Findings)), Scanners: make([]Scanner, len(v.Scanners)),
		CheckedAt: stamp(v.CheckedAt), DurationMillis: v.DurationMillis,
	}
	for i, f := range v.Findings {
		view.Findings[i] = Finding{Code: f.Code, Where: f.Where}
	}
	for i, e := range v.Scanners {
		view.Scanners[i].Name = e.Name
		if !e.DatabaseDate.IsZero() {
			view.Scanners[i].DatabaseDate = e.DatabaseDate.UTC().Format(time.RFC3339)
		}
	}
	return view
}
