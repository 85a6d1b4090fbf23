// Package reference writes docs/api.md, which is docs/openapi.yaml for people: a
// section for each operation, with every field that it takes and answers, the problems
// it may fail with, and the examples.
package reference

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/pb33f/libopenapi"
	"github.com/pb33f/libopenapi/datamodel/high/base"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	"github.com/vouch-s3/vouch/local/apidoc"
)

// jsonBody is the media type of what the API takes and answers where all goes well.
const jsonBody = "application/json"

// Document is a description of an API.
type Document struct {
	*v3.Document
	uses map[string]int // how often a named schema is referred to
}

// Parse reads a description in OpenAPI 3.1.
func Parse(text []byte) (Document, error) {
	parsed, err := libopenapi.NewDocument(text)
	if err != nil {
		return Document{}, fmt.Errorf("parse the description of the API: %w", err)
	}
	model, err := parsed.BuildV3Model()
	if err != nil {
		return Document{}, fmt.Errorf("read the description of the API: %w", err)
	}
	d := Document{Document: &model.Model, uses: map[string]int{}}
	d.count()
	return d, nil
}

// Operation is one method of one path.
type Operation struct {
	*v3.Operation
	Method, Path string
	Parameters   []*v3.Parameter // those of the path too
}

// Operations returns all operations, in the order of the description.
func (d Document) Operations() []Operation {
	var all []Operation
	for path, item := range d.Paths.PathItems.FromOldest() {
		for method, o := range item.GetOperations().FromOldest() {
			parameters := append(append([]*v3.Parameter{}, item.Parameters...), o.Parameters...)
			all = append(all, Operation{o, strings.ToUpper(method), path, parameters})
		}
	}
	return all
}

// Render returns the document in Markdown. statuses says which status each problem is
// answered with.
func (d Document) Render(statuses map[string]int) (string, error) {
	p := &page{Document: d, statuses: statuses}
	p.line("<!-- Written by `make reference` from openapi.yaml. Do not edit. -->")
	p.line("# The API\n")
	p.paragraph(d.Info.Description)
	p.line("Written from [openapi.yaml](openapi.yaml), which programs read. A name in the first")
	p.line("column is dotted where it lies within others, and `[]` is each element of an array; the")
	p.line("fields in **bold** are always there, or must be. A call that fails answers one of the")
	p.line("[problems](problems.md) that its section lists, or what the gateway")
	p.line("[says by itself](#gatewaymessage).\n")
	p.line("| call | | does |")
	p.line("| --- | --- | --- |")
	for _, o := range d.Operations() {
		p.line("| `%s %s` | [%s](%s) | %s |", o.Method, o.Path, o.OperationId, anchor(o.OperationId), o.Summary)
	}
	p.line("")
	for _, o := range d.Operations() {
		if err := p.operation(o); err != nil {
			return "", fmt.Errorf("write %s: %w", o.OperationId, err)
		}
	}
	p.line("## Shared objects\n")
	for name, schema := range d.Components.Schemas.FromOldest() {
		if d.shared(name) {
			p.object(name, schema)
		}
	}
	return strings.TrimSpace(p.text.String()) + "\n", nil
}

// page is a document that is being written.
type page struct {
	Document
	statuses map[string]int
	text     strings.Builder
}

// line writes a line.
func (p *page) line(format string, args ...any) { fmt.Fprintf(&p.text, format+"\n", args...) }

// paragraph writes a text, and the empty line that ends it.
func (p *page) paragraph(text string) { p.line("%s\n", strings.TrimSpace(linked(text))) }

func (p *page) operation(o Operation) error {
	p.line("## %s\n", o.OperationId)
	p.line("%s: `%s %s`\n", o.Summary, o.Method, o.Path)
	p.paragraph(o.Description)
	if len(o.Parameters) > 0 {
		p.line("| parameter | | is |")
		p.line("| --- | --- | --- |")
		for _, q := range o.Parameters {
			p.line("| %s | %s, in the %s | %s |", name(q.Name, q.Required != nil && *q.Required), p.kind(q.Schema), q.In, p.sentence(q.Description, q.Schema))
		}
		p.line("")
	}
	if o.RequestBody != nil {
		need := "may have a body"
		if o.RequestBody.Required != nil && *o.RequestBody.Required {
			need = "needs a body"
		}
		p.line("It %s, `%s`:\n", need, jsonBody)
		p.fields(requestBody(o).Schema)
	}
	for status, answer := range o.Responses.Codes.FromOldest() {
		if !succeeds(status) {
			continue
		}
		p.paragraph(fmt.Sprintf("**%s %s**: %s", status, phrase(status), answer.Description))
		p.headers(answer)
		if body := inJSON(answer.Content); body != nil {
			p.fields(body.Schema)
		}
	}
	if err := p.problems(o); err != nil {
		return err
	}
	return p.examples(o)
}

// headers lists the headers that an answer has.
func (p *page) headers(r *v3.Response) {
	if r.Headers == nil || r.Headers.Len() == 0 {
		return
	}
	for header, h := range r.Headers.FromOldest() {
		p.line("- `%s`: %s", header, flat(h.Description))
	}
	p.line("")
}

// problems writes what the operation may fail with, a line for each status.
func (p *page) problems(o Operation) error {
	by := map[int][]string{}
	for _, code := range apidoc.Problems(o.Operation) {
		status, ok := p.statuses[code]
		if !ok {
			return fmt.Errorf("there is no problem %q", code)
		}
		by[status] = append(by[status], fmt.Sprintf("[%s](problems.md#%s)", code, code))
	}
	if len(by) == 0 {
		return nil
	}
	p.line("| fails with | problem |")
	p.line("| --- | --- |")
	for status := http.StatusBadRequest; status < 600; status++ {
		if links := by[status]; len(links) > 0 {
			p.line("| %d | %s |", status, strings.Join(links, ", "))
		}
	}
	p.line("")
	return nil
}

// object writes the section of a named schema that several refer to.
func (p *page) object(name string, schema *base.SchemaProxy) {
	s := schema.Schema()
	p.line("### %s\n", name)
	if s.Properties != nil {
		if s.Description != "" {
			p.paragraph(s.Description)
		}
		p.fields(schema)
		return
	}
	p.line("%s. %s\n", p.kind(schema), p.sentence("", schema))
}

func succeeds(status string) bool { return status < "400" }

// phrase is the reason phrase of a status.
func phrase(status string) string {
	code, err := strconv.Atoi(status)
	if err != nil {
		return ""
	}
	return http.StatusText(code)
}

// anchor is where code hosts put the heading of a name without spaces.
func anchor(heading string) string { return "#" + strings.ToLower(heading) }
