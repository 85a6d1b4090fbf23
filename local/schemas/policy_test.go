package schemas

import (
	"os"
	"reflect"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
	"github.com/vouch-s3/vouch/shared/policy/override"
)

const policyPath = root + "/shared/policy/policy.schema.json"

func policySchema(t *testing.T) Schema {
	t.Helper()
	s, err := Load(policyPath)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// checkYAML holds a YAML document to the schema.
func checkYAML(t *testing.T, s Schema, text string) error {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s.Check(v)
}

func TestTheDefaultPolicyIsAsTheSchemaSays(t *testing.T) {
	data, err := os.ReadFile(root + "/shared/policy/default.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := checkYAML(t, policySchema(t), string(data)); err != nil {
		t.Error(err)
	}
}

func TestTheSchemaOfThePolicyHasItsFieldsAndValues(t *testing.T) {
	d := document(t, policyPath)
	fields{root: d, tag: "yaml"}.hold(t, "", d, reflect.TypeFor[policy.Policy]())
	if got := texts[file.Reason](t, at(t, d, "properties", "findings", "propertyNames", "enum")); !slices.Equal(got, file.Findings()) {
		t.Errorf("the findings are %v, not %v", got, file.Findings())
	}
	if got, want := texts[policy.Action](t, at(t, d, "properties", "findings", "additionalProperties", "enum")), []policy.Action{policy.Allow, policy.Flag, policy.Reject}; !slices.Equal(got, want) {
		t.Errorf("the actions are %v, not %v", got, want)
	}
	if got, want := texts[policy.OnFlag](t, at(t, d, "properties", "onFlag", "enum")), []policy.OnFlag{policy.FlaggedIsReady, policy.FlaggedIsRejected}; !slices.Equal(got, want) {
		t.Errorf("onFlag is one of %v, not %v", got, want)
	}
	if got, want := texts[policy.RejectedBytes](t, at(t, d, "properties", "rejectedBytes", "enum")), []policy.RejectedBytes{policy.KeepRejected, policy.DeleteRejected}; !slices.Equal(got, want) {
		t.Errorf("rejectedBytes is one of %v, not %v", got, want)
	}
}

func TestTheSchemaTakesThePoliciesThatAreTaken(t *testing.T) {
	s := policySchema(t)
	for _, text := range []string{
		"{}",
		"maxSize: 1048576",
		"uploadLife: 7m30s",
		"scan: { maxDatabaseAge: 0s }",
		"scan: { timeout: 14m0.5s }",
		"types: { text/html: { content: [text/html], maxSize: 1000 }, image/png: null }",
		"findings: { office-macros: flag, encrypted: allow }",
		"onFlag: reject\nrejectedBytes: delete",
		"inspect: { maxDepth: 0 }",
		"quotas: { owner: { bytes: 0 }, tenant: null }",
		"quotas: { tenant: {} }",
		"quotas: { tenant: { bytes: 1099511627776, files: 5, pending: 0, uploadsPerDay: 7 } }",
	} {
		if err := checkYAML(t, s, text); err != nil {
			t.Errorf("by the schema, %q: %v", text, err)
		}
		if _, err := override.Load(text); err != nil {
			t.Errorf("by the code, %q: %v", text, err)
		}
	}
}

func TestAWrongPolicyIsRefusedByTheSchemaAndByTheCode(t *testing.T) {
	s := policySchema(t)
	for name, text := range map[string]string{
		"unknown field":            "maxsize: 1",
		"unknown field below":      "scan: { maxAge: 1h }",
		"unknown field of a type":  "types: { image/png: { content: [image/png], size: 1 } }",
		"text for a number":        "maxSize: large",
		"fraction for a number":    "maxPage: 2.5",
		"list for a map":           "types: [image/png]",
		"text for a list":          "types: { image/png: { content: image/png } }",
		"nothing allowed":          "types: { image/png: { content: [] } }",
		"type without content":     "types: { image/png: { maxSize: 1 } }",
		"media type in upper case": "types: { IMAGE/PNG: { content: [image/png] } }",
		"no media type":            "types: { png: { content: [image/png] } }",
		"range of media types":     "types: { image/*: { content: [image/png] } }",
		"content of no media type": "types: { image/png: { content: [png] } }",
		"unknown finding":          "findings: { ugly: reject }",
		"what is no finding":       "findings: { malware-detected: allow }",
		"unknown action":           "findings: { encrypted: ask }",
		"duration in words":        "uploadLife: ten minutes",
		"duration without a unit":  "uploadLife: 600",
		"duration in days":         "purgeAfter: 90d",
		"duration backwards":       "arrivalGrace: -1h",
		"negative size":            "maxSize: -1",
		"more than an object has":  "maxSize: 53687091200001",
		"too deep":                 "inspect: { maxDepth: 17 }",
		"no ratio":                 "inspect: { maxRatio: 0 }",
		"no page":                  "defaultPage: 0",
		"negative quota":           "quotas: { tenant: { bytes: -1 } }",
		"unknown quota":            "quotas: { tenant: { parts: 1 } }",
		"unknown kind of account":  "quotas: { group: { bytes: 1 } }",
		"unknown end of a flag":    "onFlag: allow",
		"unknown end of bytes":     "rejectedBytes: shred",
	} {
		if checkYAML(t, s, text) == nil {
			t.Errorf("%s: the schema takes %q", name, text)
		}
		if _, err := override.Load(text); err == nil {
			t.Errorf("%s: the code takes %q", name, text)
		}
	}
}
