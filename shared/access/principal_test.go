package access

import (
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
)

func TestAnOwnerNamesOneTenantAndOneSubject(t *testing.T) {
	if got := (Principal{Subject: "alice"}).Owner(); got != "alice" {
		t.Errorf("without tenants alice owns files as %q, and her files from before are nobody's", got)
	}
	names := []string{"", "a", "b", "a/b", "b/c", "c", ":", "1:a", ":1:a:", ":1:a:b", ":0::a", "1", ":vouch-canary", ":iam:123456789012:role:AROA", "iam:1:user:", ":12:", "ä", "a\x00b"}
	owners := map[string]Principal{}
	for _, tenant := range names {
		for _, subject := range names {
			p := Principal{Subject: subject, Tenant: tenant}
			owner := p.Owner()
			if other, taken := owners[owner]; taken {
				t.Errorf("%q of %q and %q of %q both own files as %q", subject, tenant, other.Subject, other.Tenant, owner)
			}
			owners[owner] = p
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
		a, b := Principal{Subject: subject, Tenant: tenant}, Principal{Subject: otherSubject, Tenant: otherTenant}
		if same := tenant == otherTenant && subject == otherSubject; (a.Owner() == b.Owner()) != same {
			t.Errorf("%+v and %+v own files as %q and %q", a, b, a.Owner(), b.Owner())
		}
		if gotTenant, gotSubject := SplitOwner(a.Owner()); gotTenant != tenant || gotSubject != subject {
			t.Errorf("%q is read as %q of %q", a.Owner(), gotSubject, gotTenant)
		}
	})
}

var both = Claims{Owner: "sub", Tenant: "tenant", Groups: "groups"}

func TestWithoutTheClaimThereIsNoAccess(t *testing.T) {
	for name, tt := range map[string]struct {
		claims Claims
		token  map[string]string
		want   string // the owner, or empty for refused
	}{
		"a subject":                     {Claims{Owner: "sub"}, map[string]string{"sub": "alice"}, "alice"},
		"a subject by another claim":    {Claims{Owner: "uid"}, map[string]string{"sub": "alice", "uid": "7"}, "7"},
		"the other claim missing":       {Claims{Owner: "uid"}, map[string]string{"sub": "alice"}, ""},
		"a tenant that nobody asks for": {Claims{Owner: "sub"}, map[string]string{"sub": "alice", "tenant": "acme"}, "alice"},
		"a tenant":                      {both, map[string]string{"sub": "alice", "tenant": "acme"}, ":4:acme:alice"},
		"no tenant":                     {both, map[string]string{"sub": "alice"}, ""},
		"an empty tenant":               {both, map[string]string{"sub": "alice", "tenant": ""}, ""},
		"a tenant that is null":         {both, map[string]string{"sub": "alice", "tenant": "null"}, ""},
		"the same, as Go writes it":     {both, map[string]string{"sub": "alice", "tenant": "<nil>"}, ""},
		"a list of no tenants":          {both, map[string]string{"sub": "alice", "tenant": "[]"}, ""},
		"a list of tenants":             {both, map[string]string{"sub": "alice", "tenant": "[acme other]"}, ""},
		"an object":                     {both, map[string]string{"sub": "alice", "tenant": "map[id:acme]"}, ""},
		"an object in JSON":             {both, map[string]string{"sub": "alice", "tenant": `{"id":"acme"}`}, ""},
		"no subject":                    {both, map[string]string{"tenant": "acme"}, ""},
		"an empty subject":              {both, map[string]string{"sub": "", "tenant": "acme"}, ""},
		"a list of subjects":            {Claims{Owner: "sub"}, map[string]string{"sub": "[alice]"}, ""},
		"the canary":                    {Claims{Owner: "sub"}, map[string]string{"sub": ":vouch-canary"}, ""},
		"a machine":                     {Claims{Owner: "sub"}, map[string]string{"sub": ":iam:123456789012:role:AROAEXAMPLEROLEID0001"}, ""},
		"a subject as an owner":         {Claims{Owner: "sub"}, map[string]string{"sub": ":4:acme:alice"}, ""},
		"a control character":           {Claims{Owner: "sub"}, map[string]string{"sub": "ali\x00ce"}, ""},
		"no UTF-8":                      {Claims{Owner: "sub"}, map[string]string{"sub": "ali\xffce"}, ""},
		"as long as may be":             {Claims{Owner: "sub"}, map[string]string{"sub": strings.Repeat("a", 256)}, strings.Repeat("a", 256)},
		"longer":                        {Claims{Owner: "sub"}, map[string]string{"sub": strings.Repeat("a", 257)}, ""},
		"no claims at all":              {both, nil, ""},
		"a claim that is not named":     {Claims{}, map[string]string{"sub": "alice"}, ""},
	} {
		p, err := tt.claims.Principal(tt.token)
		if tt.want == "" {
			if file.CodeOf(err) != file.CodeUnauthorized || p.Subject != "" {
				t.Errorf("%s: %+v, %v", name, p, err)
			}
			continue
		}
		if err != nil || p.Owner() != tt.want {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

func TestGroupsAreReadAsAPIGatewayHandsThemOn(t *testing.T) {
	for said, want := range map[string]string{
		"": "", "[]": "", "staff": "staff", "[staff]": "staff", "[staff admins]": "staff,admins", "staff admins": "staff,admins",
		"[a]b]": "", "[[a]]": "", "[a\u00a0b]": "a,b", "[a\x01 b]": "b", "[" + strings.Repeat("a", 257) + "]": "",
	} {
		p, err := Claims{Owner: "sub", Groups: "groups"}.Principal(map[string]string{"sub": "alice", "groups": said})
		if err != nil || strings.Join(p.Groups, ",") != want {
			t.Errorf("%q is read as %q, %v", said, p.Groups, err)
		}
	}
	if p, err := (Claims{Owner: "sub"}).Principal(map[string]string{"sub": "alice", "groups": "[staff]", "": "[staff]"}); err != nil || p.Groups != nil {
		t.Errorf("groups that nobody asks for: %+v, %v", p, err)
	}
}

func FuzzClaims(f *testing.F) {
	f.Add("alice", "acme", "[staff admins]")
	f.Add(":4:acme:alice", "null", "[a [b] c]")
	f.Fuzz(func(t *testing.T, subject, tenant, groups string) {
		p, err := both.Principal(map[string]string{"sub": subject, "tenant": tenant, "groups": groups})
		if err != nil {
			if p.Subject != "" || p.Tenant != "" || p.Groups != nil {
				t.Errorf("refused, and yet %+v", p)
			}
			return
		}
		if p.Subject != subject || p.Tenant != tenant || subject == "" || tenant == "" || subject[0] == ':' {
			t.Errorf("%q of %q is read as %+v", subject, tenant, p)
		}
		for _, g := range p.Groups {
			if !ValidGroup(g) || !strings.Contains(groups, g) {
				t.Errorf("%q holds the group %q", groups, g)
			}
		}
	})
}
