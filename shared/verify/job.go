// Package verify leads a file from arrived bytes to a verdict. Its parts are
// the steps of the workflow in statemachines/verify-file.asl.json: a Starter
// begins it, a Validator compares the object with what was promised, a Scanner
// streams it through the malware scanner, and a Finisher writes the verdict.
// statemachines/rescan-files.asl.json runs the last two again for files that
// are ready, to renew their verdict or to revoke them.
//
// Every step may run twice, late, or after another one has decided: each reads
// the record again and acts only on the object version that is pinned there.
package verify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
)

// Job is the input of the workflow, and what each of its steps is handed. It
// holds no secret and nothing that the steps do not check against the record.
type Job struct {
	FileID    string `json:"fileId"`
	Key       string `json:"key"`
	VersionID string `json:"versionId"`
	ETag      string `json:"etag"`

	// Rescan says that the job is to verify a ready file again. Without it no
	// step touches a ready file, and with it none touches any other.
	Rescan bool `json:"rescan,omitempty"`
}

// JobFor returns the job that verifies the version pinned on f.
func JobFor(f file.File) Job {
	return Job{FileID: f.ID, Key: f.Key, VersionID: f.VersionID, ETag: f.ETag}
}

// ExecutionName returns the workflow execution's name: the same for the same
// file, object version and attempt, so that Step Functions itself refuses to
// run a doubled event twice (StartExecution: names are unique for 90 days, at
// most 80 characters). Attempt 0 is the first.
func (j Job) ExecutionName(attempt int64) string {
	sum := sha256.Sum256([]byte(j.VersionID))
	name := j.FileID + "-" + hex.EncodeToString(sum[:12])
	if attempt > 0 {
		name += "-" + strconv.FormatInt(attempt, 36)
	}
	return name
}

// Outcome is what a step found.
type Outcome string

// The outcomes that the workflow chooses by.
const (
	Passed     Outcome = "passed"     // go on
	Awaiting   Outcome = "awaiting"   // go on once GuardDuty has spoken
	Failed     Outcome = "failed"     // reject, for Result.Reason
	Superseded Outcome = "superseded" // the file has moved on without us: stop
)

// Result is what a step answers the workflow.
type Result struct {
	Outcome Outcome     `json:"outcome"`
	Reason  file.Reason `json:"reason"`

	// ChecksumSHA256 is that of the bytes scanned, in base64; empty until then.
	ChecksumSHA256 string `json:"checksumSHA256"`

	// Verdict is what was found out about the bytes; nil until they are read.
	Verdict *file.Verdict `json:"verdict"`
}

// IfPassed goes on with next only where the step before has passed, or there was none
// (nil). What else that step has decided it hands on, so that the workflow need not
// choose between the two, which costs a state for each file; an outcome that no step
// before can have is an error.
func IfPassed(before *Result, next func() (Result, error)) (Result, error) {
	if before == nil {
		return next()
	}
	switch before.Outcome {
	case Passed:
		return next()
	case Failed, Superseded:
		return *before, nil
	}
	return Result{}, fmt.Errorf("the step before has the outcome %q", before.Outcome)
}

func failed(r file.Reason) Result { return Result{Outcome: Failed, Reason: r} }

// read reads the record of j's file. A file that has no record any more comes
// back as the zero File, which nothing is underway for.
func read(ctx context.Context, records access.Records, j Job) (file.File, error) {
	f, err := records.Get(ctx, j.FileID)
	if file.CodeOf(err) == file.CodeNotFound {
		return file.File{}, nil
	}
	if err != nil {
		return file.File{}, fmt.Errorf("read the record of %s: %w", j.FileID, err)
	}
	return f, nil
}

// about reports whether j is about the object version that f pins.
func about(f file.File, j Job) bool { return f.VersionID == j.VersionID && f.Key == j.Key }

// underway reports whether f still waits for a verdict as j says.
func underway(f file.File, j Job) bool {
	if j.Rescan {
		return about(f, j) && f.Status == file.Ready
	}
	return about(f, j) && (f.Status == file.Uploaded || f.Status == file.Verifying)
}
