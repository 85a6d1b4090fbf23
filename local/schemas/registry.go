package schemas

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Registered is a schema of an event as EventBridge's schema registry takes it.
type Registered struct {
	// Name is the source and the detail-type, as the registry names what it
	// discovers: "vouch@FileReady".
	Name string

	// LogicalID is that of the schema's resource.
	LogicalID string

	// Description is the schema's own.
	Description string

	// Content is the schema in JSON Schema draft 4, on one line.
	Content string
}

// Registry returns the schemas of the events under root, the folder of the project,
// by name. The registry knows draft 4 and no later one ("Amazon EventBridge schemas",
// EventBridge User Guide), so that they are translated: what they ask stays the same.
func Registry(root string) ([]Registered, error) {
	paths, err := filepath.Glob(filepath.Join(root, "events", "schemas", "*.schema.json"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("find the schemas of events under %s: %d, %w", root, len(paths), err)
	}
	var all []Registered
	for _, path := range paths {
		r, err := register(path)
		if err != nil {
			return nil, fmt.Errorf("register %s: %w", filepath.Base(path), err)
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b Registered) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

func register(path string) (Registered, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Registered{}, err
	}
	var schema map[string]any
	if err := json.Unmarshal(data, &schema); err != nil {
		return Registered{}, err
	}
	title, _ := schema["title"].(string)
	description, _ := schema["description"].(string)
	if title == "" || description == "" {
		return Registered{}, fmt.Errorf("it has no title, which is the detail-type, or no description")
	}
	older, err := draft4(schema)
	if err != nil {
		return Registered{}, err
	}
	var content bytes.Buffer
	e := json.NewEncoder(&content)
	e.SetEscapeHTML(false)
	if err := e.Encode(older); err != nil {
		return Registered{}, err
	}
	name := strings.ReplaceAll(title, " ", "")
	return Registered{
		Name: "vouch@" + name, LogicalID: name + "Schema", Description: description,
		Content: strings.TrimSpace(content.String()),
	}, nil
}

// same are the keywords of which drafts 4 and 2020-12 think alike, as far as these
// schemas use them.
var same = []string{
	"title", "description", "type", "enum", "pattern", "format", "minLength", "maxLength", "minimum", "maximum",
	"minItems", "maxItems", "uniqueItems", "required",
}

// draft4 translates a schema of draft 2020-12. It refuses a keyword that it does not
// know, so that none is dropped.
func draft4(v any) (any, error) {
	switch v { // the schemas that draft 4 knows for additionalProperties only
	case true:
		return map[string]any{}, nil
	case false:
		return map[string]any{"not": map[string]any{}}, nil
	}
	schema, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%v is no schema", v)
	}
	if ref, ok := schema["$ref"].(string); ok { // beside which draft 4 looks at nothing
		for name := range schema {
			if name != "$ref" && name != "description" {
				return nil, fmt.Errorf("%s stands beside a $ref", name)
			}
		}
		return map[string]any{"$ref": strings.Replace(ref, "#/$defs/", "#/definitions/", 1)}, nil
	}
	older := map[string]any{}
	var branches []any // of an if
	for _, name := range slices.Sorted(maps.Keys(schema)) {
		value := schema[name]
		var err error
		switch name {
		case "$schema":
			older["$schema"] = "http://json-schema.org/draft-04/schema#"
		case "$id":
			older["id"] = value
		case "additionalProperties":
			if older[name] = value; value != true && value != false {
				older[name], err = draft4(value)
			}
		case "$defs":
			older["definitions"], err = each(value)
		case "properties":
			older["properties"], err = each(value)
		case "items":
			older["items"], err = draft4(value)
		case "const":
			older["enum"] = []any{value}
		case "allOf", "anyOf", "oneOf":
			older[name], err = every(value)
		case "not":
			older["not"], err = draft4(value)
		case "if": // with its then and else
			var chosen any
			chosen, err = choice(schema)
			branches = append(branches, chosen)
		case "then", "else":
			if schema["if"] == nil {
				err = fmt.Errorf("%s stands without an if", name)
			}
		case "examples": // for readers
		default:
			if !slices.Contains(same, name) {
				return nil, fmt.Errorf("how the keyword %s is said in draft 4 is not written down here", name)
			}
			older[name] = value
		}
		if err != nil {
			return nil, err
		}
	}
	if len(branches) > 0 {
		all, _ := older["allOf"].([]any)
		older["allOf"] = append(all, branches...)
	}
	return older, nil
}

// choice says an if, which draft 4 does not know, by what it does: either what is
// asked for holds, and then the one, or it does not, and then the other.
func choice(schema map[string]any) (any, error) {
	parts := map[string]any{}
	for _, name := range []string{"if", "then", "else"} {
		parts[name] = map[string]any{} // which takes everything
		if part, ok := schema[name]; ok {
			older, err := draft4(part)
			if err != nil {
				return nil, err
			}
			parts[name] = older
		}
	}
	return map[string]any{"anyOf": []any{
		map[string]any{"allOf": []any{parts["if"], parts["then"]}},
		map[string]any{"allOf": []any{map[string]any{"not": parts["if"]}, parts["else"]}},
	}}, nil
}

func every(v any) ([]any, error) {
	schemas, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%v are no schemas", v)
	}
	older := make([]any, len(schemas))
	for i, s := range schemas {
		translated, err := draft4(s)
		if err != nil {
			return nil, err
		}
		older[i] = translated
	}
	return older, nil
}

func each(v any) (map[string]any, error) {
	schemas, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%v are no schemas", v)
	}
	older := map[string]any{}
	for name, s := range schemas {
		translated, err := draft4(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		older[name] = translated
	}
	return older, nil
}

// The lines of template.yaml between which the schemas' resources stand.
const (
	registryBegins = "  # --- schemas that `make registry` writes, from events/schemas\n"
	registryEnds   = "  # --- the end of what `make registry` writes\n"
)

// InTemplate returns the template with the schemas' resources written anew.
func InTemplate(template string, all []Registered) (string, error) {
	before, rest, begins := strings.Cut(template, registryBegins)
	_, after, ends := strings.Cut(rest, registryEnds)
	if !begins || !ends {
		return "", fmt.Errorf("the template does not say where the schemas stand (%q)", strings.TrimSpace(registryBegins))
	}
	var out strings.Builder
	out.WriteString(before + registryBegins + "\n")
	for _, r := range all {
		fmt.Fprintf(&out, `  %s:
    Type: AWS::EventSchemas::Schema
    Condition: HasSchemaRegistry
    Properties:
      RegistryName: !GetAtt EventSchemas.RegistryName
      SchemaName: %s
      Description: %s
      Type: JSONSchemaDraft4
      Content: |-
        %s

`, r.LogicalID, r.Name, r.Description, r.Content)
	}
	out.WriteString(registryEnds + after)
	return out.String(), nil
}
