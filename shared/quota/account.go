package quota

import (
	"slices"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// Kind says whose account it is.
type Kind string

// Owner is the kind of the accounts of those who own files.
const Owner Kind = "owner"

// Account is what usage is counted for.
type Account struct {
	Kind    Kind
	Subject string // whose it is; of an owner, as file.File.Owner has it
}

// ErrClosed refuses a file whose account is closed. It tells nobody why.
var ErrClosed = &file.Error{Code: file.CodeAccountClosed, Detail: "No uploads are taken for this account."}

// Accounts lists the accounts that a new file counts for.
func Accounts(f file.File) []Account {
	return []Account{{Owner, f.Owner}}
}

// Kinds names the kinds of Accounts, as file.File.Counted does.
func Kinds(f file.File) string {
	var kinds []string
	for _, a := range Accounts(f) {
		kinds = append(kinds, string(a.Kind))
	}
	return strings.Join(kinds, ",")
}

// Counted lists the accounts that a file is counted in: those of Accounts that
// there were when it was created.
func Counted(f file.File) []Account {
	kinds := strings.Split(f.Counted, ",")
	var counted []Account
	for _, a := range Accounts(f) {
		if slices.Contains(kinds, string(a.Kind)) {
			counted = append(counted, a)
		}
	}
	return counted
}

// ID names the account in keys, without a name in it.
func (a Account) ID() string { return string(a.Kind) + "#" + file.Pseudonym(a.Subject) }

// Day names the account's uploads of the day (UTC) that t is in.
func (a Account) Day(t time.Time) string { return a.ID() + "#" + t.UTC().Format(time.DateOnly) }

// KindOf returns the kind of the account with an ID.
func KindOf(id string) Kind {
	kind, _, _ := strings.Cut(id, "#")
	return Kind(kind)
}

// Midnight is when the day (UTC) that t is in ends.
func Midnight(t time.Time) time.Time {
	return t.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
}
