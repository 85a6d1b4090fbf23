package api

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/erasure"
	"github.com/vouch-s3/vouch/shared/file"
)

// erasures notes what is to be erased, and has one erasure.
type erasures struct {
	asked []string
	keep  bool
	one   erasure.Erasure
}

func (s *erasures) Start(_ context.Context, owner string, keepClosed bool) (erasure.Erasure, error) {
	s.asked, s.keep = append(s.asked, owner), keepClosed
	return s.one, nil
}

func (s *erasures) Get(_ context.Context, id string) (erasure.Erasure, error) {
	if id != s.one.ID {
		return erasure.Erasure{}, erasure.ErrNotFound
	}
	return s.one, nil
}

func going() *erasures {
	return &erasures{one: erasure.Erasure{
		ID: "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e", Owner: "alice", Pseudonym: file.Pseudonym("alice"), Status: erasure.Erasing, Phase: erasure.Clearing,
		Cursor: "deleted#x", Counts: erasure.Counts{Files: 3}, StartedAt: now, UpdatedAt: now, QuietAt: now.Add(time.Minute), Revision: 7,
	}}
}

func asAdmin(body string) Event {
	e := event("operator", body)
	e.RequestContext.Authorizer.JWT.Claims["scope"] = ScopeAdmin
	return e
}

func TestAnErasureNeedsTheScopeWhateverTheGatewayLetThrough(t *testing.T) {
	for _, scope := range []string{"", "files:read files:write", "files:admins"} {
		s := going()
		for name, h := range map[string]Handler{"POST": EraseOwner(s, false, clock), "GET": GetErasure(s, clock)} {
			e := event("operator", `{"subject":"alice"}`)
			e.RequestContext.Authorizer.JWT.Claims["scope"] = scope
			e.RequestContext.Authorizer.JWT.Scopes = []string{ScopeAdmin} // what the route asks for, not what the token has
			e.PathParameters["id"] = s.one.ID
			if reply := call(t, h, e); reply.StatusCode != 403 || len(s.asked) != 0 {
				t.Errorf("%s with %q: %d, asked %v", name, scope, reply.StatusCode, s.asked)
			}
		}
	}
}

func TestAnErasureIsOfExactlyTheOwnerThatIsNamed(t *testing.T) {
	for _, tt := range []struct {
		body    string
		tenants bool
		owner   string // empty for refused
		field   string
	}{
		{`{"subject":"alice"}`, false, "alice", ""},
		{`{"subject":"alice","keepClosed":false}`, false, "alice", ""},
		{`{"subject":"alice","tenant":"acme"}`, true, ":4:acme:alice", ""},
		{`{"subject":":4:acme:alice"}`, false, ":0:::4:acme:alice", ""}, // a subject that looks like an owner of a tenant is none
		{`{"subject":":vouch-machine"}`, false, ":vouch-machine", ""},
		{`{"subject":"alice"}`, true, "", "tenant"},
		{`{"subject":"alice","tenant":""}`, true, "", "tenant"},
		{`{"subject":"alice","tenant":"acme"}`, false, "", "tenant"},
		{`{"subject":"alice","tenant":""}`, false, "", "tenant"},
		{`{"subject":""}`, false, "", "subject"},
		{`{"subject":"a\u0000"}`, false, "", "subject"},
		{`{"subject":"` + strings.Repeat("a", 257) + `"}`, false, "", "subject"},
		{`{"subject":null}`, false, "", "subject"},
		{`{"subject":["alice","bob"]}`, false, "", "subject"},
		{`{"subject":"alice","subject":"bob"}`, false, "", "subject"},
		{`{"subject":"alice","keepClosed":"yes"}`, false, "", "keepClosed"},
		{`{"tenant":"acme"}`, true, "", "subject"},
		{`{"Subject":"alice"}`, false, "", "Subject"},
		{`{}`, false, "", "subject"},
		{``, false, "", ""},
	} {
		s := going()
		reply := call(t, EraseOwner(s, tt.tenants, clock), asAdmin(tt.body))
		if tt.owner == "" {
			if p := problem(t, reply); reply.StatusCode != 400 || p.Field != tt.field || p.Accepted == "" || len(s.asked) != 0 {
				t.Errorf("%.60s: %+v, asked %v", tt.body, p, s.asked)
			}
			continue
		}
		if reply.StatusCode != 202 || len(s.asked) != 1 || s.asked[0] != tt.owner || s.keep {
			t.Errorf("%.60s: %d %s, asked %v", tt.body, reply.StatusCode, reply.Body, s.asked)
		}
	}
	s := going()
	if call(t, EraseOwner(s, false, clock), asAdmin(`{"subject":"alice","keepClosed":true}`)); !s.keep {
		t.Error("keepClosed is not passed on")
	}
}

func TestAnErasureIsShownWithoutItsOwner(t *testing.T) {
	s := going()
	look := func(h Handler, id string) Reply {
		t.Helper()
		e := asAdmin(`{"subject":"alice"}`)
		e.PathParameters["id"] = id
		return call(t, h, e)
	}
	for name, reply := range map[string]Reply{"POST": look(EraseOwner(s, false, clock), ""), "GET": look(GetErasure(s, clock), s.one.ID)} {
		if strings.Contains(reply.Body, "alice") || strings.Contains(reply.Body, "deleted#") {
			t.Errorf("%s: %s", name, reply.Body)
		}
		var got Erasure
		if err := json.Unmarshal([]byte(reply.Body), &got); err != nil {
			t.Fatal(err)
		}
		want := Erasure{
			ID: s.one.ID, Status: erasure.Erasing, Pseudonym: s.one.Pseudonym, StartedAt: stamp(now), UpdatedAt: stamp(now),
			WaitsUntil: stamp(now.Add(time.Minute)), Removed: erasure.Counts{Files: 3},
		}
		if got != want || reply.Headers["Retry-After"] != "10" {
			t.Errorf("%s: %+v %v", name, got, reply.Headers)
		}
	}
	s.one.Status, s.one.EndedAt, s.one.QuietAt, s.one.Statement = erasure.Finished, now, now, "a.b.c"
	reply := look(GetErasure(s, clock), s.one.ID)
	var got Erasure
	if err := json.Unmarshal([]byte(reply.Body), &got); err != nil {
		t.Fatal(err)
	}
	if got.Status != erasure.Finished || got.EndedAt != stamp(now) || got.WaitsUntil != "" || got.Statement != "a.b.c" || reply.Headers["Retry-After"] != "" {
		t.Errorf("%+v %v", got, reply.Headers)
	}
	for _, id := range []string{"0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8f", "owner#" + s.one.Pseudonym, "", "x"} {
		if reply := look(GetErasure(s, clock), id); reply.StatusCode != 404 || problem(t, reply).Type != ProblemTypePrefix+"no-such-erasure" {
			t.Errorf("%q: %d %s", id, reply.StatusCode, reply.Body)
		}
	}
}
