// Package schemas reads the JSON Schemas (draft 2020-12) that Vouch publishes:
// those of its events, for whoever subscribes, and that of its policy, for
// whoever writes one. Its tests hold the schemas to the code and the code to
// the schemas.
package schemas

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/pb33f/jsonschema/v6"
)

// Schema is a schema that documents can be held to.
type Schema struct{ compiled *jsonschema.Schema }

// Load reads the schema at path. Formats such as date-time are asserted.
func Load(path string) (Schema, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Schema{}, fmt.Errorf("find a schema: %w", err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	compiled, err := c.Compile(path)
	if err != nil {
		return Schema{}, fmt.Errorf("read a schema: %w", err)
	}
	return Schema{compiled}, nil
}

// Event loads the schema of the event with the detail-type, from root, the
// folder of the project.
func Event(root, detailType string) (Schema, error) {
	name, ok := map[string]string{"File Ready": "file-ready", "File Rejected": "file-rejected", "Audit Event": "audit-event"}[detailType]
	if !ok {
		return Schema{}, fmt.Errorf("no schema describes the event %q", detailType)
	}
	return Load(filepath.Join(root, "events", "schemas", name+".schema.json"))
}

// Check returns an error that names every fault of v, after its way through
// JSON.
func (s Schema) Check(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode what is to be checked: %w", err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("read what is to be checked: %w", err)
	}
	return s.compiled.Validate(document)
}
