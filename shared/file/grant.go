package file

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxGrants is how many grants a file may have at a time. They are kept on its
// record, which every call on the file reads, and at their longest take some
// 60 KB of the 400 KB that DynamoDB lets a record have.
const MaxGrants = 100

// MaxNameBytes is the longest name of a subject, a tenant or a group, in bytes of
// UTF-8. OpenID Connect Core 1.0, section 2, gives a subject 255.
const MaxNameBytes = 256

// ValidName reports whether s can be the name of a subject, a tenant or a group:
// 1 to MaxNameBytes bytes of UTF-8 without control characters.
func ValidName(s string) bool {
	return s != "" && len(s) <= MaxNameBytes && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// Level is how much a grant allows.
type Level string

// The levels. Package access has the table of what each allows.
const (
	Read   Level = "read"
	Manage Level = "manage"
)

// Levels lists every level, the weaker first.
func Levels() []Level { return []Level{Read, Manage} }

// Valid reports whether l is one of Levels.
func (l Level) Valid() bool { return slices.Contains(Levels(), l) }

// GranteeType says what a grantee's name is the name of.
type GranteeType string

// The types of grantees.
const (
	Subject GranteeType = "subject" // one person, by the owner claim of the token
	Group   GranteeType = "group"   // whoever has it in the groups claim
)

// GranteeTypes lists every type.
func GranteeTypes() []GranteeType { return []GranteeType{Subject, Group} }

// Valid reports whether t is one of GranteeTypes.
func (t GranteeType) Valid() bool { return slices.Contains(GranteeTypes(), t) }

// Grantee is whom a grant is for, within the tenant of the file's owner.
type Grantee struct {
	Type GranteeType
	Name string
}

// String writes a grantee as ParseGrantee reads it: its type, a colon and its
// name. No type holds a colon, so that no name, whatever it begins with, makes
// two grantees one.
func (g Grantee) String() string { return string(g.Type) + ":" + g.Name }

// ParseGrantee reads what String writes, and reports whether s is that.
func ParseGrantee(s string) (Grantee, bool) {
	kind, name, ok := strings.Cut(s, ":")
	g := Grantee{GranteeType(kind), name}
	return g, ok && g.Type.Valid() && ValidName(name)
}

// Grant lets somebody other than the owner do something with a file.
type Grant struct {
	Grantee   Grantee
	Level     Level
	ExpiresAt time.Time // from then on it counts for nothing; the zero time for never
	GrantedBy string    // the subject who gave it
	GrantedAt time.Time
}

// Live reports whether g counts at now.
func (g Grant) Live(now time.Time) bool { return g.ExpiresAt.IsZero() || now.Before(g.ExpiresAt) }

// Sharing is a file's grants as they are to be from now on. It is no Change,
// since no status follows another: a store applies it only to a record that still
// has this Revision and is neither expired nor deleted, and otherwise fails with a
// *ConflictError that carries the record as it stands. So whoever decided by the
// record that was read has decided by the one that is written.
type Sharing struct {
	Grants   []Grant
	Revision int64
	At       time.Time
}

// AllowsSharing reports whether s, which was decided by some revision of the record,
// can be applied to f.
func (f File) AllowsSharing(s Sharing) bool {
	return f.Revision == s.Revision && slices.Contains(Shareable(), f.Status)
}

// Shared is f with s applied.
func (f File) Shared(s Sharing) File {
	f.Grants, f.UpdatedAt = slices.Clone(s.Grants), s.At
	f.Revision++
	return f
}

// Shareable lists the statuses in which a file's grants count and may be changed.
func Shareable() []Status {
	return []Status{Pending, Uploaded, Verifying, Ready, Rejected}
}
