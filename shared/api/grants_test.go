package api

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/file/filetest"
	"github.com/vouch-s3/vouch/shared/sharing"
)

func TestAGranteeIsReadOnlyWhereItCannotBeMistaken(t *testing.T) {
	b64 := base64.RawURLEncoding.EncodeToString
	const long = 257
	for name, tt := range map[string]struct {
		path  string
		query map[string]string
		want  file.Grantee
	}{
		"a subject":                   {"bob", nil, file.Grantee{Type: file.Subject, Name: "bob"}},
		"a subject, as is said":       {"bob", map[string]string{"type": "subject"}, file.Grantee{Type: file.Subject, Name: "bob"}},
		"a group":                     {"bob", map[string]string{"type": "group"}, file.Grantee{Type: file.Group, Name: "bob"}},
		"one called as a group":       {"group:bob", nil, file.Grantee{Type: file.Subject, Name: "group:bob"}},
		"an issuer's own form":        {"auth0|5f7c@example.com", nil, file.Grantee{Type: file.Subject, Name: "auth0|5f7c@example.com"}},
		"a URI in base64url":          {b64([]byte("https://id.example/bob?x")), map[string]string{"encoding": "base64url"}, file.Grantee{Type: file.Subject, Name: "https://id.example/bob?x"}},
		"a group in base64url":        {b64([]byte("Ärzte")), map[string]string{"encoding": "base64url", "type": "group"}, file.Grantee{Type: file.Group, Name: "Ärzte"}},
		"dots in base64url":           {b64([]byte("..")), map[string]string{"encoding": "base64url"}, file.Grantee{Type: file.Subject, Name: ".."}},
		"a slash":                     {"a/b", nil, file.Grantee{}},
		"a question mark":             {"a?b", nil, file.Grantee{}},
		"a percent sign":              {"a%2Fb", nil, file.Grantee{}},
		"a space":                     {"a b", nil, file.Grantee{}},
		"an umlaut":                   {"ä", nil, file.Grantee{}},
		"dots":                        {"..", nil, file.Grantee{}},
		"nothing":                     {"", nil, file.Grantee{}},
		"nothing in base64url":        {"", map[string]string{"encoding": "base64url"}, file.Grantee{}},
		"another type":                {"bob", map[string]string{"type": "role"}, file.Grantee{}},
		"two types":                   {"bob", map[string]string{"type": "subject,group"}, file.Grantee{}},
		"another encoding":            {"bob", map[string]string{"encoding": "base64"}, file.Grantee{}},
		"another parameter":           {"bob", map[string]string{"tenant": "acme"}, file.Grantee{}},
		"padding":                     {b64([]byte("a")) + "==", map[string]string{"encoding": "base64url"}, file.Grantee{}},
		"stray bits":                  {"YR", map[string]string{"encoding": "base64url"}, file.Grantee{}},
		"a line break in the coding":  {"YW\nJj", map[string]string{"encoding": "base64url"}, file.Grantee{}},
		"a control character":         {b64([]byte("a\x00")), map[string]string{"encoding": "base64url"}, file.Grantee{}},
		"no UTF-8":                    {b64([]byte("\xff")), map[string]string{"encoding": "base64url"}, file.Grantee{}},
		"a group that is a list":      {b64([]byte("a b")), map[string]string{"encoding": "base64url", "type": "group"}, file.Grantee{}},
		"longer than names are":       {strings.Repeat("a", long), nil, file.Grantee{}},
		"longer than a name, encoded": {b64([]byte(strings.Repeat("a", long))), map[string]string{"encoding": "base64url"}, file.Grantee{}},
	} {
		got, err := granteeOf(Request{Grantee: tt.path, Query: tt.query})
		if got != tt.want || (err == nil) != (tt.want.Name != "") {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if err != nil && file.CodeOf(err) != file.CodeInvalidGrant && file.CodeOf(err) != file.CodeInvalidParameter {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzGranteeOf(f *testing.F) {
	f.Add("bob", "", "")
	f.Add("Ym9i", "group", "base64url")
	f.Fuzz(func(t *testing.T, path, kind, encoding string) {
		query := map[string]string{}
		for name, value := range map[string]string{"type": kind, "encoding": encoding} {
			if value != "" {
				query[name] = value
			}
		}
		g, err := granteeOf(Request{Grantee: path, Query: query})
		if err != nil {
			return
		}
		if back, ok := file.ParseGrantee(g.String()); !ok || back != g {
			t.Errorf("%q %q %q: %+v is kept as %s", path, kind, encoding, g, g)
		}
		if encoding == "" && g.Name != path || encoding != "" && base64.RawURLEncoding.EncodeToString([]byte(g.Name)) != path {
			t.Errorf("%q %q: %+v", path, encoding, g)
		}
	})
}

func TestAGrantIsReadAndShownAsDescribed(t *testing.T) {
	for body, want := range map[string]int{
		`{"level":"read"}`: 201,
		`{"level":"manage","expiresAt":"2026-11-24T17:00:00Z"}`:    201,
		`{"level":"read","expiresAt":"2026-11-24T16:30:00+01:00"}`: 201,
		``:                                  400,
		`{}`:                                400,
		`{"level":""}`:                      422,
		`{"level":"own"}`:                   422,
		`{"level":null}`:                    400,
		`{"level":"read","expiresAt":""}`:   400,
		`{"level":"read","expiresAt":null}`: 400,
		`{"level":"read","expiresAt":"2026-11-24"}`:           400,
		`{"level":"read","expiresAt":"2026-11-24T15:00:00Z"}`: 422,
		`{"level":"read","grantedBy":"eve"}`:                  400,
		`{"level":"read","level":"manage"}`:                   400,
	} {
		var records filetest.Records
		f := add(t, &records, file.Ready)
		s := sharing.Sharer{Records: &records, Now: clock}
		e := event("alice", body)
		e.PathParameters["id"], e.PathParameters["subject"] = f.ID, "bob"
		reply := call(t, PutGrant(s), e)
		if reply.StatusCode != want {
			t.Errorf("%s: %d %s", body, reply.StatusCode, reply.Body)
			continue
		}
		e.Body = ""
		listed := call(t, ListGrants(s), e)
		if want != 201 {
			problem(t, reply)
			if listed.Body != "{\"grants\":[]}\n" {
				t.Errorf("%s: refused, and yet %s", body, listed.Body)
			}
			continue
		}
		var g Grant
		if err := json.Unmarshal([]byte(reply.Body), &g); err != nil || g.Subject != "bob" || g.Type != file.Subject || g.GrantedBy != "alice" || g.GrantedAt != stamp(now) {
			t.Errorf("%s: %s, %v", body, reply.Body, err)
		}
		if listed.Body != `{"grants":[`+strings.TrimSpace(reply.Body)+"]}\n" {
			t.Errorf("%s: put %s, listed %s", body, reply.Body, listed.Body)
		}
	}
}

func TestAGranteeSeesTheirOwnAccessAndNobodyElses(t *testing.T) {
	var records filetest.Records
	f := add(t, &records, file.Ready)
	s := sharing.Sharer{Records: &records, Now: clock}
	owner := access.Principal{Subject: "alice"}
	for name, l := range map[string]file.Level{"bob": file.Read, "carol": file.Manage} {
		if _, _, err := s.Put(t.Context(), owner, f.ID, file.Grant{Grantee: file.Grantee{Type: file.Subject, Name: name}, Level: l, ExpiresAt: now.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]access.Relation{"alice": access.Owner, "bob": access.Read, "carol": access.Manage} {
		e := event(name, "")
		e.PathParameters["id"] = f.ID
		reply := call(t, GetFile(&records, clock), e)
		var got File
		if err := json.Unmarshal([]byte(reply.Body), &got); err != nil || got.Access != want || strings.Contains(reply.Body, "grant") || strings.Contains(reply.Body, "alice") {
			t.Errorf("%s: %s, %v", name, reply.Body, err)
		}
		e.Headers["if-none-match"] = reply.Headers["ETag"]
		if again := call(t, GetFile(&records, clock), e); again.StatusCode != 304 {
			t.Errorf("%s: %d for their own ETag %s", name, again.StatusCode, reply.Headers["ETag"])
		}
	}
	// A grant that ends changes what is answered, but not the record.
	e := event("bob", "")
	e.PathParameters["id"] = f.ID
	e.Headers["if-none-match"] = "*"
	if reply := call(t, GetFile(&records, func() time.Time { return now.Add(time.Hour) }), e); reply.StatusCode != 404 {
		t.Errorf("after its end: %d %s", reply.StatusCode, reply.Body)
	}
}
