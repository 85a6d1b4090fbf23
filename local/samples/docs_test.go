package samples

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The lines of docs/sam.md are pasted as they are.
func TestTheDocsInvokeEveryFunctionOfTheTemplateWithEverySample(t *testing.T) {
	const root = "../.."
	all, err := Load(root)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "sam.md"))
	if err != nil {
		t.Fatal(err)
	}
	written := map[string]bool{}
	for _, line := range regexp.MustCompile(`(?m)^    (sam local invoke .*)$`).FindAllStringSubmatch(string(page), -1) {
		written[line[1]] = true
	}
	for id, name := range functionsOf(t, filepath.Join(root, "template.yaml")) {
		for _, s := range all[name] {
			line := "sam local invoke " + id + " -e events/" + s.File + " --env-vars env.json"
			if !written[line] {
				t.Errorf("docs/sam.md lacks the line\n    %s", line)
			}
			delete(written, line)
		}
		if len(all[name]) == 0 {
			t.Errorf("%s of template.yaml has no sample: its code is said to be in functions/%s", id, name)
		}
	}
	for line := range written {
		t.Errorf("docs/sam.md has a line that is of no function and sample:\n    %s", line)
	}
}

// functionsOf returns the folders under functions/ of all functions of the template
// at path, zips and images, by logical id.
func functionsOf(t *testing.T, path string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Type       string               `yaml:"Type"`
			Metadata   map[string]yaml.Node `yaml:"Metadata"`
			Properties map[string]yaml.Node `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	functions := map[string]string{}
	for id, r := range template.Resources {
		code := r.Properties["CodeUri"]
		switch r.Type {
		case "AWS::Serverless::Function":
			functions[id] = strings.TrimPrefix(code.Value, "functions/")
		case "AWS::Lambda::Function":
			target := r.Metadata["DockerBuildTarget"]
			functions[id] = target.Value
		}
	}
	if len(functions) == 0 {
		t.Fatalf("%s has no functions", path)
	}
	return functions
}
