package schemas

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/audit/audittest"
	"github.com/vouch-s3/vouch/shared/eventbus"
	"github.com/vouch-s3/vouch/shared/file"
)

// tell returns an event of the trail as a subscriber gets it.
func tell(t *testing.T, e audit.Event) map[string]any {
	t.Helper()
	var b bus
	if errs := eventbus.NewTrail(&b, "files").Tell(t.Context(), []audit.Event{e}); len(errs) != 1 {
		t.Fatalf("%v", errs)
	}
	return b.delivered
}

// eventOf is an event of the action with all that it may have.
func eventOf(t *testing.T, a audit.Action) audit.Event {
	t.Helper()
	f := ended(file.Ready)
	e, err := audit.Of(audittest.As(t, "alice"), f, a, time.Now())
	if a == audit.AccessDenied {
		e, err = audit.Refused(audittest.As(t, "mallory"), f.ID, string(access.Download), file.CodeNotFound, time.Now())
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, member := range a.Members() {
		switch member {
		case "status":
			e.Status = file.Rejected
		case "reason":
			e.Reason = string(file.MalwareDetected)
		case "grantee":
			e.Grantee = file.Grantee{Type: file.Group, Name: "staff"}
		case "level":
			e.Level = file.Manage
		case "expiresAt":
			e.ExpiresAt = time.Now().UTC()
		case "urls":
			e.URLs = 3
		}
	}
	return e
}

func TestEveryEventOfTheTrailIsAsItsSchemaSays(t *testing.T) {
	s, err := Event(root, eventbus.AuditType)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range audit.Actions() {
		e := eventOf(t, a)
		if err := e.Check(); err != nil {
			t.Errorf("%s: %v", a, err)
		}
		if err := s.Check(tell(t, e)); err != nil {
			t.Errorf("%s: %v", a, err)
		}
		if e.Outcome == audit.Done {
			e.Owner, e.Actor.Tenant = access.Principal{Subject: "alice", Tenant: "acme"}.Owner(), "acme"
			e.VersionID, e.Actor.RequestID = "", ""
			if err := s.Check(tell(t, e)); err != nil {
				t.Errorf("%s of a tenant: %v", a, err)
			}
		}
		for _, other := range []string{"File Ready", "File Rejected"} {
			if o, err := Event(root, other); err != nil || o.Check(tell(t, e)) == nil {
				t.Errorf("%s is a %s, %v", a, other, err)
			}
		}
	}
	for _, status := range file.Statuses() {
		e := eventOf(t, audit.StatusChanged)
		if e.Status = status; status != file.Rejected {
			e.Reason = ""
		}
		if err := s.Check(tell(t, e)); err != nil {
			t.Errorf("%s: %v", status, err)
		}
	}
}

// What an event of each action has not, the schema does not take, and neither does
// whoever keeps it.
func TestAnEventOfTheTrailHasOnlyWhatItsActionHas(t *testing.T) {
	s, err := Event(root, eventbus.AuditType)
	if err != nil {
		t.Fatal(err)
	}
	foreign := map[string]any{
		"status": "ready", "reason": "x", "call": "see", "grantee": map[string]any{"type": "subject", "name": "bob"}, "level": "read",
		"expiresAt": "2026-11-24T15:00:00Z", "urls": 1,
	}
	put := map[string]func(*audit.Event){
		"status": func(e *audit.Event) { e.Status = file.Ready }, "reason": func(e *audit.Event) { e.Reason = "x" },
		"call": func(e *audit.Event) { e.Call = "see" }, "level": func(e *audit.Event) { e.Level = file.Read },
		"grantee":   func(e *audit.Event) { e.Grantee = file.Grantee{Type: file.Subject, Name: "bob"} },
		"expiresAt": func(e *audit.Event) { e.ExpiresAt = time.Now() }, "urls": func(e *audit.Event) { e.URLs = 1 },
	}
	for _, a := range audit.Actions() {
		for member, value := range foreign {
			if slices.Contains(a.Members(), member) {
				continue
			}
			event := tell(t, eventOf(t, a))
			var detail map[string]any
			if err := json.Unmarshal(event["detail"].(json.RawMessage), &detail); err != nil {
				t.Fatal(err)
			}
			detail[member] = value
			event["detail"] = detail
			if s.Check(event) == nil {
				t.Errorf("%s was taken with %s", a, member)
			}
			e := eventOf(t, a)
			put[member](&e)
			if e.Check() == nil {
				t.Errorf("%s was kept with %s", a, member)
			}
		}
		for member, value := range map[string]any{"url": "https://example.com", "filename": "a.txt", "actor": nil, "fileId": "x", "outcome": "tried"} {
			event := tell(t, eventOf(t, a))
			var detail map[string]any
			if err := json.Unmarshal(event["detail"].(json.RawMessage), &detail); err != nil {
				t.Fatal(err)
			}
			detail[member] = value
			event["detail"] = detail
			if s.Check(event) == nil {
				t.Errorf("%s was taken with the %s %v", a, member, value)
			}
		}
	}
}

func TestTheSchemaOfTheTrailHasTheMembersAndValuesOfTheCode(t *testing.T) {
	d := document(t, paths[eventbus.AuditType])
	detail := at(t, d, "properties", "detail").(map[string]any)
	fields{root: d, tag: "json"}.hold(t, "", detail, reflect.TypeFor[eventbus.AuditDetail]())
	properties := detail["properties"].(map[string]any)
	for member, want := range map[string][]string{
		"action": strs(audit.Actions()), "outcome": strs(audit.Outcomes()), "status": strs(file.Statuses()), "call": strs(access.Calls()), "level": strs(file.Levels()),
	} {
		if got := texts[string](t, at(t, properties, member, "enum")); !slices.Equal(got, want) {
			t.Errorf("%s is one of %v, not %v", member, got, want)
		}
	}
	if got := texts[string](t, at(t, properties, "grantee", "properties", "type", "enum")); !slices.Equal(got, strs(file.GranteeTypes())) {
		t.Errorf("the types of grantees are %v", got)
	}
	ruled := map[string]bool{}
	for _, r := range detail["allOf"].([]any) {
		if a, ok := r.(map[string]any)["if"].(map[string]any)["properties"].(map[string]any)["action"]; ok {
			ruled[a.(map[string]any)["const"].(string)] = true
		}
	}
	if got := slices.Sorted(maps.Keys(ruled)); !slices.Equal(got, slices.Sorted(slices.Values(strs(audit.Actions())))) {
		t.Errorf("there are rules for %v", got)
	}
}

func strs[T ~string](values []T) (all []string) {
	for _, v := range values {
		all = append(all, string(v))
	}
	return all
}
