package access

import (
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
)

func TestAPrincipalOwnsFilesByTenantAndSubject(t *testing.T) {
	for want, p := range map[string]Principal{
		"alice":           {Subject: "alice"},
		":4:acme:alice":   {Subject: "alice", Tenant: "acme", Groups: []string{"staff"}},
		":0::" + ":1:a:b": {Subject: ":1:a:b"},
	} {
		if got := p.Owner(); got != want {
			t.Errorf("%+v owns files as %q, not %q", p, got, want)
		}
	}
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
