package samtemplate

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
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
	section, r, err := open(data, env)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	b := &builder{resolver: r}
	if err := b.declare(section("Resources")); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(path), err)
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
