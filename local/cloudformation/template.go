// Package cloudformation holds what SAM makes of template.yaml, the CloudFormation
// template that is deployed, to what every reviewer asks of one: nothing is public,
// nothing is unencrypted, nothing may do more than is written down here with its
// reason, nothing that fails is lost, nothing that matters goes with the stack.
//
// It reads the output of tools/transform.py. What is asked of the template as it is
// written, for the local stack, is in local/samtemplate.
package cloudformation

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

type object = map[string]any

// Template is a template before and after SAM's transform.
type Template struct {
	Source, Transformed object

	size int // of the transformed template, in bytes
}

// Parse reads what tools/transform.py prints.
func Parse(data []byte) (Template, error) {
	var both struct {
		Source      object          `json:"source"`
		Transformed json.RawMessage `json:"transformed"`
	}
	if err := json.Unmarshal(data, &both); err != nil {
		return Template{}, fmt.Errorf("read the transformed template: %w", err)
	}
	t := Template{Source: both.Source, size: len(both.Transformed)}
	if err := json.Unmarshal(both.Transformed, &t.Transformed); err != nil {
		return Template{}, fmt.Errorf("read the transformed template: %w", err)
	}
	if len(section(t.Transformed, "Resources")) == 0 || len(section(t.Source, "Resources")) == 0 {
		return Template{}, fmt.Errorf("read the transformed template: it has no resources")
	}
	return t, nil
}

// String says how large the template is.
func (t Template) String() string {
	return fmt.Sprintf("%d resources, %d bytes", len(section(t.Transformed, "Resources")), t.size)
}

// A Resource is one that a stack has.
type Resource struct {
	ID, Type   string
	Properties object
	entry      object // as it stands in the template, its conditions decided
}

// A Stack is a template with its parameters given: what a condition leaves out is
// not in it, and every Fn::If is decided. References are left as they are.
type Stack struct {
	Resources map[string]Resource
	Outputs   object

	parameters map[string]bool // by name
	conditions map[string]bool // what each is decided to be
}

// With decides the template's conditions by the parameters. Those that are not
// given have their defaults.
func (t Template) With(parameters map[string]string) (Stack, error) {
	d := decider{conditions: section(t.Transformed, "Conditions"), parameters: map[string]any{}, deciding: map[string]bool{}}
	for name, p := range section(t.Transformed, "Parameters") {
		value, given := parameters[name]
		if !given {
			def := at(p, "Default")
			if def == nil {
				return Stack{}, fmt.Errorf("parameter %s has no value", name)
			}
			value = fmt.Sprint(def)
		}
		d.parameters[name] = value
		if at(p, "Type") == "CommaDelimitedList" {
			d.parameters[name] = list(strings.Split(value, ","))
		}
	}
	for name := range parameters {
		if d.parameters[name] == nil {
			return Stack{}, fmt.Errorf("the template has no parameter %s", name)
		}
	}
	s := Stack{Resources: map[string]Resource{}, Outputs: object{}, parameters: map[string]bool{}, conditions: map[string]bool{}}
	for name := range d.parameters {
		s.parameters[name] = true
	}
	for name := range d.conditions {
		holds, err := d.condition(name)
		if err != nil {
			return Stack{}, err
		}
		s.conditions[name] = holds
	}
	for id, r := range section(t.Transformed, "Resources") {
		there, entry, err := d.entry(r)
		if err != nil {
			return Stack{}, fmt.Errorf("%s: %w", id, err)
		}
		if !there {
			continue
		}
		properties, _ := entry["Properties"].(object)
		s.Resources[id] = Resource{ID: id, Type: fmt.Sprint(entry["Type"]), Properties: properties, entry: entry}
	}
	for name, o := range section(t.Transformed, "Outputs") {
		there, entry, err := d.entry(o)
		if err != nil {
			return Stack{}, fmt.Errorf("output %s: %w", name, err)
		}
		if there {
			s.Outputs[name] = entry
		}
	}
	return s, nil
}

// of returns the resources of a type, by id.
func (s Stack) of(kind string) []Resource {
	var all []Resource
	for _, id := range s.ids() {
		if r := s.Resources[id]; r.Type == kind {
			all = append(all, r)
		}
	}
	return all
}

func (s Stack) ids() []string { return slices.Sorted(maps.Keys(s.Resources)) }

func section(t object, name string) object { m, _ := t[name].(object); return m }

// at follows names into nested objects; nil where one is not there.
func at(v any, names ...string) any {
	for _, name := range names {
		o, _ := v.(object)
		v = o[name]
	}
	return v
}

// each returns v as a list: what may be one thing or several is either in IAM.
func each(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

func list(texts []string) []any {
	all := make([]any, len(texts))
	for i, t := range texts {
		all[i] = t
	}
	return all
}

// target is the id of the resource that a Ref or a GetAtt names, or "".
func target(v any) string {
	if id, ok := at(v, "Ref").(string); ok {
		return id
	}
	switch a := at(v, "Fn::GetAtt").(type) {
	case []any:
		return fmt.Sprint(a[0])
	case string:
		id, _, _ := strings.Cut(a, ".")
		return id
	}
	return ""
}
