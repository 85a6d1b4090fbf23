package deletion_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/deletion"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/file/filetest"
	"github.com/vouch-s3/vouch/shared/policy"
)

var now = time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)

// store remembers what it is asked to remove, and how the record stood then.
type store struct {
	*filetest.Records
	id    string
	done  []string
	fault error
}

func (s *store) remove(ctx context.Context, what string) error {
	f, err := s.Get(ctx, s.id)
	if err != nil {
		return err
	}
	s.done = append(s.done, what+" of a file that is "+string(f.Status))
	return s.fault
}

func (s *store) AbortUploads(ctx context.Context, _, _ string) error { return s.remove(ctx, "uploads") }

func (s *store) DeleteAll(ctx context.Context, _ string) error { return s.remove(ctx, "versions") }

// The record comes first, so that no URL is given out from then on; then the
// upload, so that no object comes of it; then the objects.
func TestADeletionEndsTheUploadBeforeItRemovesTheBytes(t *testing.T) {
	p := policy.Default()
	for _, tt := range []struct {
		method file.Method
		done   []string
		sweep  time.Time
	}{
		{file.Put, []string{"versions of a file that is deleted"}, now.Add(time.Minute + p.ArrivalGrace)},
		{file.Form, []string{"versions of a file that is deleted"}, now.Add(time.Minute + p.ArrivalGrace)},
		// The upload may live for days, but no part's URL does.
		{file.Multipart, []string{"uploads of a file that is deleted", "versions of a file that is deleted"}, now.Add(p.UploadLife + p.ArrivalGrace)},
	} {
		id, err := file.NewID()
		if err != nil {
			t.Fatal(err)
		}
		s := &store{Records: &filetest.Records{}, id: id}
		f := file.File{ID: id, Owner: "alice", Method: tt.method, Status: file.Pending, Key: file.Key("alice", id), UploadExpiresAt: now.Add(time.Minute)}
		if tt.method == file.Multipart {
			f.UploadExpiresAt = now.Add(p.Multipart.Life)
		}
		if err := s.Create(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		d := deletion.Deleter{Records: s, Objects: s, Uploads: s, Policy: p, Now: func() time.Time { return now }}
		if err := d.Delete(t.Context(), access.Principal{Subject: "mallory"}, id); file.CodeOf(err) != file.CodeNotFound || len(s.done) != 0 {
			t.Errorf("%s: another's deletion: %v, %v", tt.method, err, s.done)
		}
		s.fault = errors.New("throttled")
		if err := d.Delete(t.Context(), access.Principal{Subject: "alice"}, id); !errors.Is(err, s.fault) || !slices.Equal(s.done, tt.done[:1]) {
			t.Errorf("%s: %v, %v", tt.method, err, s.done)
		}
		got, err := s.Get(t.Context(), id)
		if err != nil || got.Status != file.Deleted || !got.SweepAt.Equal(tt.sweep) {
			t.Errorf("%s: %+v, %v", tt.method, got, err)
		}
		s.fault, s.done = nil, nil
		if err := d.Delete(t.Context(), access.Principal{Subject: "alice"}, id); err != nil || !slices.Equal(s.done, tt.done) {
			t.Errorf("%s, again: %v, %v", tt.method, err, s.done)
		}
	}
}
