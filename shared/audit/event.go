// Package audit is the trail of what is done to files: who did what to which
// file, when, and in which request, and who was denied it. Its events are kept
// with what they tell of (package dynamo), so that neither is ever there without
// the other. docs/audit.md says what is in the trail and what is not.
package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// Action is what was done, or tried.
type Action string

// The actions.
const (
	UploadPresigned   Action = "upload-presigned"   // a URL or form that takes the bytes of a file
	PartsPresigned    Action = "parts-presigned"    // URLs that take parts
	DownloadPresigned Action = "download-presigned" // a URL that gives the bytes
	StatusChanged     Action = "status-changed"     // the record has become Status, be it by being made
	GrantPut          Action = "grant-put"
	GrantRemoved      Action = "grant-removed"
	RetentionSet      Action = "retention-set" // ExpiresAt is when the file ends
	HoldPlaced        Action = "hold-placed"
	HoldReleased      Action = "hold-released"
	AccessDenied      Action = "access-denied" // Reason is the code of the refusal
)

// members is the one table of the actions, and of the members of an Event that each
// has of its own. An event has no other; that it has all of them is not asked.
var members = []struct {
	Action Action
	Of     []string
}{
	{UploadPresigned, []string{"expiresAt", "urls"}},
	{PartsPresigned, []string{"expiresAt", "urls"}},
	{DownloadPresigned, []string{"expiresAt", "urls"}},
	{StatusChanged, []string{"status", "reason"}}, // the reason of a rejection
	{GrantPut, []string{"grantee", "level", "expiresAt"}},
	{GrantRemoved, []string{"grantee"}},
	{RetentionSet, []string{"expiresAt"}},
	{HoldPlaced, []string{"reason"}},
	{HoldReleased, []string{"reason"}},
	{AccessDenied, []string{"call", "reason"}},
}

// Actions lists every action.
func Actions() []Action {
	all := make([]Action, len(members))
	for i, m := range members {
		all[i] = m.Action
	}
	return all
}

// Members lists the members of an event that a has of its own, by their names in
// JSON.
func (a Action) Members() []string {
	for _, m := range members {
		if m.Action == a {
			return slices.Clone(m.Of)
		}
	}
	return nil
}

// Valid reports whether a is one of Actions.
func (a Action) Valid() bool { return slices.Contains(Actions(), a) }

// Outcome is what came of an action.
type Outcome string

// The outcomes.
const (
	Done   Outcome = "done"
	Denied Outcome = "denied"
)

// Outcomes lists every outcome.
func Outcomes() []Outcome { return []Outcome{Done, Denied} }

// Valid reports whether o is one of Outcomes.
func (o Outcome) Valid() bool { return slices.Contains(Outcomes(), o) }

// Event is one thing that was done to a file, or that somebody was denied. It has
// no member for a URL, a signature, a token, a checksum or a filename: what is
// not in it cannot leak from it.
type Event struct {
	// ID is a UUIDv7 (RFC 9562): the events of a file sort by it, as the clocks of
	// those who acted stood.
	ID string

	At      time.Time // in whole milliseconds
	Actor   Actor
	Action  Action
	Outcome Outcome

	// FileID is the file's id; of a denial it may be that of no file.
	FileID string

	// Owner is the file's owner as its record has it (file.SplitOwner). It is
	// empty of a denial, which says nothing of whether there is such a file.
	Owner string

	// VersionID is the object version that the record pins, if it does.
	VersionID string

	Status    file.Status
	Reason    string // a file.Reason, the code of a refusal, or why a hold was placed
	Call      string // an access.Call
	Grantee   file.Grantee
	Level     file.Level
	ExpiresAt time.Time // of a URL, a grant or a retention; the zero time for never
	URLs      int       // how many were given out
}

// errNobody says that an event cannot be kept, and so what it tells of not done.
var errNobody = errors.New("nobody acts in this context (audit.With)")

// Of returns the event that whoever acts in ctx has done a to f at the time. What
// else the action has is the caller's to fill in.
func Of(ctx context.Context, f file.File, a Action, at time.Time) (Event, error) {
	e, err := begin(ctx, f.ID, a, at)
	e.Owner, e.VersionID = f.Owner, f.VersionID
	return e, err
}

func begin(ctx context.Context, fileID string, a Action, at time.Time) (Event, error) {
	by, ok := By(ctx)
	if !ok {
		return Event{}, fmt.Errorf("make the event %s of file %s: %w", a, fileID, errNobody)
	}
	id, err := file.NewID()
	if err != nil {
		return Event{}, fmt.Errorf("make the event %s of file %s: %w", a, fileID, err)
	}
	return Event{ID: id, At: at.UTC().Truncate(time.Millisecond), Actor: by, Action: a, Outcome: Done, FileID: fileID}, nil
}

// Check returns an error unless e is one that may be kept.
func (e Event) Check() error {
	switch {
	case !file.ValidID(e.ID) || !file.ValidID(e.FileID):
		return fmt.Errorf("the event %q of file %q: that is no id", e.ID, e.FileID)
	case !e.Action.Valid() || !e.Outcome.Valid() || (e.Action == AccessDenied) != (e.Outcome == Denied):
		return fmt.Errorf("the event %s: action %q, outcome %q", e.ID, e.Action, e.Outcome)
	case e.Actor.Subject == "":
		return fmt.Errorf("the event %s: nobody did it", e.ID)
	case e.Outcome == Denied && (e.Owner != "" || e.VersionID != ""):
		return fmt.Errorf("the denial %s tells of the file", e.ID)
	case e.Status != "" && !e.Status.Valid() || e.Level != "" && !e.Level.Valid():
		return fmt.Errorf("the event %s: status %q, level %q", e.ID, e.Status, e.Level)
	}
	own := e.Action.Members()
	for _, m := range [...]struct {
		name string
		has  bool
	}{
		{"status", e.Status != ""},
		{"reason", e.Reason != ""},
		{"call", e.Call != ""},
		{"grantee", e.Grantee != file.Grantee{}},
		{"level", e.Level != ""},
		{"expiresAt", !e.ExpiresAt.IsZero()},
		{"urls", e.URLs != 0},
	} {
		if m.has && !slices.Contains(own, m.name) {
			return fmt.Errorf("the event %s: %s has no %s", e.ID, e.Action, m.name)
		}
	}
	return nil
}
