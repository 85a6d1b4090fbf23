package reference

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/pb33f/go-yaml"
	validator "github.com/pb33f/libopenapi-validator/config"
	faults "github.com/pb33f/libopenapi-validator/errors"
	"github.com/pb33f/libopenapi-validator/schema_validation"
	"github.com/pb33f/libopenapi/datamodel/high/base"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
	"github.com/pb33f/libopenapi/orderedmap"
)

// Example is a value that the description shows.
type Example struct {
	Where  string // as "createUpload 201 png"
	Schema *base.SchemaProxy
	Value  *yaml.Node
}

// named is an example of a body by its name; the one without a name has "".
type named struct {
	name  string
	value *yaml.Node
}

func of(body *v3.MediaType) []named {
	if body == nil {
		return nil
	}
	if body.Example != nil {
		return []named{{"", body.Example}}
	}
	var all []named
	for name, e := range body.Examples.FromOldest() {
		all = append(all, named{name, e.Value})
	}
	return all
}

// inJSON is the body that is JSON, nil where there is none.
func inJSON(content *orderedmap.Map[string, *v3.MediaType]) *v3.MediaType {
	if content == nil {
		return nil
	}
	return content.GetOrZero(jsonBody)
}

func requestBody(o Operation) *v3.MediaType {
	if o.RequestBody == nil {
		return nil
	}
	return inJSON(o.RequestBody.Content)
}

// Examples returns every example of every operation.
func (d Document) Examples() []Example {
	var all []Example
	add := func(where string, body *v3.MediaType) {
		for _, e := range of(body) {
			all = append(all, Example{strings.TrimSpace(where + " " + e.name), body.Schema, e.value})
		}
	}
	for _, o := range d.Operations() {
		for _, q := range o.Parameters {
			if q.Example != nil {
				all = append(all, Example{o.OperationId + " " + q.Name, q.Schema, q.Example})
			}
		}
		add(o.OperationId+" body", requestBody(o))
		for status, answer := range o.Responses.Codes.FromOldest() {
			if succeeds(status) {
				add(o.OperationId+" "+status, inJSON(answer.Content))
			}
		}
	}
	return all
}

// Check says what in the examples is not as their schemas have it, formats of times,
// ids and addresses included.
func (d Document) Check() error {
	v := schema_validation.NewSchemaValidator(validator.WithFormatAssertions())
	defer v.Release()
	var wrong []error
	for _, e := range d.Examples() {
		text, err := toJSON(e.Value)
		if err != nil {
			return fmt.Errorf("%s: %w", e.Where, err)
		}
		if ok, found := v.ValidateSchemaString(d.schema(e.Schema), text); !ok {
			wrong = append(wrong, fmt.Errorf("the example %s is not as its schema has it: %s", e.Where, reasons(found)))
		}
	}
	return errors.Join(wrong...)
}

func reasons(found []*faults.ValidationError) string {
	var all []string
	for _, f := range found {
		for _, s := range f.SchemaValidationErrors {
			all = append(all, s.KeywordLocation+": "+s.Reason)
		}
		if len(f.SchemaValidationErrors) == 0 {
			all = append(all, f.Reason)
		}
	}
	return strings.Join(all, "; ")
}

// examples writes each request with its answer: an answer of the same name, or the
// first where there is none.
func (p *page) examples(o Operation) error {
	requests, answers, status := of(requestBody(o)), []named(nil), ""
	for s, answer := range o.Responses.Codes.FromOldest() {
		if succeeds(s) && answers == nil {
			answers, status = of(inJSON(answer.Content)), s
		}
	}
	if len(requests) == 0 {
		requests = []named{{}}
	}
	shown := map[string]bool{}
	for _, r := range requests {
		text, err := message(o.Method+" "+example(o), r.value)
		if err != nil {
			return err
		}
		p.line("```http\n%s```\n", text)
		a := match(answers, r.name)
		if shown[a.name] {
			continue
		}
		shown[a.name] = true
		if err := p.answer(status, a); err != nil {
			return err
		}
	}
	for _, a := range answers {
		if !shown[a.name] {
			if err := p.answer(status, a); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *page) answer(status string, a named) error {
	text, err := message(status+" "+phrase(status), a.value)
	if err != nil {
		return err
	}
	p.line("```http\n%s```\n", text)
	return nil
}

func match(answers []named, name string) named {
	for _, a := range answers {
		if a.name == name {
			return a
		}
	}
	if len(answers) == 0 {
		return named{}
	}
	return answers[0]
}

// example is the path with the examples of its parameters.
func example(o Operation) string {
	path := o.Path
	for _, q := range o.Parameters {
		if q.In == "path" && q.Example != nil {
			path = strings.ReplaceAll(path, "{"+q.Name+"}", url.PathEscape(q.Example.Value))
		}
	}
	return path
}

// message is a first line, and a body if there is one.
func message(first string, body *yaml.Node) (string, error) {
	if body == nil {
		return first + "\n", nil
	}
	text, err := toJSON(body)
	if err != nil {
		return "", err
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, []byte(text), "", "  "); err != nil {
		return "", fmt.Errorf("indent an example: %w", err)
	}
	return first + "\n\n" + indented.String() + "\n", nil
}

// toJSON writes a value in JSON, its members in their order.
func toJSON(n *yaml.Node) (string, error) {
	var parts []string
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			value, err := toJSON(n.Content[i+1])
			if err != nil {
				return "", err
			}
			parts = append(parts, quoted(n.Content[i].Value)+":"+value)
		}
		return "{" + strings.Join(parts, ",") + "}", nil
	case yaml.SequenceNode:
		for _, element := range n.Content {
			value, err := toJSON(element)
			if err != nil {
				return "", err
			}
			parts = append(parts, value)
		}
		return "[" + strings.Join(parts, ",") + "]", nil
	case yaml.ScalarNode:
		if n.ShortTag() == "!!str" {
			return quoted(n.Value), nil
		}
		if !json.Valid([]byte(n.Value)) {
			return "", fmt.Errorf("%q is no value of JSON", n.Value)
		}
		return n.Value, nil
	}
	return "", fmt.Errorf("line %d of an example is no value of JSON", n.Line)
}

// quoted is a text in JSON. An & stays as it is, for people to read.
func quoted(text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		return `""` // a string always encodes
	}
	return strings.TrimSpace(b.String())
}
