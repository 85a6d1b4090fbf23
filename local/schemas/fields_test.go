package schemas

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func document(t *testing.T, path string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var d map[string]any
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return d
}

// fields holds the properties of a schema to the fields of a Go type, by the
// names under the tag, recursively: the same names, each described, none with a
// default, which the policy's own file alone has. Fields that are left out on
// purpose are named.
type fields struct {
	root    map[string]any
	tag     string
	leftOut []string
}

func (f fields) hold(t *testing.T, path string, schema map[string]any, typ reflect.Type) {
	t.Helper()
	if ref, ok := schema["$ref"].(string); ok {
		definition, ok := f.root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
		if !ok {
			t.Fatalf("%s refers to %s, which is not there", path, ref)
		}
		schema = definition
	}
	switch typ.Kind() {
	case reflect.Pointer:
		f.hold(t, path, schema, typ.Elem())
	case reflect.Slice:
		items, _ := schema["items"].(map[string]any)
		f.hold(t, path+"[]", items, typ.Elem())
	case reflect.Map:
		values, _ := schema["additionalProperties"].(map[string]any)
		f.hold(t, path+".*", values, typ.Elem())
	case reflect.Struct:
		if typ != reflect.TypeFor[time.Time]() {
			f.holdStruct(t, path, schema, typ)
		}
	}
}

func (f fields) holdStruct(t *testing.T, path string, schema map[string]any, typ reflect.Type) {
	t.Helper()
	properties, _ := schema["properties"].(map[string]any)
	if schema["additionalProperties"] != false {
		t.Errorf("%s takes properties that it does not know", path)
	}
	var names []string
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get(f.tag), ",")
		if slices.Contains(f.leftOut, path+"."+name) {
			continue
		}
		names = append(names, name)
		p, ok := properties[name].(map[string]any)
		if !ok {
			t.Errorf("the schema lacks %s.%s", path, name)
			continue
		}
		if description, _ := p["description"].(string); description == "" {
			t.Errorf("the schema does not say what %s.%s is", path, name)
		}
		if _, ok := p["default"]; ok {
			t.Errorf("the schema repeats the default of %s.%s", path, name)
		}
		f.hold(t, path+"."+name, p, typ.Field(i).Type)
	}
	for name := range properties {
		if !slices.Contains(names, name) {
			t.Errorf("the schema has %s.%s, and nothing else has", path, name)
		}
	}
}

// texts returns a list of strings as one of T, to compare it with the code's.
func texts[T ~string](t *testing.T, list any) (all []T) {
	t.Helper()
	values, ok := list.([]any)
	if !ok {
		t.Fatalf("%v is no list", list)
	}
	for _, v := range values {
		all = append(all, T(v.(string)))
	}
	return all
}

// at returns what is at the end of the path of keys.
func at(t *testing.T, d map[string]any, keys ...string) any {
	t.Helper()
	var v any = d
	for _, k := range keys {
		m, ok := v.(map[string]any)
		if !ok || m[k] == nil {
			t.Fatalf("the schema has nothing at %v", keys)
		}
		v = m[k]
	}
	return v
}
