package access

import (
	"strings"
	"unicode"

	"github.com/vouch-s3/vouch/shared/file"
)

// Claims names the claims of a token that say who somebody is. Machines says who
// they are that call without one.
type Claims struct {
	Owner    string // whose value owns files, as sub
	Tenant   string // empty where there are no tenants
	Groups   string // empty where there are no groups
	Machines Machines
}

// Principal reads who somebody is from the claims of a verified token, as API
// Gateway hands them on: as text, a list in brackets with spaces between. It
// returns a *file.Error with file.CodeUnauthorized unless the claim of the owner,
// and of the tenant where there are tenants, is there and is one name.
func (c Claims) Principal(claims map[string]string) (Principal, error) {
	p := Principal{Subject: claims[c.Owner]}
	if !singleName(p.Subject) || strings.HasPrefix(p.Subject, ":") {
		// A subject that holds a colon must be a URI (RFC 7519, 4.1.2), and no URI
		// begins with one (RFC 3986, 3): what does is ours, such as the canary, or
		// made by Machine.
		return Principal{}, unauthorized("subject", c.Owner)
	}
	if c.Tenant != "" {
		if p.Tenant = claims[c.Tenant]; !singleName(p.Tenant) {
			return Principal{}, unauthorized("tenant", c.Tenant)
		}
	}
	if c.Groups != "" {
		for _, name := range ParseList(claims[c.Groups]) {
			if ValidGroup(name) {
				p.Groups = append(p.Groups, name)
			}
		}
	}
	return p, nil
}

// singleName reports whether a claim is one name, and not what is made of a null,
// a list or an object: an issuer that leaves a tenant empty must not make all who
// have none one tenant.
func singleName(s string) bool {
	if s == "null" || s == "<nil>" || strings.HasPrefix(s, "[") || strings.HasPrefix(s, "{") || strings.HasPrefix(s, "map[") {
		return false
	}
	return file.ValidName(s)
}

// ValidGroup reports whether name can be a group's. It holds no space and no
// bracket, since a list comes as one text, in which a group "a b" and the two
// groups "a" and "b" are the same.
func ValidGroup(name string) bool {
	return file.ValidName(name) && !strings.ContainsFunc(name, func(r rune) bool {
		return unicode.IsSpace(r) || r == '[' || r == ']'
	})
}

// ParseList reads a claim that is a list: a text with spaces between, or the same
// in brackets.
func ParseList(s string) []string {
	if list, ok := strings.CutPrefix(s, "["); ok {
		s = strings.TrimSuffix(list, "]")
	}
	return strings.Fields(s)
}

func unauthorized(what, claim string) error {
	return &file.Error{
		Code: file.CodeUnauthorized, Detail: "The token names no " + what + ".",
		Accepted: "a token whose claim " + claim + " is one name of at most 256 bytes",
	}
}
