package cloudformation

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Definitions returns the state machines of a template as they are deployed, by
// logical id: each definition in Amazon States Language with something put in for
// every substitution. One that names what is not substituted, or the other way
// round, is an error.
func Definitions(t Template, dir string) (map[string]string, error) {
	all := map[string]string{}
	for id, r := range section(t.Source, "Resources") {
		if at(r, "Type") != "AWS::Serverless::StateMachine" {
			continue
		}
		uri, _ := at(r, "Properties", "DefinitionUri").(string)
		data, err := os.ReadFile(filepath.Join(dir, uri))
		if err != nil {
			return nil, fmt.Errorf("read the definition of %s: %w", id, err)
		}
		definition := string(data)
		substitutions, _ := at(r, "Properties", "DefinitionSubstitutions").(object)
		for _, name := range slices.Sorted(maps.Keys(substitutions)) {
			if !strings.Contains(definition, "${"+name+"}") {
				return nil, fmt.Errorf("%s: nothing in %s is substituted by %s", id, uri, name)
			}
			definition = strings.ReplaceAll(definition, "${"+name+"}", "arn:aws:lambda:eu-west-1:123456789012:function:"+name)
		}
		if left := variable.FindString(definition); left != "" {
			return nil, fmt.Errorf("%s: nothing is substituted for %s in %s", id, left, uri)
		}
		all[id] = definition
	}
	return all, nil
}
