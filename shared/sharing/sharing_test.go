package sharing_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/file/filetest"
	"github.com/vouch-s3/vouch/shared/sharing"
)

var now = time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)

var alice, bob, carol = access.Principal{Subject: "alice"}, access.Principal{Subject: "bob"}, access.Principal{Subject: "carol"}

type world struct {
	filetest.Records
	sharing.Sharer
	f file.File
}

func newWorld(t *testing.T, s file.Status, grants ...file.Grant) *world {
	t.Helper()
	id, err := file.NewID()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{f: file.File{ID: id, Owner: "alice", Status: s, Grants: grants, Revision: 1}}
	if err := w.Records.Create(t.Context(), w.f); err != nil {
		t.Fatal(err)
	}
	w.Sharer = sharing.Sharer{Records: &w.Records, Now: func() time.Time { return now }}
	return w
}

func (w *world) now(t *testing.T) file.File {
	t.Helper()
	f, err := w.Get(t.Context(), w.f.ID)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func grant(name string, l file.Level, expires time.Time) file.Grant {
	return file.Grant{Grantee: file.Grantee{Type: file.Subject, Name: name}, Level: l, ExpiresAt: expires}
}

func TestAGrantIsPutOnceAndReplaced(t *testing.T) {
	w := newWorld(t, file.Pending, grant("gone", file.Manage, now))
	put := func(g file.Grant) (file.Grant, bool) {
		t.Helper()
		got, created, err := w.Put(t.Context(), alice, w.f.ID, g)
		if err != nil {
			t.Fatal(err)
		}
		return got, created
	}
	first, created := put(grant("bob", file.Read, now.Add(time.Hour+time.Microsecond)))
	if !created || first.GrantedBy != "alice" || !first.GrantedAt.Equal(now) || !first.ExpiresAt.Equal(now.Add(time.Hour)) {
		t.Errorf("%+v, %v", first, created)
	}
	if f := w.now(t); f.Revision != 2 || len(f.Grants) != 1 {
		t.Errorf("one that has expired is kept: %+v", f)
	}
	if again, created := put(grant("bob", file.Read, now.Add(time.Hour))); created || again != first || w.now(t).Revision != 2 {
		t.Errorf("the same again: %+v, %v, revision %d", again, created, w.now(t).Revision)
	}
	if other, created := put(grant("bob", file.Manage, time.Time{})); created || other.Level != file.Manage || w.now(t).Revision != 3 || len(w.now(t).Grants) != 1 {
		t.Errorf("another: %+v, %v", other, created)
	}
	if _, created := put(grant("gone", file.Read, time.Time{})); !created {
		t.Error("one that had expired was there")
	}
	for range 2 {
		if err := w.Remove(t.Context(), alice, w.f.ID, file.Grantee{Type: file.Subject, Name: "bob"}); err != nil {
			t.Error(err)
		}
	}
	if left, err := w.List(t.Context(), alice, w.f.ID); err != nil || len(left) != 1 || left[0].Grantee.Name != "gone" || w.now(t).Revision != 5 {
		t.Errorf("%+v, %v, revision %d", left, err, w.now(t).Revision)
	}
}

func TestNobodyGivesWhatTheyDoNotHave(t *testing.T) {
	hour := now.Add(time.Hour)
	group := func(name string) file.Grant {
		return file.Grant{Grantee: file.Grantee{Type: file.Group, Name: name}, Level: file.Read}
	}
	for name, tt := range map[string]struct {
		by   access.Principal
		put  file.Grant
		want file.Code
	}{
		"a manager, as long as theirs":          {bob, grant("dave", file.Manage, hour), ""},
		"a manager, shorter":                    {bob, grant("dave", file.Read, now.Add(time.Minute)), ""},
		"a manager, longer":                     {bob, grant("dave", file.Read, hour.Add(time.Millisecond)), file.CodeInvalidGrant},
		"a manager, for ever":                   {bob, grant("dave", file.Read, time.Time{}), file.CodeInvalidGrant},
		"a manager, to themselves":              {bob, grant("bob", file.Manage, hour), file.CodeInvalidGrant},
		"a manager, to the owner":               {bob, grant("alice", file.Read, hour), file.CodeInvalidGrant},
		"a manager of no end, through a group":  {access.Principal{Subject: "bob", Groups: []string{"staff"}}, grant("dave", file.Read, time.Time{}), ""},
		"a reader":                              {carol, grant("dave", file.Read, hour), file.CodeForbidden},
		"a stranger":                            {access.Principal{Subject: "dave"}, grant("dave", file.Read, hour), file.CodeNotFound},
		"the owner of another tenant":           {access.Principal{Subject: "alice", Tenant: "acme"}, grant("dave", file.Read, hour), file.CodeNotFound},
		"the owner, to themselves":              {alice, grant("alice", file.Read, time.Time{}), file.CodeInvalidGrant},
		"the owner, until now":                  {alice, grant("dave", file.Read, now), file.CodeInvalidGrant},
		"the owner, no level":                   {alice, grant("dave", "own", time.Time{}), file.CodeInvalidGrant},
		"the owner, nobody":                     {alice, grant("", file.Read, time.Time{}), file.CodeInvalidGrant},
		"the owner, a control character":        {alice, grant("da\nve", file.Read, time.Time{}), file.CodeInvalidGrant},
		"the owner, a group":                    {alice, group("alice"), ""},
		"the owner, a group that is a list":     {alice, group("a b"), file.CodeInvalidGrant},
		"the owner, a group with a bracket":     {alice, group("a]"), file.CodeInvalidGrant},
		"the owner, one called as another type": {alice, grant("group:staff", file.Read, time.Time{}), ""},
	} {
		staff := group("staff")
		staff.Level = file.Manage
		w := newWorld(t, file.Ready, grant("bob", file.Manage, hour), grant("carol", file.Read, time.Time{}), staff)
		_, created, err := w.Put(t.Context(), tt.by, w.f.ID, tt.put)
		if file.CodeOf(err) != tt.want || (tt.want == "") != (err == nil) || created != (err == nil) || (len(w.now(t).Grants) == 4) != (err == nil) {
			t.Errorf("%s: %v, %v", name, created, err)
		}
	}
}

func TestNoGrantIsPutOnAFileThatHasEnded(t *testing.T) {
	for _, s := range file.Statuses() {
		w := newWorld(t, s, grant("bob", file.Manage, time.Time{}))
		ended := s == file.Expired || s == file.Deleted
		_, _, err := w.Put(t.Context(), alice, w.f.ID, grant("dave", file.Read, time.Time{}))
		if (file.CodeOf(err) == file.CodeClosed) != ended || (err == nil) == ended {
			t.Errorf("%s: %v", s, err)
		}
		listed, err := w.List(t.Context(), alice, w.f.ID)
		if err != nil || (len(listed) == 0) != ended {
			t.Errorf("%s: %+v, %v", s, listed, err)
		}
		if err := w.Remove(t.Context(), alice, w.f.ID, file.Grantee{Type: file.Subject, Name: "bob"}); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestAFileHasAtMostAHundredGrants(t *testing.T) {
	var grants []file.Grant
	for i := range file.MaxGrants {
		grants = append(grants, grant(fmt.Sprint("u", i), file.Read, time.Time{}))
	}
	w := newWorld(t, file.Ready, append(slices.Clone(grants), grant("expired", file.Read, now))...)
	if _, _, err := w.Put(t.Context(), alice, w.f.ID, grant("dave", file.Read, time.Time{})); file.CodeOf(err) != file.CodeTooManyGrants {
		t.Errorf("one more: %v", err)
	}
	if _, created, err := w.Put(t.Context(), alice, w.f.ID, grant("u7", file.Manage, time.Time{})); err != nil || created {
		t.Errorf("another in place of one: %v", err)
	}
	w = newWorld(t, file.Ready, append(grants[1:], grant("expired", file.Read, now))...)
	if _, _, err := w.Put(t.Context(), alice, w.f.ID, grant("dave", file.Read, time.Time{})); err != nil {
		t.Errorf("where one has expired: %v", err)
	}
}

// Between the read that a change is decided by and its write, the record may have
// become another: then it is decided anew.
func TestAManagerWhoIsRevokedMeanwhileDoesNotGetTheirGrantThrough(t *testing.T) {
	w := newWorld(t, file.Ready, grant("bob", file.Manage, time.Time{}))
	w.BeforeShare = func(id string, s file.Sharing) error {
		w.BeforeShare = nil
		return w.Remove(t.Context(), alice, id, file.Grantee{Type: file.Subject, Name: "bob"})
	}
	if _, _, err := w.Put(t.Context(), bob, w.f.ID, grant("dave", file.Manage, time.Time{})); !errors.Is(err, file.ErrNotFound) || len(w.now(t).Grants) != 0 {
		t.Errorf("%v, and the grants are %+v", err, w.now(t).Grants)
	}
}

func TestTwoGrantsAtOnceAreBothKept(t *testing.T) {
	w := newWorld(t, file.Ready)
	w.BeforeShare = func(id string, s file.Sharing) error {
		w.BeforeShare = nil
		_, _, err := w.Put(t.Context(), alice, id, grant("carol", file.Read, time.Time{}))
		return err
	}
	if _, _, err := w.Put(t.Context(), alice, w.f.ID, grant("bob", file.Read, time.Time{})); err != nil || len(w.now(t).Grants) != 2 {
		t.Errorf("%v, and the grants are %+v", err, w.now(t).Grants)
	}
	w.BeforeShare = func(string, file.Sharing) error { return &file.ConflictError{Current: w.f} }
	if _, _, err := w.Put(t.Context(), alice, w.f.ID, grant("dave", file.Read, time.Time{})); err == nil || file.CodeOf(err) != "" {
		t.Errorf("a record that never rests: %v", err)
	}
}
