package samtemplate

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// overrides reads the parameters of each environment in samconfig.toml. It knows as
// much of TOML as stands there.
func overrides(t *testing.T) map[string]map[string]string {
	t.Helper()
	data, err := os.ReadFile("../../samconfig.toml")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]string{}
	header, entry := regexp.MustCompile(`^\[(\w+)\.deploy\.parameters\]$`), regexp.MustCompile(`^  (?:"(\w+)=([^" ]*)"|'(\w+)="([^"]*)"'),$`)
	environment := ""
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\n")
		if m := header.FindStringSubmatch(line); m != nil {
			environment = m[1]
			all[environment] = map[string]string{}
		} else if m := entry.FindStringSubmatch(line); m != nil {
			all[environment][m[1]+m[3]] = m[2] + m[4]
		} else if strings.HasPrefix(line, "  ") && !strings.HasPrefix(line, "  #") {
			t.Errorf("the line %s is not read here: the SAM CLI takes a value up to its first space unless it has quotes of its own", line)
		}
	}
	return all
}

// What is left to fill in is an error of CloudFormation's that says so, and not a stack
// that lacks it.
func TestEveryEnvironmentIsOfParametersThatTheTemplateTakes(t *testing.T) {
	doc := document(t)
	all := overrides(t)
	for _, name := range []string{"dev", "staging", "prod"} {
		given := all[name]
		if len(given) < 3 {
			t.Errorf("%s gives %v", name, given)
			continue
		}
		for _, whole := range []bool{false, true} {
			if whole && given["ClamdHost"] == "fargate" {
				given["ClamdImage"] = clamdImage
			}
			values, err := parameterValues(doc["Parameters"].(object), given)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			r := &resolver{env: env(), parameters: values, conditions: doc["Conditions"].(object), resources: map[string]resource{}, deciding: map[string]bool{}}
			err = r.hold(doc["Rules"].(object))
			if asked := given["ClamdHost"] == "fargate" && !whole; (err != nil) != asked || asked && !strings.Contains(err.Error(), "needs ClamdImage") {
				t.Errorf("%s, filled in: %v: %v", name, whole, err)
			}
		}
	}
}

func TestEveryParameterIsExplainedWithItsDefault(t *testing.T) {
	doc, err := os.ReadFile("../../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{} // the default
	var order []string
	for line := range strings.Lines(string(doc)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		name := strings.Trim(strings.TrimSpace(cells[0]), "`")
		if len(cells) != 3 || "`"+name+"`" != strings.TrimSpace(cells[0]) {
			continue
		}
		documented[name] = strings.Trim(cells[1], "`")
		order = append(order, name)
	}
	declared := document(t)["Parameters"].(object)
	for name, p := range declared {
		want := "none: it must be given"
		if def := at(p, "Default"); def == "" {
			want = "empty"
		} else if def != nil {
			want = fmt.Sprint(def)
		}
		if got, ok := documented[name]; !ok || got != want {
			t.Errorf("docs/deploy.md says of %s that its default is %q, and the template %q", name, got, want)
		}
	}
	for _, name := range order {
		if declared[name] == nil {
			t.Errorf("docs/deploy.md explains %s, which is no parameter", name)
		}
	}
	slices.Sort(order)
	if len(slices.Compact(order)) != len(documented) {
		t.Error("a parameter is explained twice")
	}
}

func TestWhateverStaysBehindIsNamedWithHowToDeleteIt(t *testing.T) {
	doc, err := os.ReadFile("../../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, removal, _ := strings.Cut(string(doc), "\n## Removing it\n")
	removal, _, _ = strings.Cut(removal, "\n## ")
	kept := 0
	for id, r := range document(t)["Resources"].(object) {
		if at(r, "DeletionPolicy") == "Retain" {
			kept++
			if !strings.Contains(removal, "`"+id+"`") {
				t.Errorf("%s stays, and docs/deploy.md does not say how it is deleted", id)
			}
		}
	}
	if kept < 8 {
		t.Errorf("only %d resources stay", kept)
	}
}
