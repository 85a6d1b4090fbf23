// Package sharing lets an owner, and whoever manages a file, say who else may do
// what with it. Grants are kept on the record that every call reads, so that one
// which is taken away counts for nothing from the moment the call answers.
package sharing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
)

// Records reads records, and replaces the grants of one.
type Records interface {
	access.Records

	// Share applies s to the record f as file.Sharing says.
	Share(ctx context.Context, f file.File, s file.Sharing) (file.File, error)
}

// Sharer changes and lists the grants of files.
type Sharer struct {
	Records Records
	Now     func() time.Time
}

// Put gives g to its grantee, in place of the grant that it has, and reports
// whether it had none. GrantedBy and GrantedAt are filled in; of ExpiresAt whole
// milliseconds count. A grant that is there already is left as it is.
//
// It returns file.ErrNotFound and file.CodeForbidden as access.Load does, and a
// *file.Error with file.CodeInvalidGrant for a grant that has expired already, that
// is for the owner or the caller, or that would outlast what the caller has;
// file.CodeTooManyGrants; and file.CodeClosed for a file that has expired or was
// deleted.
func (s Sharer) Put(ctx context.Context, p access.Principal, id string, g file.Grant) (granted file.Grant, created bool, err error) {
	g.ExpiresAt = g.ExpiresAt.Truncate(time.Millisecond)
	g.GrantedBy = p.Subject
	err = s.change(ctx, p, id, access.PutGrant, func(f file.File, by access.Standing, live []file.Grant, now time.Time) ([]file.Grant, error) {
		if !slices.Contains(file.Shareable(), f.Status) {
			return nil, &file.Error{
				Code: file.CodeClosed, Status: f.Status,
				Detail: fmt.Sprintf("The file is %s.", f.Status), Accepted: "a file that there is, or is to be",
			}
		}
		if err := check(g, p, f, by, now); err != nil {
			return nil, err
		}
		granted, created = g, true
		granted.GrantedAt = now.Truncate(time.Millisecond)
		if i := find(live, g.Grantee); i >= 0 {
			created = false
			if live[i].Level == g.Level && live[i].ExpiresAt.Equal(g.ExpiresAt) {
				granted = live[i]
				return nil, nil
			}
			live[i] = granted
			return live, nil
		}
		if len(live) >= file.MaxGrants {
			return nil, &file.Error{
				Code: file.CodeTooManyGrants, Detail: fmt.Sprintf("The file has %d grants.", len(live)),
				Accepted: fmt.Sprintf("at most %d; a group takes one", file.MaxGrants),
			}
		}
		return append(live, granted), nil
	})
	return granted, created, err
}

// Remove takes the grant of a grantee away; it is no error that there is none.
// It returns file.ErrNotFound and file.CodeForbidden as access.Load does.
func (s Sharer) Remove(ctx context.Context, p access.Principal, id string, grantee file.Grantee) error {
	return s.change(ctx, p, id, access.DeleteGrant, func(_ file.File, _ access.Standing, live []file.Grant, _ time.Time) ([]file.Grant, error) {
		i := find(live, grantee)
		if i < 0 {
			return nil, nil
		}
		return slices.Delete(live, i, i+1), nil
	})
}

// List returns the grants that count, by the grantee. It returns
// file.ErrNotFound and file.CodeForbidden as access.Load does.
func (s Sharer) List(ctx context.Context, p access.Principal, id string) ([]file.Grant, error) {
	now := s.Now().UTC()
	f, err := access.Load(ctx, s.Records, p, id, access.ListGrants, now)
	if err != nil {
		return nil, err
	}
	return live(f, now), nil
}

// change replaces the grants of a file by what decide makes of those that count;
// where that is nil they stay as they are. decide owns what it is given. What it
// decided by is what the record holds when it is written, and so is who may.
func (s Sharer) change(ctx context.Context, p access.Principal, id string, c access.Call,
	decide func(f file.File, by access.Standing, live []file.Grant, now time.Time) ([]file.Grant, error),
) error {
	doing := "write the grants of file " + id
	return file.Anew(doing, func() error {
		now := s.Now().UTC()
		f, by, err := access.LoadAs(ctx, s.Records, p, id, c, now)
		if err != nil {
			return err
		}
		grants, err := decide(f, by, live(f, now), now)
		if err != nil || grants == nil {
			return err
		}
		if _, err := s.Records.Share(ctx, f, file.Sharing{Grants: grants, Revision: f.Revision, At: now}); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		return nil
	})
}

// live returns the grants of f that count at now, by the grantee. Those that have
// expired are forgotten with the next change.
func live(f file.File, now time.Time) []file.Grant {
	grants := []file.Grant{}
	if !slices.Contains(file.Shareable(), f.Status) {
		return grants
	}
	for _, g := range f.Grants {
		if g.Live(now) {
			grants = append(grants, g)
		}
	}
	return grants
}

func find(grants []file.Grant, grantee file.Grantee) int {
	return slices.IndexFunc(grants, func(g file.Grant) bool { return g.Grantee == grantee })
}

// check says whether p, who is by to f, may give g at now.
func check(g file.Grant, p access.Principal, f file.File, by access.Standing, now time.Time) error {
	refuse := func(field, detail, accepted string) error {
		return &file.Error{Code: file.CodeInvalidGrant, Field: field, Detail: detail, Accepted: accepted}
	}
	_, owner := file.SplitOwner(f.Owner)
	switch {
	case !g.Level.Valid():
		return refuse("level", "There is no such level.", fmt.Sprintf("one of %s, %s", file.Read, file.Manage))
	case !g.Grantee.Type.Valid() || !file.ValidName(g.Grantee.Name) || g.Grantee.Type == file.Group && !access.ValidGroup(g.Grantee.Name):
		return refuse("subject", "That can be nobody's name.", "1 to 256 bytes without control characters; a group's also without spaces and brackets")
	case g.Grantee == file.Grantee{Type: file.Subject, Name: owner}:
		return refuse("subject", "The file is theirs.", "somebody else")
	case g.Grantee == file.Grantee{Type: file.Subject, Name: p.Subject}:
		return refuse("subject", "Nobody gives a grant to themselves.", "somebody else")
	case !g.Live(now):
		return refuse("expiresAt", "It is over already.", "a time to come, or none")
	case !by.Until.IsZero() && (g.ExpiresAt.IsZero() || g.ExpiresAt.After(by.Until)):
		return refuse("expiresAt", "It would outlast your own grant.", "a time until "+by.Until.UTC().Format(time.RFC3339Nano))
	}
	return nil
}
