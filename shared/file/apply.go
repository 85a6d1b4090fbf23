package file

import (
	"cmp"
	"time"
)

// Allows reports whether c may be applied to f as f stands. A file on hold is not
// deleted, whoever asks.
func (f File) Allows(c Change) bool {
	return f.Status.CanBecome(c.To) &&
		(c.To != Deleted || f.Hold == nil) &&
		(c.IfRevision == 0 || c.IfRevision == f.Revision) &&
		(c.IfStatus == "" || c.IfStatus == f.Status) &&
		(c.IfVersion == "" || c.IfVersion == f.VersionID)
}

// After returns what c makes of f.
func (f File) After(c Change) File {
	f.Status, f.UpdatedAt, f.SweepAt = c.To, c.At, c.SweepAt
	f.Revision++
	if c.Object != nil {
		f.VersionID, f.ETag, f.UploadedAt = c.Object.VersionID, c.Object.ETag, c.At
	}
	f.Size = cmp.Or(c.Size, f.Size)
	f.ContentType = cmp.Or(c.ContentType, f.ContentType)
	f.ChecksumSHA256 = cmp.Or(c.ChecksumSHA256, f.ChecksumSHA256)
	f.Reason = cmp.Or(c.Reason, f.Reason)
	f.Verdict = cmp.Or(c.Verdict, f.Verdict)
	f.Receipt = cmp.Or(c.Receipt, f.Receipt)
	if c.To != Ready {
		f.Receipt = ""
	}
	f.Discarded = f.Discarded || c.Discard && f.Hold == nil
	if c.To == Deleted {
		f.Grants = nil
	}
	return f
}

// Tombstone returns what is left of f when everything that tells of its owner or of
// its bytes is taken away: that there was a file with this id, deleted, under a key
// in which the owner is a hash. It takes in what comes late, such as an event of an
// upload, and has nobody's name on it. f must be deleted.
func (f File) Tombstone(at time.Time) File {
	return File{
		ID: f.ID, Status: f.Status, Method: f.Method, Key: f.Key,
		CreatedAt: f.CreatedAt, UpdatedAt: at, UploadExpiresAt: f.UploadExpiresAt,
		Revision: f.Revision + 1,
	}
}
