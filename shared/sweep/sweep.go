// Package sweep ends what events have forgotten: uploads that never arrived,
// arrivals nobody was told of, verifications that got lost, end states that
// nobody was told of, and bytes left over by a deletion. It also deletes files whose
// time is over.
package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/verify"
)

// Records finds and settles what is due.
type Records interface {
	verify.VerdictRecords

	// Due lists up to limit files whose SweepAt is not after now, the longest
	// due first. With an error come those that could be read all the same.
	Due(ctx context.Context, now time.Time, limit int) ([]file.File, error)

	// Overdue returns the ids of up to limit files whose DeleteAt is not after now,
	// the longest overdue first. It may lag behind the records.
	Overdue(ctx context.Context, now time.Time, limit int) ([]string, error)
}

// Objects is what the Sweeper needs of the object store.
type Objects interface {
	verify.Arrivals
	DeleteAll(ctx context.Context, key string) error
}

// Uploads ends every upload in parts under a key, the one with uploadID, which may
// be empty, among them; ending none is no error.
type Uploads interface {
	AbortUploads(ctx context.Context, key, uploadID string) error
}

// Expirer deletes the file with the id if its time is over, and reports whether it
// did: a deletion.Deleter.
type Expirer interface {
	Expire(ctx context.Context, id string) (bool, error)
}

// Sweeper looks after files that are due.
type Sweeper struct {
	Records  Records
	Objects  Objects
	Uploads  Uploads
	Expirer  Expirer
	Starter  verify.Starter
	Finisher verify.Finisher
	Policy   policy.Policy
	Now      func() time.Time

	// Limit is how many files a run lists at a time. It goes on for as long as a list
	// is full and its context leaves it enough; the next run does the rest.
	Limit int

	// AtOnce is how many files that are due it looks after at the same time; 0 is one.
	AtOnce int
}

// Report counts what a run did.
type Report struct {
	Due       int `json:"due"`
	Expired   int `json:"expired"`
	Started   int `json:"started"`
	Restarted int `json:"restarted"`
	GivenUp   int `json:"givenUp"`
	Cleaned   int `json:"cleaned"`
	Announced int `json:"announced"` // end states that had stopped before their event
	Deleted   int `json:"deleted"`   // whose time was over
}

// Sweep looks after the files that are due. It may run twice at once. A file
// that fails does not keep the others from their turn: its error is part of
// the one returned, and it stays due.
func (s Sweeper) Sweep(ctx context.Context) (Report, error) {
	report, failures := s.due(ctx)
	return report, errors.Join(append(failures, s.expire(ctx, &report)...)...)
}

// due looks after the files that are due, page after page. It looks at none twice: the
// index that lists them may be a moment behind what was just written, and what fails
// stays due.
func (s Sweeper) due(ctx context.Context) (report Report, failures []error) {
	seen := map[string]bool{}
	for {
		page, err := s.Records.Due(ctx, s.Now(), s.Limit)
		if err != nil {
			failures = append(failures, fmt.Errorf("find the files that are due: %w", err))
		}
		full := len(page) >= s.Limit
		page = slices.DeleteFunc(page, func(f file.File) bool { return seen[f.ID] })
		for _, f := range page {
			seen[f.ID] = true
		}
		of, failed := s.lookAt(ctx, page)
		report.add(of)
		failures = append(failures, failed...)
		if err != nil || !full || len(page) == 0 || !leaves(ctx, enough) {
			return report, failures
		}
	}
}

// lookAt looks after files, AtOnce of them at the same time.
func (s Sweeper) lookAt(ctx context.Context, files []file.File) (report Report, failures []error) {
	var workers sync.WaitGroup
	var mu sync.Mutex // of report and failures
	next := make(chan file.File)
	for range max(s.AtOnce, 1) {
		workers.Go(func() {
			for f := range next {
				of := Report{Due: 1}
				err := s.look(ctx, f, &of)
				mu.Lock()
				report.add(of)
				if err != nil {
					failures = append(failures, fmt.Errorf("sweep file %s: %w", f.ID, err))
				}
				mu.Unlock()
			}
		})
	}
	for _, f := range files {
		if !leaves(ctx, enough) {
			break
		}
		next <- f
	}
	close(next)
	workers.Wait()
	return report, failures
}

// add adds what of counts.
func (r *Report) add(of Report) {
	r.Due += of.Due
	r.Expired += of.Expired
	r.Started += of.Started
	r.Restarted += of.Restarted
	r.GivenUp += of.GivenUp
	r.Cleaned += of.Cleaned
	r.Announced += of.Announced
	r.Deleted += of.Deleted
}

func (s Sweeper) look(ctx context.Context, f file.File, report *Report) error {
	switch f.Status {
	case file.Pending:
		return s.pending(ctx, f, report)
	case file.Uploaded, file.Verifying:
		return s.unverified(ctx, f, report)
	case file.Ready, file.Rejected:
		return s.unannounced(ctx, f, report)
	}
	// Expired or deleted, and kept due only until no URL can bring bytes any more.
	if err := s.abort(ctx, f); err != nil {
		return err
	}
	if err := s.Objects.DeleteAll(ctx, f.Key); err != nil {
		return err
	}
	report.Cleaned++
	return s.Records.Postpone(ctx, f, time.Time{})
}

// pending ends an upload whose URL is dead, or starts the verification of an
// object whose event never came.
func (s Sweeper) pending(ctx context.Context, f file.File, report *Report) error {
	obj, err := s.Objects.Current(ctx, f.Key)
	if err == nil {
		_, err = s.Starter.Found(ctx, f, obj)
		if err == nil {
			report.Started++
		}
		return err
	}
	if file.CodeOf(err) != file.CodeNotFound {
		return err
	}
	now := s.Now().UTC()
	dead := now
	if f.Method == file.Multipart {
		dead = now.Add(s.Policy.UploadLife) // the URL of a part may be as young as the upload was old
	}
	_, err = s.Records.Change(ctx, f.ID, file.Change{
		To: file.Expired, At: now,
		SweepAt: dead.Add(s.Policy.ArrivalGrace), PurgeAt: now.Add(s.Policy.PurgeAfter),
	})
	if _, moved := file.Conflict(err); moved {
		return nil
	}
	if err != nil {
		return err
	}
	report.Expired++
	return s.abort(ctx, f) // once more when no URL lives: a part on its way may outlive this
}

// abort ends the upload of a file that is sent in parts, and whatever else was
// begun under its key.
func (s Sweeper) abort(ctx context.Context, f file.File) error {
	if f.Method != file.Multipart {
		return nil
	}
	return s.Uploads.AbortUploads(ctx, f.Key, f.UploadID)
}

// unverified restarts a verification that is overdue, and gives up on one that
// was restarted in vain for too long: the file is rejected, never stuck.
func (s Sweeper) unverified(ctx context.Context, f file.File, report *Report) error {
	if s.Now().Sub(f.UploadedAt) > s.Policy.GiveUpAfter {
		_, err := s.Finisher.Rejected(ctx, verify.JobFor(f), file.VerificationFailed, nil)
		if err == nil {
			report.GivenUp++
		}
		return err
	}
	if err := s.Starter.Restart(ctx, f); err != nil {
		return err
	}
	report.Restarted++
	return s.Records.Postpone(ctx, f, s.Now().UTC().Add(s.Policy.VerifyWithin))
}

// unannounced ends what stopped between the record and its event: nobody may
// have been told, and the tag of a rejected version may still say clean.
func (s Sweeper) unannounced(ctx context.Context, f file.File, report *Report) error {
	var err error
	if f.Status == file.Ready {
		err = s.Finisher.Announce(ctx, verify.JobFor(f)) // the tag came before the record
	} else {
		_, err = s.Finisher.Rejected(ctx, verify.JobFor(f), f.Reason, f.Verdict)
	}
	if err == nil {
		report.Announced++
	}
	return err
}
