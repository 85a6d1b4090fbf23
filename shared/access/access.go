// Package access decides who may do what. Every call that names a file goes
// through Load, which reads its record once and asks Decide, so that a file of
// somebody else and a file that never was are one and the same answer. Decide is
// pure, and its rules are one table.
package access

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"slices"
	"time"

	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/file"
)

// Call is what somebody wants to do with a file.
type Call string

// The calls.
const (
	See          Call = "see"           // what became of it
	Download     Call = "download"      // a URL to its bytes
	Send         Call = "send"          // its bytes: URLs of parts, which parts are there, and that they are all sent
	Delete       Call = "delete"        // the file and its bytes
	SetRetention Call = "set-retention" // how long it is kept
	ListGrants   Call = "list-grants"   // who else may do what
	PutGrant     Call = "put-grant"     // let somebody do something
	DeleteGrant  Call = "delete-grant"  // and no longer
	History      Call = "history"       // who did what with it, and who was denied
)

// Calls lists every call.
func Calls() []Call {
	return []Call{See, Download, Send, Delete, SetRetention, ListGrants, PutGrant, DeleteGrant, History}
}

// Relation is what somebody is to a file.
type Relation string

// The relations, of which the later ones may do more. A grant gives its level.
const (
	None   Relation = "none"
	Read   Relation = Relation(file.Read)
	Manage Relation = Relation(file.Manage)
	Owner  Relation = "owner"
)

// Relations lists every relation, those who may do less first.
func Relations() []Relation { return []Relation{None, Read, Manage, Owner} }

// rules is the one table of who may do what: for each call, who is to the file
// at least what. docs/access.md says why, and a test holds it to this.
var rules = map[Call]Relation{
	See:          Read,
	Download:     Read,
	Delete:       Manage,
	SetRetention: Manage,
	ListGrants:   Manage,
	PutGrant:     Manage,
	DeleteGrant:  Manage,
	Send:         Owner,
	History:      Owner,
}

// Allows reports whether whoever is r to a file may make the call c. A call that
// is not in the table is nobody's.
func Allows(r Relation, c Call) bool {
	least, ok := rules[c]
	return ok && slices.Index(Relations(), r) >= slices.Index(Relations(), least)
}

// Standing is what somebody is to a file, and for how long.
type Standing struct {
	Relation Relation
	Until    time.Time // when the grant that gives it ends; the zero time for never
}

// Of returns what p is to f at now. An owner is one of the same tenant and
// subject. Of several grants the strongest counts, and of equally strong ones the
// one that lasts longest. Whoever is of another tenant is nothing to the file, and
// so is every grantee of a file that has expired or was deleted.
func Of(p Principal, f file.File, now time.Time) Standing {
	tenant, subject := file.SplitOwner(f.Owner)
	if p.Subject == "" || !same(p.Tenant, tenant) {
		return Standing{Relation: None}
	}
	if same(p.Subject, subject) {
		return Standing{Relation: Owner}
	}
	best := Standing{Relation: None}
	if !slices.Contains(file.Shareable(), f.Status) {
		return best
	}
	for _, g := range f.Grants {
		if g.Level.Valid() && g.Live(now) && p.is(g.Grantee) {
			best = stronger(best, Standing{Relation(g.Level), g.ExpiresAt})
		}
	}
	return best
}

// stronger returns the one of a and b that allows more, or as much for longer.
func stronger(a, b Standing) Standing {
	order := slices.Index(Relations(), a.Relation) - slices.Index(Relations(), b.Relation)
	if order > 0 || order == 0 && (a.Until.IsZero() || !b.Until.IsZero() && a.Until.After(b.Until)) {
		return a
	}
	return b
}

// Decide returns what p is to f at now, if p may make the call. It returns
// file.ErrNotFound to whoever may not even see f, and a *file.Error with
// file.CodeForbidden to whoever may see it, and so learns nothing by that.
func Decide(p Principal, f file.File, c Call, now time.Time) (Standing, error) {
	s := Of(p, f, now)
	switch {
	case !Allows(s.Relation, See):
		return Standing{Relation: None}, file.ErrNotFound
	case !Allows(s.Relation, c):
		return Standing{Relation: None}, &file.Error{
			Code: file.CodeForbidden, Detail: "You may see this file, but not do this with it.",
			Accepted: "a call that your access to the file allows; GET /files/{id} says which access that is",
		}
	}
	return s, nil
}

// Records reads a record by its id and returns file.ErrNotFound when there is none.
// Who is refused is noted in its trail.
type Records interface {
	Get(ctx context.Context, id string) (file.File, error)
	audit.Trail
}

// Load returns the file with the id if p may make the call c on it at now. It
// returns file.ErrNotFound when there is no such file, when p may not know of it,
// when the id has not the form of one, and when p has no subject; and otherwise
// refuses as Decide does. Whatever it refuses about an id that may be one is noted
// in the trail, in the same way whether or not there is such a file.
func Load(ctx context.Context, records Records, p Principal, id string, c Call, now time.Time) (file.File, error) {
	f, _, err := LoadAs(ctx, records, p, id, c, now)
	return f, err
}

// LoadAs is Load for whoever also has to know what p is to the file.
func LoadAs(ctx context.Context, records Records, p Principal, id string, c Call, now time.Time) (file.File, Standing, error) {
	if p.Subject == "" || !file.ValidID(id) {
		return file.File{}, Standing{}, file.ErrNotFound
	}
	f, err := records.Get(ctx, id)
	var s Standing
	if err == nil {
		s, err = Decide(p, f, c, now)
	}
	if code := file.CodeOf(err); code == file.CodeNotFound || code == file.CodeForbidden {
		deny(ctx, records, id, c, code, now)
	}
	if err != nil {
		return file.File{}, Standing{}, err
	}
	return f, s, nil
}

// deny notes that a call was refused. It is refused no less where that cannot be
// noted.
func deny(ctx context.Context, trail audit.Trail, id string, c Call, code file.Code, now time.Time) {
	e, err := audit.Refused(ctx, id, string(c), code, now)
	if err == nil {
		err = trail.Note(ctx, e)
	}
	if err != nil {
		slog.ErrorContext(ctx, "a denial is not in the trail", "fileId", id, "call", string(c), "code", string(code), "error", err.Error())
	}
}

// same compares two names in constant time.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
