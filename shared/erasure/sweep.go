package erasure

import (
	"context"
	"path"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// The cursors of a sweep are those of the bucket's own two lists behind these.
const (
	inVersions = "versions:"
	inUploads  = "uploads:"
)

// sweepPage removes a page of what is in the bucket under the owner's prefix, but
// what a record leads to that is still to be deleted, or is under a hold. There
// should be nothing: deletion removes by the record. This is for objects whose record
// is forgotten, or that came by nothing of Vouch.
func (x Eraser) sweepPage(ctx context.Context, e *Erasure) (time.Duration, error) {
	list, cursor := x.Bucket.Versions, strings.TrimPrefix(e.Cursor, inVersions)
	uploads, ofUploads := strings.CutPrefix(e.Cursor, inUploads)
	if ofUploads {
		list, cursor = x.Bucket.Uploads, uploads
	}
	page, next, err := list(ctx, e.Prefix(), cursor)
	if err != nil {
		return 0, err
	}
	removed := make(chan Counts, len(page))
	err = each(ctx, page, func(s Stored) error {
		c, err := x.sweep(ctx, s)
		removed <- c
		return err
	})
	if err != nil {
		return 0, err
	}
	close(removed)
	for c := range removed {
		e.Counts = e.Counts.plus(c)
	}
	switch {
	case next != "" && ofUploads:
		e.Cursor = inUploads + next
	case next != "":
		e.Cursor = inVersions + next
	case !ofUploads:
		e.Cursor = inUploads
	default:
		e.Cursor, e.Phase, e.Looks = "", Proving, 0
		return x.Pause, nil
	}
	return 0, nil
}

func (x Eraser) sweep(ctx context.Context, s Stored) (Counts, error) {
	if id := path.Base(s.Key); file.ValidID(id) {
		f, err := x.Records.Get(ctx, id)
		if err != nil && file.CodeOf(err) != file.CodeNotFound {
			return Counts{}, err
		}
		if err == nil && f.Key == s.Key && (f.Status != file.Deleted || held(f)) {
			return Counts{}, nil
		}
	}
	if s.UploadID != "" {
		return Counts{Uploads: 1}, x.Bucket.AbortUploads(ctx, s.Key, s.UploadID)
	}
	return Counts{Versions: 1}, x.Bucket.DeleteVersion(ctx, s.Key, s.VersionID)
}
