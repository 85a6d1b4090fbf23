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

// ready keeps a file of alice's that is ready until the time.
func ready(t *testing.T, until time.Time) (*store, deletion.Deleter) {
	t.Helper()
	id, err := file.NewID()
	if err != nil {
		t.Fatal(err)
	}
	s := &store{Records: &filetest.Records{}, id: id}
	if err := s.Create(t.Context(), file.File{ID: id, Owner: "alice", Status: file.Ready, Key: file.Key("alice", id), ExpiresAt: until, Revision: 1}); err != nil {
		t.Fatal(err)
	}
	return s, deletion.Deleter{Records: s, Objects: s, Uploads: s, Policy: policy.Default(), Now: func() time.Time { return now }}
}

// hold puts the file on hold, or takes the hold off.
func (s *store) hold(t *testing.T, h *file.Hold) {
	t.Helper()
	f, err := s.Get(t.Context(), s.id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Hold(t.Context(), f, file.Holding{Hold: h, Revision: f.Revision, At: now}); err != nil {
		t.Fatal(err)
	}
}

func (s *store) status(t *testing.T) file.Status {
	t.Helper()
	f, err := s.Get(t.Context(), s.id)
	if err != nil {
		t.Fatal(err)
	}
	return f.Status
}

func TestAFileOnHoldIsDeletedByNobody(t *testing.T) {
	s, d := ready(t, now)
	s.hold(t, &file.Hold{Reason: "a lawsuit", At: now})
	if err := d.Delete(t.Context(), access.Principal{Subject: "alice"}, s.id); file.CodeOf(err) != file.CodeOnHold {
		t.Errorf("its owner: %v", err)
	}
	if done, err := d.Expire(t.Context(), s.id); done || err != nil {
		t.Errorf("its time: %v, %v", done, err)
	}
	if len(s.done) != 0 || s.status(t) != file.Ready {
		t.Errorf("%v of a file that is %s", s.done, s.status(t))
	}
	s.hold(t, nil)
	if done, err := d.Expire(t.Context(), s.id); !done || err != nil || s.status(t) != file.Deleted || len(s.done) != 1 {
		t.Errorf("released: %v, %v, %s, %v", done, err, s.status(t), s.done)
	}
}

// A hold that comes between what a deletion reads and what it writes stops it, and
// no byte is removed; so does a longer time, of a deletion by the end of the time.
func TestWhatIsWrittenMeanwhileStopsADeletion(t *testing.T) {
	for name, tt := range map[string]struct {
		meanwhile func(*testing.T, *store)
		deletes   bool // by its owner
	}{
		"a hold": {func(t *testing.T, s *store) { s.hold(t, &file.Hold{Reason: "a lawsuit", At: now}) }, false},
		"a longer time": {func(t *testing.T, s *store) {
			f, err := s.Get(t.Context(), s.id)
			if err == nil {
				_, err = s.Retain(t.Context(), f, file.Retention{ExpiresAt: now.Add(time.Hour), Revision: f.Revision, At: now})
			}
			if err != nil {
				t.Fatal(err)
			}
		}, true},
	} {
		for _, owner := range []bool{true, false} {
			s, d := ready(t, now)
			s.BeforeChange = func(string, file.Change) error {
				s.BeforeChange = nil
				tt.meanwhile(t, s)
				return nil
			}
			want := file.Ready
			if owner {
				if err := d.Delete(t.Context(), access.Principal{Subject: "alice"}, s.id); (err == nil) != tt.deletes {
					t.Errorf("%s: %v", name, err)
				}
				if tt.deletes {
					want = file.Deleted
				}
			} else if done, err := d.Expire(t.Context(), s.id); done || err != nil {
				t.Errorf("%s: %v, %v", name, done, err)
			}
			if s.status(t) != want || (want == file.Ready) != (len(s.done) == 0) {
				t.Errorf("%s, owner %v: %s, %v", name, owner, s.status(t), s.done)
			}
		}
	}
}

func TestNothingIsDeletedBeforeItsTime(t *testing.T) {
	for _, until := range []time.Time{{}, now.Add(time.Millisecond)} {
		s, d := ready(t, until)
		if done, err := d.Expire(t.Context(), s.id); done || err != nil || len(s.done) != 0 {
			t.Errorf("%v: %v, %v, %v", until, done, err, s.done)
		}
	}
	s, d := ready(t, now)
	for i := range 2 {
		if done, err := d.Expire(t.Context(), s.id); done != (i == 0) || err != nil {
			t.Errorf("%d: %v, %v", i, done, err)
		}
	}
	if done, err := d.Expire(t.Context(), "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"); done || err != nil {
		t.Errorf("a file without a record: %v, %v", done, err)
	}
}
