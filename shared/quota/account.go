package quota

import (
	"slices"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
)

// Kind says whose account it is.
type Kind string

// The kinds.
const (
	Owner  Kind = "owner"  // of those who own files
	Tenant Kind = "tenant" // of all owners of a tenant together
)

// Account is what usage is counted for.
type Account struct {
	Kind    Kind
	Subject string // whose it is: an owner as file.File.Owner has it, or a tenant
}

// ErrClosed refuses a file whose account is closed. It tells nobody why.
var ErrClosed = &file.Error{Code: file.CodeAccountClosed, Detail: "No uploads are taken for this account."}

// Accounts lists the accounts that a file of the owner may be counted in: the
// owner's, and its tenant's. One that is of no tenant is counted for none.
func Accounts(owner string) []Account {
	accounts := []Account{{Owner, owner}}
	if tenant, _ := file.SplitOwner(owner); tenant != "" {
		accounts = append(accounts, Account{Tenant, tenant})
	}
	return accounts
}

// Accounts lists those in which a new file of the owner is counted.
func (q Quotas) Accounts(owner string) []Account {
	return slices.DeleteFunc(Accounts(owner), func(a Account) bool { return a.Kind == Tenant && q.Tenant == nil })
}

// Kinds names the kinds of q.Accounts, as file.File.Counted does.
func (q Quotas) Kinds(owner string) string {
	var kinds []string
	for _, a := range q.Accounts(owner) {
		kinds = append(kinds, string(a.Kind))
	}
	return strings.Join(kinds, ",")
}

// Counted lists the accounts that a file is counted in: those of which its record
// says so, whatever the policy has become since.
func Counted(f file.File) []Account {
	kinds := strings.Split(f.Counted, ",")
	return slices.DeleteFunc(Accounts(f.Owner), func(a Account) bool { return !slices.Contains(kinds, string(a.Kind)) })
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
