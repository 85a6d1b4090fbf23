package file

import "testing"

func TestNoNameMakesTwoGranteesOne(t *testing.T) {
	seen := map[string]Grantee{}
	for _, kind := range GranteeTypes() {
		for _, name := range []string{"a", "group:a", "subject:a", ":a", "group", "subject", "a:"} {
			g := Grantee{kind, name}
			if other, taken := seen[g.String()]; taken {
				t.Errorf("%+v and %+v are both written as %s", g, other, g)
			}
			seen[g.String()] = g
			if got, ok := ParseGrantee(g.String()); !ok || got != g {
				t.Errorf("%s is read as %+v, %v", g, got, ok)
			}
		}
	}
	for _, s := range []string{"", ":", "a", "subject", "subject:", "group:", "Group:a", "own:a", " group:a", "subject:a\n", "subject:\xff"} {
		if g, ok := ParseGrantee(s); ok {
			t.Errorf("%q is read as %+v", s, g)
		}
	}
}

func FuzzParseGrantee(f *testing.F) {
	f.Add("subject:alice")
	f.Add("group:subject:a")
	f.Fuzz(func(t *testing.T, s string) {
		if g, ok := ParseGrantee(s); ok && (g.String() != s || !g.Type.Valid() || !ValidName(g.Name)) {
			t.Errorf("%q is read as %+v", s, g)
		}
	})
}
