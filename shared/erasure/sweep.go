package erasure

import (
	"context"
	"path"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// The lists of a sweep, in their order. A cursor is the name of the list and, behind
// it, the list's own.
const (
	ofVersions = "versions:"
	ofUploads  = "uploads:"
	ofEvents   = "events:"
)

// sweepPage removes a page of what the records have not led to: first versions in the
// bucket, then uploads in parts, which came after their file was deleted, or whose
// record is forgotten; then events of files whose records are. What a record leads to
// that is still to be deleted, or is under a hold, is left.
func (x Eraser) sweepPage(ctx context.Context, e *Erasure) (time.Duration, error) {
	list, cursor := ofVersions, ""
	for _, l := range []string{ofVersions, ofUploads, ofEvents} {
		if c, ok := strings.CutPrefix(e.Cursor, l); ok {
			list, cursor = l, c
		}
	}
	var removed Counts
	var err error
	switch list {
	case ofVersions:
		removed, cursor, err = x.sweepBucket(ctx, x.Bucket.Versions, e.Prefix(), cursor)
	case ofUploads:
		removed, cursor, err = x.sweepBucket(ctx, x.Bucket.Uploads, e.Prefix(), cursor)
	default:
		removed, cursor, err = x.sweepEvents(ctx, e.Owner, cursor)
	}
	if err != nil {
		return 0, err
	}
	e.Counts = e.Counts.plus(removed)
	switch {
	case cursor != "":
		e.Cursor = list + cursor
	case list == ofVersions:
		e.Cursor = ofUploads
	case list == ofUploads:
		e.Cursor = ofEvents
	default:
		e.Cursor, e.Phase, e.Looks = "", Proving, 0
		return x.Pause, nil
	}
	return 0, nil
}

// sweepBucket removes a page of a list of the bucket.
func (x Eraser) sweepBucket(ctx context.Context, list stored, prefix, cursor string) (Counts, string, error) {
	page, next, err := list(ctx, prefix, cursor)
	if err != nil {
		return Counts{}, "", err
	}
	removed, err := counted(ctx, page, func(s Stored) (Counts, error) {
		if left, err := x.left(ctx, path.Base(s.Key), func(f file.File) bool { return f.Key == s.Key }); left || err != nil {
			return Counts{}, err
		}
		if s.UploadID != "" {
			return Counts{Uploads: 1}, x.Bucket.AbortUploads(ctx, s.Key, s.UploadID)
		}
		return Counts{Versions: 1}, x.Bucket.DeleteVersion(ctx, s.Key, s.VersionID)
	})
	return removed, next, err
}

// sweepEvents removes a page of the events of an owner's files.
func (x Eraser) sweepEvents(ctx context.Context, owner, cursor string) (Counts, string, error) {
	page, next, err := x.Histories.Naming(ctx, owner, cursor, PageSize)
	if err != nil {
		return Counts{}, "", err
	}
	removed, err := counted(ctx, page, func(e Event) (Counts, error) {
		if left, err := x.left(ctx, e.FileID, func(f file.File) bool { return f.Owner == owner }); left || err != nil {
			return Counts{}, err
		}
		return Counts{Events: 1}, x.Histories.Remove(ctx, e)
	})
	return removed, next, err
}

// left reports whether what was found is to be left for now: it is of the file with
// the id, which is under a hold or not yet deleted.
func (x Eraser) left(ctx context.Context, id string, is func(file.File) bool) (bool, error) {
	if !file.ValidID(id) {
		return false, nil
	}
	f, err := x.Records.Get(ctx, id)
	if file.CodeOf(err) == file.CodeNotFound {
		return false, nil
	}
	return err == nil && is(f) && (f.Status != file.Deleted || held(f)), err
}
