package override

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"go/format"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/policy"
)

var update = flag.Bool("update", false, "write builtin.go anew from default.yaml")

// Every function reads the policy at each of its starts, so that default.yaml is read
// here, and what is built into the functions is a value (docs/performance.md).
func TestWhatIsBuiltInIsTheDefaultDocument(t *testing.T) {
	document, err := os.ReadFile("../default.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var p policy.Policy
	if err := decode(document, &p); err != nil {
		t.Fatal(err)
	}
	if err := p.Check(); err != nil {
		t.Errorf("default.yaml: %v", err)
	}
	want := source(t, p)
	if *update {
		if err := os.WriteFile("../builtin.go", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile("../builtin.go"); err != nil || !bytes.Equal(got, want) {
		t.Errorf("builtin.go is not made of default.yaml as that is now: go generate ./shared/policy/override (%v)", err)
	}
	if !*update && !reflect.DeepEqual(policy.Default(), p) {
		t.Error("what is built in reads otherwise than default.yaml")
	}
}

// Whoever changes the policy that it got changes nobody else's.
func TestEveryPolicyIsAValueOfItsOwn(t *testing.T) {
	p := policy.Default()
	delete(p.Types, "image/png")
	p.Types["image/gif"].MaxSize = 1
	p.Methods[0] = "none"
	clear(p.Findings)
	if err := policy.Default().Check(); err != nil || policy.Default().Types["image/png"] == nil || policy.Default().Types["image/gif"].MaxSize != 0 {
		t.Errorf("what is built in has changed: %v", err)
	}
}

// source is builtin.go for p.
func source(t *testing.T, p policy.Policy) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("// Code generated from default.yaml by go generate. DO NOT EDIT.\n\npackage policy\n\nimport (\n")
	for _, name := range []string{"file", "inspect", "quota"} {
		fmt.Fprintf(&b, "\t%q\n", "github.com/vouch-s3/vouch/shared/"+name)
	}
	b.WriteString(")\n\n// builtIn returns the policy of default.yaml, in a value of its own.\nfunc builtIn() Policy {\nreturn ")
	literal(t, &b, reflect.ValueOf(p))
	b.WriteString("\n}\n")
	text, err := format.Source(b.Bytes())
	if err != nil {
		t.Fatalf("%v in %s", err, b.Bytes())
	}
	return text
}

// literal writes v as Go would have it here, without what is zero in a struct.
func literal(t *testing.T, b *bytes.Buffer, v reflect.Value) {
	t.Helper()
	name := strings.ReplaceAll(v.Type().String(), "policy.", "")
	switch v.Kind() {
	case reflect.Pointer:
		b.WriteByte('&')
		literal(t, b, v.Elem())
	case reflect.Struct:
		b.WriteString(name + "{\n")
		for i := range v.NumField() {
			if !v.Field(i).IsZero() {
				b.WriteString(v.Type().Field(i).Name + ": ")
				literal(t, b, v.Field(i))
				b.WriteString(",\n")
			}
		}
		b.WriteByte('}')
	case reflect.Map:
		b.WriteString(name + "{\n")
		for _, key := range slices.SortedFunc(slices.Values(v.MapKeys()), func(x, y reflect.Value) int { return cmp.Compare(x.String(), y.String()) }) {
			literal(t, b, key)
			b.WriteString(": ")
			literal(t, b, v.MapIndex(key))
			b.WriteString(",\n")
		}
		b.WriteByte('}')
	case reflect.Slice:
		b.WriteString(name + "{")
		for i := range v.Len() {
			literal(t, b, v.Index(i))
			b.WriteString(", ")
		}
		b.WriteByte('}')
	case reflect.String:
		fmt.Fprintf(b, "%q", v.String())
	case reflect.Int, reflect.Int64:
		fmt.Fprint(b, v.Int()) // a time.Duration too, in nanoseconds
	case reflect.Bool:
		fmt.Fprint(b, v.Bool())
	default:
		t.Fatalf("nothing here writes a %s", v.Type())
	}
}
