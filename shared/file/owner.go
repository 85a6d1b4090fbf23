package file

import (
	"strconv"
	"strings"
)

// JoinOwner is how records name the owner that is the subject of a tenant: the
// subject alone without a tenant, and with one
//
//	:<length of the tenant in bytes>:<tenant>:<subject>
//
// in which the length, and not a delimiter, says where the tenant ends. No two
// pairs of tenant and subject have the same owner, so that all that goes by it is
// apart for each tenant: the prefix of object keys, the lists, and what is counted.
// A subject without a tenant that has itself this form is written in it, with the
// empty tenant.
func JoinOwner(tenant, subject string) string {
	if _, _, encoded := cutOwner(subject); tenant == "" && !encoded {
		return subject
	}
	return ":" + strconv.Itoa(len(tenant)) + ":" + tenant + ":" + subject
}

// SplitOwner returns the tenant, empty for none, and the subject that JoinOwner has
// written.
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
