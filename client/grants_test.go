package client

import (
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// grant answers a call that names a grantee, as strictly as the API does; name is what
// API Gateway hands on: the path is decoded by then.
func (d *double) grant(w http.ResponseWriter, r *http.Request, f *stored, name string) {
	d.granted = append(d.granted, strings.TrimPrefix(r.URL.RequestURI(), "/files/"+f.ID+"/grants/"))
	q := r.URL.Query()
	if q.Get("encoding") == "base64url" {
		decoded, err := base64.RawURLEncoding.Strict().DecodeString(name)
		if err != nil {
			problem(w, 422, "invalid-grant", "It is not base64url.")
			return
		}
		name = string(decoded)
	} else if strings.Trim(name, unreserved+"@:|+=,") != "" || strings.Trim(name, ".") == "" {
		problem(w, 422, "invalid-grant", "It holds characters that a path may not bring here.")
		return
	}
	to := Subject(name)
	if q.Get("type") == "group" {
		to = Group(name)
	}
	if r.Method == http.MethodDelete {
		delete(f.grants, to)
		w.WriteHeader(204)
		return
	}
	var in struct {
		Level     Level      `json:"level"`
		ExpiresAt *time.Time `json:"expiresAt"`
	}
	if !d.read(w, r, 16<<10, &in) {
		return
	}
	g := Grant{Grantee: to, Level: in.Level, GrantedBy: "alice", GrantedAt: d.now().UTC()}
	if in.ExpiresAt != nil {
		g.ExpiresAt = *in.ExpiresAt
	}
	if f.grants == nil {
		f.grants = map[Grantee]Grant{}
	}
	status := 200
	if _, had := f.grants[to]; !had {
		status = 201
	}
	f.grants[to] = g
	reply(w, status, g)
}

func (d *double) listGrants(w http.ResponseWriter, f *stored) {
	grants := slices.SortedFunc(maps.Values(f.grants), func(a, b Grant) int { return strings.Compare(a.Name, b.Name) })
	reply(w, 200, map[string]any{"grants": append([]Grant{}, grants...)})
}

func TestAGrantIsForExactlyWhomItNames(t *testing.T) {
	names := map[string]bool{ // whether it goes as it is
		"bob": true, "auth0-5f7c_a.b~": true, "...a": true,
		"bob?": false, "a/b": false, "../../admin": false, "a%2Fb": false, "100%": false, "a b": false, "bob#": false, "bob&type=group": false,
		".": false, "..": false, "...": false, "a\\b": false, "a;b": false, "auth0|5f7c": false, "bob@example.com": false, "a+b": false, "=": false,
		"Zoë": false, "日本": false, "https://id.example/eve?x": false, strings.Repeat("ä", 128): false,
	}
	d := newDouble(t)
	c, id := d.client(), d.ready([]byte("x"))
	for name, asItIs := range names {
		for _, to := range []Grantee{Subject(name), Group(name), {Name: name}} {
			g, err := c.PutGrant(t.Context(), id, Grant{Grantee: to, Level: LevelRead})
			if to.Type == "" {
				to = Subject(name)
			}
			if err != nil || g.Grantee != to {
				t.Errorf("%q: %+v, %v", name, g, err)
			}
			listed, err := c.Grants(t.Context(), id)
			if err != nil || len(listed) != 1 || listed[0] != g {
				t.Errorf("%q: the list is %+v, %v", name, listed, err)
			}
			if err := c.DeleteGrant(t.Context(), id, to); err != nil {
				t.Errorf("%q: %v", name, err)
			}
			if left, err := c.Grants(t.Context(), id); err != nil || len(left) > 0 {
				t.Errorf("%q: after it was taken away: %+v, %v", name, left, err)
			}
			path, query, _ := strings.Cut(d.granted[len(d.granted)-1], "?")
			if (path == name) != asItIs || strings.Contains(query, "encoding=base64url") == asItIs || strings.Trim(path, unreserved) != "" || strings.Trim(path, ".") == "" {
				t.Errorf("%q goes as %s?%s", name, path, query)
			}
		}
	}
	for _, to := range []Grantee{Subject(""), Group("")} {
		if _, err := c.PutGrant(t.Context(), id, Grant{Grantee: to, Level: LevelRead}); err == nil {
			t.Error("nobody is given a grant")
		}
		if err := c.DeleteGrant(t.Context(), id, to); err == nil {
			t.Error("nobody's grant is taken away")
		}
	}
	if _, err := c.PutGrant(t.Context(), "../x", Grant{Grantee: Subject("bob"), Level: LevelRead}); !errors.Is(err, ErrNotFound) {
		t.Errorf("an id that is a path: %v", err)
	}
}

func TestAGrantHasALevelAndAnEnd(t *testing.T) {
	d := newDouble(t)
	c, id := d.client(), d.ready([]byte("x"))
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	for _, want := range []Grant{
		{Grantee: Subject("bob"), Level: LevelRead},
		{Grantee: Subject("bob"), Level: LevelManage, ExpiresAt: until},
	} {
		got, err := c.PutGrant(t.Context(), id, want)
		if err != nil || got.Level != want.Level || !got.ExpiresAt.Equal(want.ExpiresAt) || got.GrantedBy != "alice" || got.GrantedAt.IsZero() {
			t.Errorf("%+v became %+v, %v", want, got, err)
		}
	}
}

func TestAFileSaysWhatTheCallerMayDoWithIt(t *testing.T) {
	d := newDouble(t)
	id := d.ready([]byte("x"))
	d.mu.Lock()
	d.files[id].Access = AccessManage
	d.mu.Unlock()
	if f, err := d.client().Get(t.Context(), id); err != nil || f.Access != AccessManage {
		t.Errorf("%q, %v", f.Access, err)
	}
}
