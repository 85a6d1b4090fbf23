package file

import "testing"

func TestAnOwnerNamesOneTenantAndOneSubject(t *testing.T) {
	if got := JoinOwner("", "alice"); got != "alice" {
		t.Errorf("without tenants alice owns files as %q, and her files from before are nobody's", got)
	}
	names := []string{"", "a", "b", "a/b", "b/c", "c", ":", "1:a", ":1:a:", ":1:a:b", ":0::a", "1", ":vouch-canary", ":iam:123456789012:role:AROA", "iam:1:user:", ":12:", "ä", "a\x00b"}
	owners := map[string][2]string{}
	for _, tenant := range names {
		for _, subject := range names {
			owner := JoinOwner(tenant, subject)
			if other, taken := owners[owner]; taken {
				t.Errorf("%q of %q and %q of %q both own files as %q", subject, tenant, other[1], other[0], owner)
			}
			owners[owner] = [2]string{tenant, subject}
			if gotTenant, gotSubject := SplitOwner(owner); gotTenant != tenant || gotSubject != subject {
				t.Errorf("%q is read as %q of %q", owner, gotSubject, gotTenant)
			}
		}
	}
}

func FuzzOwner(f *testing.F) {
	f.Add("", "alice", "acme", "alice")
	f.Add("a/b", "c", "a", "b/c")
	f.Add("", ":1:a:b", "a", "b")
	f.Add("", ":iam:123456789012:role:AROA", "iam", "123456789012:role:AROA")
	f.Add("acme", ":iam:123456789012:role:AROA", "", ":4:acme::iam:123456789012:role:AROA")
	f.Fuzz(func(t *testing.T, tenant, subject, otherTenant, otherSubject string) {
		a, b := JoinOwner(tenant, subject), JoinOwner(otherTenant, otherSubject)
		if same := tenant == otherTenant && subject == otherSubject; (a == b) != same {
			t.Errorf("%q of %q and %q of %q own files as %q and %q", subject, tenant, otherSubject, otherTenant, a, b)
		}
		if gotTenant, gotSubject := SplitOwner(a); gotTenant != tenant || gotSubject != subject {
			t.Errorf("%q is read as %q of %q", a, gotSubject, gotTenant)
		}
	})
}

// Whatever a record's owner is, it is of one tenant at most, and written as it was.
func FuzzSplitOwner(f *testing.F) {
	for _, owner := range []string{"alice", ":4:acme:alice", ":04:acme:alice", ":-1:a", ":9:a:b", ":0::alice", "::", ":4:acme", ":+4:acme:alice"} {
		f.Add(owner)
	}
	f.Fuzz(func(t *testing.T, owner string) {
		tenant, subject := SplitOwner(owner)
		if tenant != "" && JoinOwner(tenant, subject) != owner {
			t.Errorf("%q is read as %q of %q, which owns files as %q", owner, subject, tenant, JoinOwner(tenant, subject))
		}
	})
}
