package access

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vouch-s3/vouch/shared/file"
)

// Principal is who makes a call, as a verified token or a verified signature says.
type Principal struct {
	Subject string
	Tenant  string   // empty where there are no tenants
	Groups  []string // within the tenant
}

// Owner is how records name p as their owner: the subject alone without a tenant,
// and with one
//
//	:<length of the tenant in bytes>:<tenant>:<subject>
//
// in which the length, and not a delimiter, says where the tenant ends. No two
// principals of different tenant or subject have the same owner, so that all that
// goes by it is apart for each tenant: the prefix of object keys, and the lists. A
// subject without a tenant that has itself this form is written in it, with the
// empty tenant.
func (p Principal) Owner() string {
	if _, _, encoded := cutOwner(p.Subject); p.Tenant == "" && !encoded {
		return p.Subject
	}
	return ":" + strconv.Itoa(len(p.Tenant)) + ":" + p.Tenant + ":" + p.Subject
}

// SplitOwner returns the tenant and the subject that Owner has written.
func SplitOwner(owner string) (tenant, subject string) {
	if tenant, subject, ok := cutOwner(owner); ok {
		return tenant, subject
	}
	return "", owner
}

func cutOwner(owner string) (tenant, subject string, ok bool) {
	rest, ok := strings.CutPrefix(owner, ":")
	if !ok {
		return "", "", false
	}
	digits, rest, ok := strings.Cut(rest, ":")
	length, err := strconv.Atoi(digits)
	if !ok || err != nil || strconv.Itoa(length) != digits || length < 0 || length >= len(rest) || rest[length] != ':' {
		return "", "", false
	}
	return rest[:length], rest[length+1:], true
}

// is reports whether a grant to g, in p's tenant, is for p.
func (p Principal) is(g file.Grantee) bool {
	switch g.Type {
	case file.Subject:
		return same(p.Subject, g.Name)
	case file.Group:
		return slices.Contains(p.Groups, g.Name)
	}
	return false
}
