package schemas

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
)

func TestTheTemplateRegistersTheSchemasOfTheEvents(t *testing.T) {
	all, err := Registry("../..")
	if err != nil {
		t.Fatal(err)
	}
	template, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text, err := InTemplate(string(template), all)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(template) {
		t.Error("template.yaml does not have the schemas of events/schemas as they are: make registry writes them")
	}
	for _, r := range all {
		if len(r.Content) > 100_000 { // the most that CreateSchema takes
			t.Errorf("%s has %d characters", r.Name, len(r.Content))
		}
	}
}

// What a subscriber builds by the registry must take what is published, and must not
// take what the schema of the event refuses.
func TestASchemaInTheRegistryAsksWhatTheEventsSchemaAsks(t *testing.T) {
	all, err := Registry("../..")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, r := range all {
		path := filepath.Join(t.TempDir(), "schema.json")
		if err := os.WriteFile(path, []byte(r.Content), 0o600); err != nil {
			t.Fatal(err)
		}
		older, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		for name, sample := range published(t) {
			newer, err := Event("../..", sample["detail-type"].(string))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(r.Name, strings.ReplaceAll(sample["detail-type"].(string), " ", "")) {
				if older.Check(sample) == nil {
					t.Errorf("%s takes %s", r.Name, name)
				}
				continue
			}
			found++
			if err := older.Check(sample); err != nil {
				t.Errorf("%s: %s: %v", r.Name, name, err)
			}
			broken := 0
			for _, field := range []string{"fileId", "status", "size", "key", "versionId", "revision", "at"} {
				without := clone(t, sample)
				delete(without["detail"].(map[string]any), field)
				other := clone(t, sample)
				other["detail"].(map[string]any)[field] = "?"
				for _, changed := range []map[string]any{without, other} {
					if (older.Check(changed) == nil) != (newer.Check(changed) == nil) {
						t.Errorf("%s: of %s without %s, or with another, the two schemas think differently", r.Name, name, field)
					}
					if newer.Check(changed) != nil {
						broken++
					}
				}
			}
			if broken < 10 {
				t.Errorf("only %d changes were refused", broken)
			}
		}
	}
	if found != 2 {
		t.Errorf("%d events were held to the schemas", found)
	}
}

// published returns an event of each kind, with everything in it.
func published(t *testing.T) map[string]map[string]any {
	t.Helper()
	ready, rejected := ended(file.Ready), ended(file.Rejected)
	ready.Verdict, ready.Receipt = full(file.Clean), "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"
	rejected.Verdict, rejected.Reason = full(file.Refused), file.MalwareDetected
	return map[string]map[string]any{"ready": clone(t, publish(t, ready)), "rejected": clone(t, publish(t, rejected))}
}

func clone(t *testing.T, v map[string]any) map[string]any {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAKeywordThatDraft4SaysOtherwiseIsNotDropped(t *testing.T) {
	for _, schema := range []string{
		`{"properties": {"a": {"then": {}}}}`, `{"allOf": [{"contains": {}}]}`, `{"if": {"dependentRequired": {}}}`, `{"not": {"$anchor": "a"}}`, `{"items": {"prefixItems": []}}`, `{"$defs": {"a": {"exclusiveMinimum": 1}}}`, `{"$ref": "#/$defs/a", "minLength": 1}`,
	} {
		var v any
		if err := json.Unmarshal([]byte(schema), &v); err != nil {
			t.Fatal(err)
		}
		if older, err := draft4(v); err == nil {
			t.Errorf("%s became %v", schema, older)
		}
	}
}

func TestAnIfAsksTheSameInDraft4(t *testing.T) {
	const newer = `{
		"type": "object", "properties": {"kind": {"enum": ["a", "b"]}},
		"if": {"properties": {"kind": {"const": "a"}}, "required": ["kind"]}, "then": {"required": ["x"]}, "else": {"required": ["y"]},
		"allOf": [{"not": {"required": ["z"]}}, {"if": {"required": ["x"]}, "then": {"properties": {"x": {"minimum": 1}}}}, {"if": {"required": ["w"]}, "else": {"required": ["kind"], "properties": {"y": false, "kind": true}}}]
	}`
	var v any
	if err := json.Unmarshal([]byte(newer), &v); err != nil {
		t.Fatal(err)
	}
	translated, err := draft4(v)
	if err != nil {
		t.Fatal(err)
	}
	translated.(map[string]any)["$schema"] = "http://json-schema.org/draft-04/schema#"
	load := func(name string, v any) Schema {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	ours, theirs := load("newer.json", v), load("older.json", translated)
	taken := 0
	for document := range 1 << 6 {
		d := map[string]any{}
		for bit, member := range []struct {
			name  string
			value any
		}{{"kind", "a"}, {"kind", "b"}, {"x", 1}, {"x", 0}, {"y", "?"}, {"z", 1}} {
			if document>>bit&1 == 1 {
				d[member.name] = member.value
			}
		}
		if (ours.Check(d) == nil) != (theirs.Check(d) == nil) {
			t.Errorf("of %v the two think differently", d)
		}
		if ours.Check(d) == nil {
			taken++
		}
	}
	if taken == 0 || taken == 1<<6 {
		t.Errorf("%d documents are taken", taken)
	}
}
