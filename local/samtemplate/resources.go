package samtemplate

import (
	"fmt"
	"maps"
	"os"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Resource is a resource of a template, whether the local stack has it or not.
type Resource struct {
	ID, Type string

	// Properties are resolved, but for those that only AWS can resolve, which stand
	// as they are written.
	Properties map[string]any
}

// Resources lists what the template at path makes with the parameters of env, in
// order of the logical ids: for whoever looks at a deployment that the local stack
// does not carry out.
func Resources(path string, env Env) ([]Resource, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	decoded, err := decode(&root)
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	document, _ := decoded.(map[string]any)
	section := func(name string) map[string]any { m, _ := document[name].(map[string]any); return m }
	r := &resolver{env: env, conditions: section("Conditions"), resources: map[string]resource{}, deciding: map[string]bool{}}
	if r.parameters, err = parameterValues(section("Parameters"), env.Parameters); err != nil {
		return nil, err
	}
	if err := r.hold(section("Rules")); err != nil {
		return nil, err
	}
	b := &builder{resolver: r}
	if err := b.declare(section("Resources")); err != nil {
		return nil, err
	}
	var all []Resource
	for _, id := range slices.Sorted(maps.Keys(r.resources)) {
		res := r.resources[id]
		if res.Type == role && res.Properties == nil {
			continue // made by SAM
		}
		out := Resource{ID: id, Type: res.Type, Properties: map[string]any{}}
		for name, v := range res.Properties {
			resolved, err := r.resolve(v)
			if err != nil {
				resolved = v
			}
			if resolved != (absent{}) {
				out.Properties[name] = resolved
			}
		}
		all = append(all, out)
	}
	return all, nil
}
