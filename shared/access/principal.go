package access

import (
	"slices"

	"github.com/vouch-s3/vouch/shared/file"
)

// Principal is who makes a call, as a verified token or a verified signature says.
type Principal struct {
	Subject string
	Tenant  string   // empty where there are no tenants
	Groups  []string // within the tenant
}

// Owner is how records name p as their owner (file.JoinOwner).
func (p Principal) Owner() string { return file.JoinOwner(p.Tenant, p.Subject) }

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
