package cloudformation

import (
	"bytes"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
)

// Transform runs tools/transform.py, by the Python that has the SAM translator, on
// the template at path. The project's folder is root.
func Transform(python, root, path string, parameters map[string]string) (Template, error) {
	args := []string{filepath.Join(root, "local", "cloudformation", "tools", "transform.py"), path}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		args = append(args, name+"="+parameters[name])
	}
	var out, said bytes.Buffer
	script := exec.Command(python, args...)
	script.Stdout, script.Stderr = &out, &said
	if err := script.Run(); err != nil {
		return Template{}, fmt.Errorf("transform %s: %w\n%s", path, err, said.Bytes())
	}
	return Parse(out.Bytes())
}
